"""`argo signals`: the ledger's signals with their outcome per account."""

import asyncio
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from argo.adapters.clock import SystemClock
from argo.adapters.wiring import Adapters
from argo.domain.config import ConfigurationError
from argo.environment import Environment, load_configuration
from argo.ports import Ledger
from console.embedded_aws import EmbeddedAwsError, embedded_aws
from console.paths import CONFIGURATION, LAST_RUN, TEMPLATE
from console.runs import RunRecord
from console.summary import read_rows, row_as_dict, sums
from console.tables import output, reasons_table, signals_table, sums_table

_DAYS_BACK = 7


def signals(
    state: Annotated[Path, typer.Option(help="The directory of a local run.")] = LAST_RUN,
    table: Annotated[
        str | None,
        typer.Option(help="A deployed ledger's table instead of a local run.", envvar="ARGO_TABLE_NAME"),
    ] = None,
    begin: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First UTC day.")] = None,
    end: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last UTC day.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Signals to show.")] = 50,
    config: Annotated[Path, typer.Option(help="The configuration file, for the accounts' names.")] = CONFIGURATION,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """List signals, newest first, with state and order id or reason per account.

    The sums cover every signal of the days asked for: of a local run all, of a deployed ledger the last week.
    """
    messages = Console(stderr=True)
    try:
        executors = tuple(load_configuration(config).accounts)
        with _ledger(state, table) as (ledger, known):
            days = _days(known, begin.date() if begin else None, end.date() if end else None)
            found = asyncio.run(read_rows(ledger, executors, days))
    except (ConfigurationError, EmbeddedAwsError) as error:
        messages.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(2) from error
    accounts = sums(found, executors)
    if as_json:
        shown = {
            "signals": [row_as_dict(row) for row in found[:limit]],
            "accounts": [account.as_dict() for account in accounts],
        }
        typer.echo(json.dumps(shown, indent=2))
        return
    screen = output()
    screen.print(signals_table(found[:limit], executors, of=len(found)))
    screen.print(sums_table(accounts))
    if (reasons := reasons_table(accounts)) is not None:
        screen.print(reasons)


@contextmanager
def _ledger(state: Path, table: str | None) -> Iterator[tuple[Ledger, Sequence[str] | None]]:
    """Open a ledger, with the days that have signals where a local run remembers them."""
    if table is not None:
        environment = {**os.environ, "ARGO_TABLE_NAME": table, "ARGO_MODE": os.environ.get("ARGO_MODE", "paper")}
        yield Adapters(Environment(environment), SystemClock()).ledger, None
        return
    record = RunRecord(state)
    if not record.aws.exists():
        raise ConfigurationError(f"--state {state}: no run is kept there; `argo run` makes one")
    with embedded_aws(record.aws) as aws:
        resources = aws.create_resources(TEMPLATE)
        environment = {**aws.environment, "ARGO_TABLE_NAME": resources.table, "ARGO_MODE": "simulated"}
        yield Adapters(Environment(environment), SystemClock()).ledger, record.days()


def _days(known: Sequence[str] | None, first: date | None, last: date | None) -> list[str]:
    """Return the UTC days to read, newest first."""
    if known is not None:
        lower, upper = (first or date.min).isoformat(), (last or date.max).isoformat()
        return [day for day in known if lower <= day <= upper]
    last = last or SystemClock().now().date()
    first = first or last - timedelta(days=_DAYS_BACK - 1)
    return [(last - timedelta(days=back)).isoformat() for back in range((last - first).days + 1)]
