"""`argo run`: the pipeline on this machine."""

import asyncio
import json
import os
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from argo.conservation import read_rows
from argo.domain.config import Configuration
from argo.domain.conservation import AccountSum, Row, sums
from argo.domain.tables import ConfigurationError
from argo.environment import load_configuration
from console.embedded_aws import EmbeddedAwsError, embedded_aws
from console.paths import CONFIGURATION, LAST_RUN, RUN_UNDER_WAY, SAMPLE_BARS, TEMPLATE
from console.play import Played, configured_for, play
from console.runs import RunRecord
from console.summary import row_as_dict
from console.tables import output, reasons_table, signals_table, sums_table
from simulation.bars import BarsFileError, load_bars
from simulation.tape import Step, Tape

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
        tape = _tape(bars or SAMPLE_BARS, first, end.date() if end else None)
        configuration = configured_for(load_configuration(config), tape)
        record = RunRecord(state or RUN_UNDER_WAY)
        if state is None:
            record.begin_anew()
        played, found = asyncio.run(_play(tape, configuration, first, record, messages))
        if state is None:
            record = record.take_the_place_of(LAST_RUN)
    except (BarsFileError, ConfigurationError) as error:
        messages.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(_WRONG_INPUT) from error
    except EmbeddedAwsError as error:
        messages.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from error
    accounts = sums(found, played.executors)
    _show(found, accounts, played, rows=rows, as_json=as_json, log=record.log)
    if any(account.gap or account.is_silent for account in accounts):
        raise typer.Exit(1)


def _tape(path: Path, first: date | None, last: date | None) -> Tape:
    tape = load_bars(path).between(last=last)
    if not len(tape.between(first)):
        raise BarsFileError(f"{path}: no bars from {first or 'its start'} to {last or 'its end'}")
    return tape


async def _play(
    tape: Tape, configuration: Configuration, first: date | None, record: RunRecord, messages: Console
) -> tuple[Played, list[Row]]:
    os.environ.setdefault("POWERTOOLS_METRICS_DISABLED", "true")
    record.directory.mkdir(parents=True, exist_ok=True)
    with (
        embedded_aws(record.aws) as aws,
        record.log.open("a", encoding="utf-8") as log,
        Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=messages,
        ) as progress,
    ):
        task = progress.add_task("starting", total=len(tape.between(first)))

        def on_step(step: Step, total: int) -> None:
            progress.update(task, advance=1, description=f"{step.start:%Y-%m-%d}  {total} signals")

        world, played = await play(
            tape, configuration, aws=aws, template=TEMPLATE, log_to=log, first=first, on_step=on_step
        )
        return played, await read_rows(world.ledger, played.executors, aws.days(world.table))


def _show(
    found: Sequence[Row],
    accounts: Sequence[AccountSum],
    played: Played,
    *,
    rows: int,
    as_json: bool,
    log: Path,
) -> None:
    if as_json:
        shown = {
            "bars": played.bars,
            "signals": [row_as_dict(row) for row in found],
            "accounts": [account.as_dict() for account in accounts],
        }
        typer.echo(json.dumps(shown, indent=2))
        return
    screen = output()
    screen.print(signals_table(found[:rows], played.executors, of=len(found), width=screen.width))
    screen.print(sums_table(accounts))
    if (reasons := reasons_table(accounts)) is not None:
        screen.print(reasons)
    screen.print(f"{played.bars:,} bars played. Logs: {log}. More: argo signals --help", highlight=False)
