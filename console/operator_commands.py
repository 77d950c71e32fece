"""What an operator does: `argo doctor`, `smoke`, `halt`, `reduce`, `resume` and `flatten`."""

import asyncio
import json
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.failing import REFUSED, failing
from console.options import AccountArgument, ConfigOption, JsonOption, ReasonOption, StackOption, StateOption
from worlds.paths import CONFIGURATION, LAST_RUN

if TYPE_CHECKING:
    from argo.domain.account import AccountState, TradingState
    from argo.domain.symbols import Symbol
    from argo.ports import Ledger

_PATIENCE = 120
"""Seconds: every function may start cold, and the event source mapping may have slept."""

_TRIES = 5


@failing()
def doctor(
    state: StateOption = LAST_RUN,
    stack: StackOption = None,
    config: ConfigOption = CONFIGURATION,
    as_json: JsonOption = False,
) -> None:
    """Look at everything that Argo needs, and say what is broken and what to do about it.

    Reads only. Exit code 1 when something is broken, 0 otherwise.
    """
    from console.deployment import open_deployment
    from console.doctor.checks import examine
    from console.doctor.facts import RunFacts, StackFacts
    from console.doctor.finding import Level, show

    if stack is None:
        with open_deployment(state) as deployment:
            found = examine(RunFacts(state, deployment, config))
    else:
        found = examine(StackFacts(stack, config))
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in found], indent=2))
    else:
        show(found)
    if any(finding.level is Level.BROKEN for finding in found):
        raise typer.Exit(1)


@failing(soft_wrap=True)
def smoke(
    stack: Annotated[str, typer.Option("--stack", help="The deployed stack.", envvar="ARGO_STACK")],
    seconds: Annotated[int, typer.Option(min=1, help="How long to wait for every account's end.")] = _PATIENCE,
) -> None:
    """Send a dry-run signal through a deployed stack and wait until every account has denied it.

    It goes where every signal goes: ledger, queues, event source mappings, executors, ledger. It can never become
    an order. Exit code 1 when an account does not come to that end in time.
    """
    from console.dry_run import adapters_of, send_through

    adapters, patience = adapters_of(stack), timedelta(seconds=seconds)
    signal, verdicts = asyncio.run(
        send_through(adapters.ledger, adapters.queues, adapters.clock, patience=patience)
    )
    typer.echo(f"dry run {signal.signal_id} through {stack}")
    for verdict in verdicts:
        typer.echo(f"{'ok' if verdict.passed else 'FAILED':<8}{verdict}")
    if not all(verdict.passed for verdict in verdicts):
        typer.echo(f"what stands in the way: argo doctor --stack {stack}")
        typer.echo(f"how far it came: argo why {signal.signal_id} --stack {stack}")
        raise typer.Exit(REFUSED)
    accounts = ", ".join(verdict.executor for verdict in verdicts)
    typer.echo(f"the way through {stack} is open: {accounts} took the dry run and denied it")


def halt(
    executor: AccountArgument, reason: ReasonOption, state: StateOption = LAST_RUN, stack: StackOption = None
) -> None:
    """Halt an account: no new entries until it is resumed; exits and cancellations still pass."""
    _set(executor, "HALTED", reason, state, stack)


def reduce(
    executor: AccountArgument, reason: ReasonOption, state: StateOption = LAST_RUN, stack: StackOption = None
) -> None:
    """Let an account only close what it holds."""
    _set(executor, "REDUCING", reason, state, stack)


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
    _set(executor, "ACTIVE", reason, state, stack, measure_anew=measure_anew)


@failing()
def _set(
    executor: str, wanted: str, reason: str, state: Path, stack: str | None, *, measure_anew: bool = False
) -> None:
    from argo.domain.account import TradingState
    from console.deployment import open_deployment

    if not reason.strip():
        raise typer.BadParameter("give a reason", param_hint="--reason")
    with open_deployment(state, stack) as deployment:
        deployment.require(executor)
        change = _change(deployment.ledger, executor, TradingState(wanted), reason, measure_anew=measure_anew)
        before, after = asyncio.run(change)
    typer.echo(f"{executor}: {before.trading_state} -> {after.trading_state} ({after.state_reason})")


async def _change(
    ledger: "Ledger", executor: str, wanted: "TradingState", reason: str, *, measure_anew: bool
) -> "tuple[AccountState, AccountState]":
    from argo.adapters.clock import SystemClock

    before = await ledger.account(executor)
    if measure_anew:
        await ledger.measure_anew(executor)
    await ledger.set_trading_state(executor, wanted, reason=reason, now=SystemClock().now())
    return before, await ledger.account(executor)


@failing(ValueError)
def flatten(
    executor: AccountArgument,
    reason: ReasonOption,
    symbol: Annotated[str | None, typer.Argument(help="Only this symbol; all of them without one.")] = None,
    state: StateOption = LAST_RUN,
    stack: StackOption = None,
) -> None:
    """Close what an account holds: the next reconciler run cancels its orders, confirms, and sells what is held.

    The plan is kept in the ledger, so asking twice closes once. Entries that have not filled are cancelled. Halt
    the account first, or it may enter anew. Exit code 1 when there is nothing to close.
    """
    from argo.domain.symbols import Symbol
    from console.deployment import open_deployment

    wanted = Symbol(symbol) if symbol else None
    with open_deployment(state, stack) as deployment:
        deployment.require(executor)
        planned = asyncio.run(_plan(deployment.ledger, executor, wanted, f"operator: {reason}"))
    for name, signal_id in planned.items():
        typer.echo(f"{executor}: {name} will be closed by the reconciler's next run (signal {signal_id})")
    if not planned:
        typer.echo(f"{executor} holds nothing{f' of {symbol}' if symbol else ''}", err=True)
        raise typer.Exit(REFUSED)


async def _plan(ledger: "Ledger", executor: str, wanted: "Symbol | None", why: str) -> dict[str, str]:
    """Plan the exit of every execution that holds a symbol, and return their signals by symbol."""
    account = await ledger.account(executor)
    holding = {s: held.signal_id for s, held in account.holdings.items() if wanted is None or s == wanted}
    for signal_id in holding.values():
        await _plan_one(ledger, executor, signal_id, why)
    return holding


async def _plan_one(ledger: "Ledger", executor: str, signal_id: str, why: str) -> None:
    from argo.adapters.clock import SystemClock
    from argo.closing import plan_exit
    from argo.domain.ledger import LostLease

    for tries_left in reversed(range(_TRIES)):
        execution = await ledger.execution(signal_id, executor)
        if execution is None or execution.state.is_terminal:
            return
        try:
            await plan_exit(ledger, SystemClock(), execution, why)
        except LostLease:
            if not tries_left:
                raise
        else:
            return
