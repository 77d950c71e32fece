"""`argo replay`: the same handlers over years of bars, in memory and on the bars' own time."""

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from time import perf_counter
from typing import IO, Annotated

import typer
from rich.console import Console

from argo.adapters.clock import SystemClock
from argo.domain.config import Configuration
from argo.domain.conservation import sums
from argo.domain.tables import ConfigurationError
from argo.environment import load_configuration
from argo.ports import Ledger
from console.report.page import write_report
from console.report.reading import Reading, read
from console.showing import progress_bar, show, tape_to_play
from simulation.market.bar_history import BarHistory, Step
from simulation.market.bars import BarsFileError
from worlds.paths import CONFIGURATION, SAMPLE_BARS
from worlds.play import Played, configured_for, play
from worlds.surroundings import InMemory

_WRONG_INPUT = 2


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay left behind, and how long it took, in seconds.

    ``sha256`` is of everything in the ledger: bars that are played through embedded AWS leave the same.
    """

    played: Played
    ledger: Ledger
    reading: Reading
    sha256: str
    seconds: float

    @property
    def bars_a_second(self) -> float:
        """How fast it was."""
        return self.played.bars / self.seconds


def replay(
    bars: Annotated[
        Path | None, typer.Option(help="OHLCV file, .csv or .csv.gz; default: the sample's daily bars.")
    ] = None,
    begin: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="First exchange date to trade; default: the file's."),
    ] = None,
    end: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last exchange date to trade.")
    ] = None,
    config: Annotated[Path, typer.Option(help="The configuration file.")] = CONFIGURATION,
    log: Annotated[
        Path | None, typer.Option(help="File for the functions' logs, a JSON object a line; default: none.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="HTML file to write the report to; default: none.")] = None,
    rows: Annotated[int, typer.Option(min=0, help="Signals to show.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON instead of tables.")] = False,
) -> None:
    """Play bars through the real handlers in memory: no AWS, no HTTP, no waiting.

    Ends with the ledger's SHA-256. The same bars, dates and configuration give the same one every time, on any
    machine, and with `argo run`.
    """
    messages = Console(stderr=True)
    path, first = bars or SAMPLE_BARS, begin.date() if begin else None
    try:
        tape = tape_to_play(path, first, end.date() if end else None)
        configuration = configured_for(load_configuration(config), tape)
        done = asyncio.run(_replay(tape, configuration, first, log, messages))
        if report is not None:
            write_report(
                report,
                done.reading,
                subject=f"replay of {path}",
                written_at=SystemClock().now(),
                tape=tape.between(first),
                virtual_time=True,
            )
    except (BarsFileError, ConfigurationError) as error:
        messages.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(_WRONG_INPUT) from error
    except OSError as error:
        said = f"{error.filename} cannot be written: {error.strerror}"
        messages.print(said, style="red", markup=False, highlight=False)
        raise typer.Exit(_WRONG_INPUT) from error
    accounts = sums(done.reading.rows, done.played.executors)
    show(
        done.reading.rows,
        accounts,
        done.played,
        rows=rows,
        as_json=as_json,
        told={"bars_per_second": round(done.bars_a_second), "ledger_sha256": done.sha256},
        last_words=(
            f"{done.played.bars:,} bars in {done.seconds:.1f} s, {done.bars_a_second:,.0f} a second. "
            f"Ledger: {done.sha256}"
        ),
    )
    if any(account.gap or account.is_silent for account in accounts):
        raise typer.Exit(1)


async def _replay(
    tape: BarHistory, configuration: Configuration, first: date | None, log: Path | None, messages: Console
) -> Replayed:
    with (
        log.open("w", encoding="utf-8") if log else nullcontext() as log_to,
        progress_bar(messages, len(tape.between(first))) as on_step,
    ):
        return await replayed(tape, configuration, first=first, log_to=log_to, on_step=on_step)


async def replayed(
    tape: BarHistory,
    configuration: Configuration,
    *,
    first: date | None = None,
    log_to: IO[str] | None = None,
    on_step: Callable[[Step, int], None] = lambda _step, _signals: None,
) -> Replayed:
    """Replay a tape from a date on; earlier bars are the market's history."""
    memory = InMemory()
    began = perf_counter()
    world, played = await play(tape, configuration, backend=memory, log_to=log_to, first=first, on_step=on_step)
    seconds = perf_counter() - began
    days = {stored.signal.created_at.date().isoformat() for stored in memory.ledger.every_signal}
    return Replayed(
        played=played,
        ledger=memory.ledger,
        reading=await read(memory.ledger, world.executors, sorted(days, reverse=True), is_whole=True),
        sha256=memory.ledger.digest(),
        seconds=seconds,
    )
