"""Bars played through the real handlers: in memory, or on embedded AWS, which leaves the same ledger."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from time import monotonic, perf_counter
from typing import IO

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from argo.adapters.clock import SystemClock
from argo.domain.config import Configuration
from argo.domain.conservation import sums
from argo.environment import load_configuration
from argo.ports import Ledger
from console.outcomes import show_json, show_tables
from console.report.page import page, write
from console.report.reading import Reading, read
from console.runs import RunRecord
from console.screen import output, say
from simulation.market.bar_history import BarHistory, Step
from simulation.market.bars import BarsFileError, load_bars
from simulation.ports.ledger import InMemoryLedger, digest
from worlds.backends import MODE, Backend, in_memory, on_embedded_aws
from worlds.embedded_aws import embedded_aws
from worlds.paths import TEMPLATE
from worlds.play import configured_for, play

type Place = tuple[Backend, Callable[[], Collection[str]], IO[str] | None]
"""Where bars are played: the backend, the UTC days that it has records of, and what takes the functions' logs."""

type OnStep = Callable[[Step, int], None]
"""Told each step, and the signals so far."""

_BETWEEN_LOOKS = 0.1
"""Seconds; what nobody can see costs a replay its time."""


@dataclass(frozen=True, slots=True)
class Done:
    """What playing bars left behind, in how many seconds; ``sha256`` is of everything in the ledger."""

    traded: BarHistory
    ledger: Ledger
    reading: Reading
    sha256: str
    seconds: float


def play_file(
    path: Path, first: date | None, last: date | None, config: Path, where: AbstractContextManager[Place]
) -> Done:
    """Play a bars file up to an exchange date, behind a progress bar; bars before ``first`` are history.

    Raises:
        BarsFileError: it cannot be read, or holds no bar from the first date to the last.
        ConfigurationError: the configuration file is wrong.
    """
    history = load_bars(path).between(last=last)
    if not len(history.between(first)):
        raise BarsFileError(f"{path}: no bars from {first or 'its start'} to {last or 'its end'}")
    configuration = configured_for(load_configuration(config), history)
    return asyncio.run(play_bars(history, configuration, where, first=first, progress=progress_bar))


@contextmanager
def in_directory(record: RunRecord) -> Iterator[Place]:
    """Have embedded AWS, which keeps its state in the run's directory, while the block runs.

    Raises:
        EmbeddedAwsError: the emulator does not start.
    """
    record.directory.mkdir(parents=True, exist_ok=True)
    with embedded_aws(record.aws) as aws, record.log.open("a", encoding="utf-8") as log:
        resources = aws.create_resources(TEMPLATE)
        backend = partial(on_embedded_aws, aws=aws, resources=resources)
        yield backend, lambda: aws.days(resources.table), log


@contextmanager
def in_this_process(log: Path | None = None) -> Iterator[Place]:
    """Have memory alone.

    Raises:
        OSError: the log cannot be written.
    """
    ledger = InMemoryLedger(mode=MODE)
    backend = partial(in_memory, ledger=ledger)
    with log.open("w", encoding="utf-8") if log else nullcontext() as log_to:
        yield backend, lambda: {f"{each.signal.created_at:%F}" for each in ledger.every_signal}, log_to


async def play_bars(
    history: BarHistory,
    configuration: Configuration,
    where: AbstractContextManager[Place],
    *,
    first: date | None = None,
    progress: Callable[[int], AbstractContextManager[OnStep]] = lambda _: nullcontext(
        lambda _step, _signals: None
    ),
) -> Done:
    """Play bars from a date on; earlier ones are the market's history."""
    traded = history.between(first)
    with where as (backend, days, log_to), progress(len(traded)) as on_step:
        began = perf_counter()
        ledger = await play(history, configuration, backend=backend, log_to=log_to, first=first, on_step=on_step)
        seconds = perf_counter() - began
        written = sorted(days(), reverse=True)
        reading = await read(ledger, configuration.executors, written, is_whole=True)
        sha256 = await digest(ledger, configuration.executors, written)
        return Done(traded, ledger, reading, sha256, seconds)


@contextmanager
def progress_bar(steps: int) -> Iterator[OnStep]:
    """Show a bar while the block runs; gives what is told each step and the signals so far."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=output(stderr=True)) as progress:
        task = progress.add_task("starting", total=steps)
        done, shown_at = 0, 0.0

        def on_step(step: Step, total: int) -> None:
            nonlocal done, shown_at
            done += 1
            if (now := monotonic()) - shown_at >= _BETWEEN_LOOKS or done == steps:
                shown_at = now
                progress.update(task, completed=done, description=f"{step.start:%Y-%m-%d}  {total} signals")

        yield on_step


def write_page(path: Path, done: Done, subject: str) -> None:
    """Write the report of what was played.

    Raises:
        OSError: it cannot be written.
    """
    now = SystemClock().now()
    write(path, page(done.reading, subject=subject, written_at=now, history=done.traded, virtual_time=True))


def show(done: Done, *, rows: int, as_json: bool, told: Mapping[str, object], last_words: str) -> None:
    """Print what became of the signals: tables and ``last_words``, or JSON with what else is ``told``.

    Raises:
        Exit: with 1, where the sum does not add up or eligible signals became no order.
    """
    found, accounts = done.reading.records, sums(done.reading.records, done.reading.executors)
    if as_json:
        show_json(found, accounts, bars=len(done.traded.bars), **told)
    else:
        show_tables(found, accounts, most=rows)
        say(last_words)
    if any(account.gap or account.is_silent for account in accounts):
        raise typer.Exit(1)
