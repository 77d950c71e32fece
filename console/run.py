"""`argo run`: the pipeline on this machine."""

import asyncio
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from argo.adapters.clock import SystemClock
from argo.domain.config import Configuration
from argo.domain.conservation import sums
from argo.domain.tables import ConfigurationError
from argo.environment import load_configuration
from console.report.page import write_report
from console.report.reading import Reading, read
from console.runs import RunRecord
from console.showing import progress_bar, show, tape_to_play
from simulation.market.bar_history import BarHistory
from simulation.market.bars import BarsFileError
from simulation.ports.ledger import digest
from worlds.embedded_aws import EmbeddedAwsError, embedded_aws
from worlds.paths import CONFIGURATION, LAST_RUN, RUN_UNDER_WAY, SAMPLE_BARS, TEMPLATE
from worlds.play import Played, configured_for, play
from worlds.surroundings import OnEmbeddedAws

SAMPLE_FROM = date(2011, 3, 1)
"""Where the sample begins to trade: two years, with eleven years of history before them."""

_WRONG_INPUT = 2


def run(
    bars: Annotated[
        Path | None, typer.Option(help="OHLCV file, .csv or .csv.gz; default: the sample's daily bars.")
    ] = None,
    begin: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First exchange date to trade.")
    ] = None,
    end: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last exchange date to trade.")
    ] = None,
    config: Annotated[Path, typer.Option(help="The configuration file.")] = CONFIGURATION,
    state: Annotated[
        Path | None,
        typer.Option(help=f"Directory that keeps the ledger; default: {LAST_RUN}, replaced by each run."),
    ] = None,
    rows: Annotated[int, typer.Option(min=0, help="Signals to show.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON instead of tables.")] = False,
) -> None:
    """Play bars through the real handlers on embedded AWS and a simulated broker.

    Shows the signals, what became of them per account, and the execution rate, all read from the ledger.
    """
    messages = Console(stderr=True)
    try:
        first = begin.date() if begin else (None if bars else SAMPLE_FROM)
        last = end.date() if end else None
        tape = tape_to_play(bars or SAMPLE_BARS, first, last)
        configuration = configured_for(load_configuration(config), tape)
        record = RunRecord(state or RUN_UNDER_WAY)
        if state is None:
            record.begin_anew()
        played, reading, sha256 = asyncio.run(_play(tape, configuration, first, record, messages))
        record.remember_bars(bars or SAMPLE_BARS, first, last)
        if state is None:
            record = record.take_the_place_of(LAST_RUN)
    except (BarsFileError, ConfigurationError) as error:
        messages.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(_WRONG_INPUT) from error
    except EmbeddedAwsError as error:
        messages.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from error
    accounts = sums(reading.rows, played.executors)
    write_report(
        record.report,
        reading,
        subject=f"run in {record.directory}",
        written_at=SystemClock().now(),
        tape=tape.between(first),
        virtual_time=True,
    )
    show(
        reading.rows,
        accounts,
        played,
        rows=rows,
        as_json=as_json,
        told={"ledger_sha256": sha256, "report": str(record.report)},
        last_words=(
            f"{played.bars:,} bars played. Ledger: {sha256}\nLogs: {record.log}. More: argo signals --help\n"
            f"Report: {record.report}"
        ),
    )
    if any(account.gap or account.is_silent for account in accounts):
        raise typer.Exit(1)


async def _play(
    tape: BarHistory, configuration: Configuration, first: date | None, record: RunRecord, messages: Console
) -> tuple[Played, Reading, str]:
    record.directory.mkdir(parents=True, exist_ok=True)
    with (
        embedded_aws(record.aws) as aws,
        record.log.open("a", encoding="utf-8") as log,
        progress_bar(messages, len(tape.between(first))) as on_step,
    ):
        resources = aws.create_resources(TEMPLATE)
        world, played = await play(
            tape, configuration, backend=OnEmbeddedAws(aws, resources), log_to=log, first=first, on_step=on_step
        )
        days = aws.days(resources.table)
        reading = await read(world.ledger, played.executors, days, is_whole=True)
        return played, reading, await digest(world.ledger, played.executors, days)
