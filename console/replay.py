"""`argo replay`: the same handlers over years of bars, in memory and on the bars' own time."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from console.failing import fail, failing
from console.options import BarsOption, ConfigOption, EverythingAsJsonOption, RowsOption
from worlds.paths import CONFIGURATION, SAMPLE_BARS


@failing()
def replay(
    bars: BarsOption = None,
    begin: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="First exchange date to trade; default: the file's."),
    ] = None,
    end: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last exchange date to trade.")
    ] = None,
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
    from console import playing, showing

    path, first = bars or SAMPLE_BARS, begin.date() if begin else None
    history, configuration = playing.to_play(path, first, end.date() if end else None, config)
    try:
        traded = history.between(first)
        progress = showing.progress_bar(len(traded))
        done = asyncio.run(playing.replay(history, configuration, first=first, log=log, progress=progress))
        if report is not None:
            showing.write_page(report, done, f"replay of {path}", traded)
    except OSError as error:
        fail(f"{error.filename} cannot be written: {error.strerror}")
    showing.show(
        done,
        rows=rows,
        as_json=as_json,
        told={"bars_per_second": round(done.bars_a_second), "ledger_sha256": done.sha256},
        last_words=(
            f"{done.played.bars:,} bars in {done.seconds:.1f} s, {done.bars_a_second:,.0f} a second. "
            f"Ledger: {done.sha256}"
        ),
    )
