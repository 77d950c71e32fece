"""`argo run`: the pipeline on this machine."""

import asyncio
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from console.failing import REFUSED, failing
from console.options import BarsOption, ConfigOption, EverythingAsJsonOption, RowsOption
from worlds.paths import CONFIGURATION, LAST_RUN, RUN_UNDER_WAY, SAMPLE_BARS

SAMPLE_FROM = date(2011, 3, 1)
"""Where the sample begins to trade: two years, with eleven years of history before them."""


@failing(emulator=REFUSED)
def run(
    bars: BarsOption = None,
    begin: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First exchange date to trade.")
    ] = None,
    end: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last exchange date to trade.")
    ] = None,
    config: ConfigOption = CONFIGURATION,
    state: Annotated[
        Path | None,
        typer.Option(help=f"Directory that keeps the ledger; default: {LAST_RUN}, replaced by each run."),
    ] = None,
    rows: RowsOption = 20,
    as_json: EverythingAsJsonOption = False,
) -> None:
    """Play bars through the real handlers on embedded AWS and a simulated broker.

    Shows the signals, what became of them per account, and the execution rate, all read from the ledger.
    """
    from console import playing, showing
    from console.runs import RunRecord

    first = begin.date() if begin else (None if bars else SAMPLE_FROM)
    last = end.date() if end else None
    history, configuration = playing.to_play(bars or SAMPLE_BARS, first, last, config)
    record = RunRecord(state or RUN_UNDER_WAY)
    if state is None:
        record.begin_anew()
    traded = history.between(first)
    progress = showing.progress_bar(len(traded))
    done = asyncio.run(playing.run(history, configuration, record, first=first, progress=progress))
    record.remember_bars(bars or SAMPLE_BARS, first, last)
    if state is None:
        record = record.take_the_place_of(LAST_RUN)
    showing.write_page(record.report, done, f"run in {record.directory}", traded)
    showing.show(
        done,
        rows=rows,
        as_json=as_json,
        told={"ledger_sha256": done.sha256, "report": str(record.report)},
        last_words=(
            f"{done.played.bars:,} bars played. Ledger: {done.sha256}\n"
            f"Logs: {record.log}. More: argo signals --help\nReport: {record.report}"
        ),
    )
