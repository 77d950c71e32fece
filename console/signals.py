"""`argo signals`: the ledger's signals with their outcome per account."""

import asyncio
from typing import Annotated

import typer

from argo import records
from argo.domain.conservation import sums
from console.deployment import open_deployment
from console.failing import REFUSED, failing
from console.options import FromDayOption, StackOption, StateOption, TablesAsJsonOption, ToDayOption
from console.outcomes import show_json, show_tables
from worlds.paths import LAST_RUN


@failing(emulator=REFUSED)
def signals(
    state: StateOption = LAST_RUN,
    stack: StackOption = None,
    begin: FromDayOption = None,
    end: ToDayOption = None,
    limit: Annotated[int, typer.Option(min=1, help="Signals to show.")] = 50,
    as_json: TablesAsJsonOption = False,
) -> None:
    """List signals, newest first, with state and order id or reason per account.

    The sums cover every signal of the days asked for: of a local run all, of a deployed ledger the last week.
    """
    with open_deployment(state, stack) as deployment:
        executors = deployment.executors
        found = asyncio.run(records.of_days(deployment.ledger, executors, deployment.days_from(begin, end)))
    accounts = sums(found, executors)
    if as_json:
        show_json(found[:limit], accounts)
    else:
        show_tables(found, accounts, executors=executors, most=limit)
