"""`argo report`: the report of a local run or of a deployed ledger, as a page for a browser."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from console.failing import REFUSED, fail, failing
from console.options import FromDayOption, StackOption, StateOption, ToDayOption
from worlds.paths import LAST_RUN


@failing(emulator=REFUSED)
def report(
    state: StateOption = LAST_RUN,
    stack: StackOption = None,
    begin: FromDayOption = None,
    end: ToDayOption = None,
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
    from argo.adapters.clock import SystemClock
    from console.deployment import open_deployment
    from console.report.page import page, write
    from console.report.reading import played_bars, read
    from console.runs import RunRecord

    record = RunRecord(state)
    path = output or (record.report if stack is None else Path(".argo") / f"report-{stack}.html")
    with open_deployment(state, stack) as deployment:
        days, is_whole = deployment.days_from(begin, end), deployment.days is not None and begin is None
        reading = asyncio.run(read(deployment.ledger, deployment.executors, days, is_whole=is_whole))
    html = page(
        reading,
        subject=f"run in {state}" if stack is None else f"stack {stack}",
        written_at=SystemClock().now(),
        history=played_bars(record, begin and begin.date(), end and end.date()) if stack is None else None,
        virtual_time=stack is None and record.was_played,
    )
    try:
        write(path, html)
    except OSError as error:
        fail(f"{path} cannot be written: {error.strerror}; --output names another file")
    typer.echo(path)
