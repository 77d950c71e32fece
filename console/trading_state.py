"""`argo halt`, `argo reduce`, `argo resume`: what an account may do, set by a person."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from argo.adapters.clock import SystemClock
from argo.domain.account import AccountState, TradingState
from argo.ports import Ledger
from console.deployment import open_deployment
from console.failing import failing
from console.options import AccountArgument, ReasonOption, StackOption, StateOption
from worlds.paths import LAST_RUN


def halt(
    executor: AccountArgument, reason: ReasonOption, state: StateOption = LAST_RUN, stack: StackOption = None
) -> None:
    """Halt an account: no new entries until it is resumed; exits and cancellations still pass."""
    _set(executor, TradingState.HALTED, reason, state, stack)


def reduce(
    executor: AccountArgument, reason: ReasonOption, state: StateOption = LAST_RUN, stack: StackOption = None
) -> None:
    """Let an account only close what it holds."""
    _set(executor, TradingState.REDUCING, reason, state, stack)


def resume(
    executor: AccountArgument,
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


@failing()
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
    with open_deployment(state, stack) as deployment:
        deployment.require(executor)
        change = _change(deployment.ledger, executor, wanted, reason, measure_anew=measure_anew)
        before, after = asyncio.run(change)
    typer.echo(f"{executor}: {before.trading_state} -> {after.trading_state} ({after.state_reason})")


async def _change(
    ledger: Ledger, executor: str, wanted: TradingState, reason: str, *, measure_anew: bool
) -> tuple[AccountState, AccountState]:
    before = await ledger.account(executor)
    if measure_anew:
        await ledger.measure_anew(executor)
    await ledger.set_trading_state(executor, wanted, reason=reason, now=SystemClock().now())
    return before, await ledger.account(executor)
