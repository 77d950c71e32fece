"""`argo signals`: the ledger's signals with their outcome per account."""

import asyncio
import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console

from argo.adapters.clock import SystemClock
from argo.conservation import read_rows
from argo.domain.conservation import sums
from argo.domain.tables import ConfigurationError
from console.deployment import StackOption, StateOption, open_deployment
from console.summary import row_as_dict
from console.tables import output, reasons_table, signals_table, sums_table
from worlds.embedded_aws import EmbeddedAwsError
from worlds.paths import LAST_RUN

_DAYS_BACK = 7


def signals(
    state: StateOption = LAST_RUN,
    stack: StackOption = None,
    begin: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First UTC day.")] = None,
    end: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last UTC day.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Signals to show.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """List signals, newest first, with state and order id or reason per account.

    The sums cover every signal of the days asked for: of a local run all, of a deployed ledger the last week.
    """
    messages = Console(stderr=True)
    try:
        with open_deployment(state, stack) as deployment:
            executors = deployment.executors
            days = days_with_records(deployment.days, begin.date() if begin else None, end.date() if end else None)
            found = asyncio.run(read_rows(deployment.ledger, executors, days))
    except ConfigurationError as error:
        messages.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(2) from error
    except EmbeddedAwsError as error:
        messages.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from error
    accounts = sums(found, executors)
    if as_json:
        shown = {
            "signals": [row_as_dict(row) for row in found[:limit]],
            "accounts": [account.as_dict() for account in accounts],
        }
        typer.echo(json.dumps(shown, indent=2))
        return
    screen = output()
    screen.print(signals_table(found[:limit], executors, of=len(found), width=screen.width))
    screen.print(sums_table(accounts))
    if (reasons := reasons_table(accounts)) is not None:
        screen.print(reasons)


def days_with_records(known: Sequence[str] | None, first: date | None, last: date | None) -> list[str]:
    """Return the UTC days to read, newest first."""
    if known is not None:
        lower, upper = (first or date.min).isoformat(), (last or date.max).isoformat()
        return [day for day in known if lower <= day <= upper]
    last = last or SystemClock().now().date()
    first = first or last - timedelta(days=_DAYS_BACK - 1)
    return [(last - timedelta(days=back)).isoformat() for back in range((last - first).days + 1)]
