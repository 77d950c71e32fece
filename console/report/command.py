"""`argo report`: the report of a local run or of a deployed ledger, as a page for a browser."""

import asyncio
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from argo.adapters.clock import SystemClock
from argo.domain.tables import ConfigurationError
from console.deployment import StackOption, StateOption, open_deployment
from console.report.page import write_report
from console.report.reading import Reading, read
from console.runs import RunRecord
from console.signals import days_with_records
from simulation.market.bar_history import BarHistory
from simulation.market.bars import BarsFileError
from worlds.embedded_aws import EmbeddedAwsError
from worlds.paths import LAST_RUN


def report(
    state: StateOption = LAST_RUN,
    stack: StackOption = None,
    begin: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First UTC day.")] = None,
    end: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last UTC day.")] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            help="The HTML file to write; default: report.html in the run's directory, of a stack in .argo."
        ),
    ] = None,
) -> None:
    """Write a page with every account's figures, equity, signals on price, trades and sources.

    It covers every signal of the days asked for: of a local run all, of a deployed ledger the last week. Prints
    the path of the page.
    """
    messages = Console(stderr=True)
    first, last = begin.date() if begin else None, end.date() if end else None
    record = RunRecord(state)
    path = output or (record.report if stack is None else Path(".argo") / f"report-{stack}.html")
    try:
        reading = _read(state, stack, first, last)
        write_report(
            path,
            reading,
            subject=f"run in {state}" if stack is None else f"stack {stack}",
            written_at=SystemClock().now(),
            tape=_bars(record, first, last, messages) if stack is None else None,
            virtual_time=stack is None and record.was_played,
        )
    except ConfigurationError as error:
        messages.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(2) from error
    except OSError as error:
        said = f"{path} cannot be written: {error.strerror}; --output names another file"
        messages.print(said, style="red", markup=False, highlight=False)
        raise typer.Exit(2) from error
    except EmbeddedAwsError as error:
        messages.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from error
    typer.echo(path)


def _read(state: Path, stack: str | None, first: date | None, last: date | None) -> Reading:
    with open_deployment(state, stack) as deployment:
        days = days_with_records(deployment.days, first, last)
        is_whole = deployment.days is not None and first is None
        return asyncio.run(read(deployment.ledger, deployment.executors, days, is_whole=is_whole))


def _bars(record: RunRecord, first: date | None, last: date | None, messages: Console) -> BarHistory | None:
    """Return the bars that a run played; a report without them is one all the same."""
    try:
        tape = record.played()
    except BarsFileError as error:
        messages.print(
            f"without the bars that were played: {error}", style="yellow", markup=False, highlight=False
        )
        return None
    return tape.between(first, last) if tape else None
