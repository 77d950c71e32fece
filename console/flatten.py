"""`argo flatten`: close what an account holds."""

import asyncio
from typing import Annotated

import typer

from argo.adapters.clock import SystemClock
from argo.closing import plan_exit
from argo.domain.ledger import LostLease
from argo.domain.symbols import Symbol
from argo.ports import Ledger
from console.deployment import open_deployment
from console.failing import REFUSED, failing
from console.options import AccountArgument, ReasonOption, StackOption, StateOption
from worlds.paths import LAST_RUN

_TRIES = 5


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
    wanted = Symbol(symbol) if symbol else None
    with open_deployment(state, stack) as deployment:
        deployment.require(executor)
        planned = asyncio.run(_plan(deployment.ledger, executor, wanted, f"operator: {reason}"))
    for name, signal_id in planned.items():
        typer.echo(f"{executor}: {name} will be closed by the reconciler's next run (signal {signal_id})")
    if not planned:
        typer.echo(f"{executor} holds nothing{f' of {symbol}' if symbol else ''}", err=True)
        raise typer.Exit(REFUSED)


async def _plan(ledger: Ledger, executor: str, wanted: Symbol | None, why: str) -> dict[str, str]:
    """Plan the exit of every execution that holds a symbol, and return their signals by symbol."""
    account = await ledger.account(executor)
    holding = {s: held.signal_id for s, held in account.holdings.items() if wanted is None or s == wanted}
    for signal_id in holding.values():
        await _plan_one(ledger, executor, signal_id, why)
    return holding


async def _plan_one(ledger: Ledger, executor: str, signal_id: str, why: str) -> None:
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
