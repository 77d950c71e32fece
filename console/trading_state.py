"""`argo halt`, `argo reduce`, `argo resume`: what an account may do, set by a person."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from argo.adapters.clock import SystemClock
from argo.domain.account import AccountState, TradingState
from argo.domain.tables import ConfigurationError
from argo.ports import Ledger
from console.deployment import StackOption, StateOption, open_deployment
from worlds.embedded_aws import EmbeddedAwsError
from worlds.paths import LAST_RUN

ExecutorArgument = Annotated[str, typer.Argument(help="The account's name in argo.toml.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, for whoever looks at it later.")]

_WRONG_INPUT = 2


def halt(
    executor: ExecutorArgument, reason: ReasonOption, state: StateOption = LAST_RUN, stack: StackOption = None
) -> None:
    """Halt an account: no new entries until it is resumed; exits and cancellations still pass."""
    _set(executor, TradingState.HALTED, reason, state, stack)


def reduce(
    executor: ExecutorArgument, reason: ReasonOption, state: StateOption = LAST_RUN, stack: StackOption = None
) -> None:
    """Let an account only close what it holds."""
    _set(executor, TradingState.REDUCING, reason, state, stack)


def resume(
    executor: ExecutorArgument,
    reason: ReasonOption,
    measure_anew: Annotated[
        bool,
        typer.Option("--measure-anew", help="Measure drawdowns from the present equity: after a drawdown's halt."),
    ] = False,
    state: StateOption = LAST_RUN,
    stack: StackOption = None,
) -> None:
    """Let an account trade again. A limit that is still used up halts it again."""
    _set(executor, TradingState.ACTIVE, reason, state, stack, measure_anew=measure_anew)


def _set(
    executor: str,
    wanted: TradingState,
    reason: str,
    state: Path,
    stack: str | None,
    *,
    measure_anew: bool = False,
) -> None:
    if not reason.strip():
        raise typer.BadParameter("give a reason", param_hint="--reason")
    try:
        with open_deployment(state, stack) as deployment:
            deployment.require(executor)
            before, after = asyncio.run(
                _change(deployment.ledger, executor, wanted, reason, measure_anew=measure_anew)
            )
    except (ConfigurationError, EmbeddedAwsError) as error:
        Console(stderr=True).print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(_WRONG_INPUT) from error
    typer.echo(f"{executor}: {before.trading_state} -> {after.trading_state} ({after.state_reason})")


async def _change(
    ledger: Ledger, executor: str, wanted: TradingState, reason: str, *, measure_anew: bool
) -> tuple[AccountState, AccountState]:
    before = await ledger.account(executor)
    if measure_anew:
        await ledger.measure_anew(executor)
    await ledger.set_trading_state(executor, wanted, reason=reason, now=SystemClock().now())
    return before, await ledger.account(executor)
