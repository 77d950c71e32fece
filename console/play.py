"""`argo run` and `argo replay`: the pipeline on this machine, on embedded AWS or in memory."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from console.failing import REFUSED, fail, failing
from console.options import BarsOption, ConfigOption, EverythingAsJsonOption, RowsOption
from worlds.paths import CONFIGURATION, LAST_RUN, RUN_UNDER_WAY, SAMPLE_BARS

SAMPLE_FROM = date(2011, 3, 1)
"""Where the sample begins to trade: two years, with eleven years of history before them."""

_ToDateOption = Annotated[
    datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last exchange date to trade.")
]


@failing(emulator=REFUSED)
def run(
    bars: BarsOption = None,
    begin: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First exchange date to trade.")
    ] = None,
    end: _ToDateOption = None,
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
    from console import playing
    from console.ownership import owned_directory
    from console.runs import RunRecord

    path, first, last = bars or SAMPLE_BARS, begin and begin.date(), end and end.date()
    if bars is None and first is None:
        first = SAMPLE_FROM
    record = RunRecord(state or RUN_UNDER_WAY)
    with owned_directory(record.directory, "--state", known=state is None or record.was_played):
        if state is None:
            record.clear()
        done = playing.play_file(path, first, last, config, playing.in_directory(record))
        record.remember_bars(path, first, last)
        if state is None:
            record = record.take_the_place_of(LAST_RUN)
    playing.write_page(record.report, done, f"run in {record.directory}")
    playing.show(
        done,
        rows=rows,
        as_json=as_json,
        told={"ledger_sha256": done.sha256, "report": str(record.report)},
        last_words=(
            f"{len(done.traded.bars):,} bars played. Ledger: {done.sha256}\n"
            f"Logs: {record.log}. More: argo signals --help\nReport: {record.report}"
        ),
    )


@failing()
def replay(
    bars: BarsOption = None,
    begin: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="First exchange date to trade; default: the file's."),
    ] = None,
    end: _ToDateOption = None,
    config: ConfigOption = CONFIGURATION,
    log: Annotated[
        Path | None, typer.Option(help="File for the functions' logs, a JSON object a line; default: none.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="HTML file to write the report to; default: none.")] = None,
    rows: RowsOption = 20,
    as_json: EverythingAsJsonOption = False,
) -> None:
    """Play bars through the real handlers in memory: no AWS, no HTTP, no waiting.

    Ends with the ledger's SHA-256. The same bars, dates and configuration give the same one every time, on any
    machine, and with `argo run`.
    """
    from console import playing

    path, first, last = bars or SAMPLE_BARS, begin and begin.date(), end and end.date()
    try:
        done = playing.play_file(path, first, last, config, playing.in_this_process(log))
        if report is not None:
            playing.write_page(report, done, f"replay of {path}")
    except OSError as error:
        fail(f"{error.filename} cannot be written: {error.strerror}")
    played = len(done.traded.bars)
    bars_a_second = played / done.seconds
    playing.show(
        done,
        rows=rows,
        as_json=as_json,
        told={"bars_per_second": round(bars_a_second), "ledger_sha256": done.sha256},
        last_words=(
            f"{played:,} bars in {done.seconds:.1f} s, {bars_a_second:,.0f} a second. Ledger: {done.sha256}"
        ),
    )
