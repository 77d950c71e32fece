"""Bars played through the real handlers: in memory, or on embedded AWS, which leaves the same ledger."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from time import monotonic, perf_counter
from typing import IO

import typer
from rich.console import Console
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
from console.tables import output
from simulation.market.bar_history import BarHistory, Step
from simulation.market.bars import BarsFileError, load_bars
from simulation.ports.ledger import InMemoryLedger, digest
from worlds.backends import MODE, Backend, in_memory, on_embedded_aws
from worlds.embedded_aws import embedded_aws
from worlds.paths import TEMPLATE
from worlds.play import Played, configured_for, play

type OnStep = Callable[[Step, int], None]
"""Told each step, and the signals so far."""

_UNSEEN = nullcontext(lambda _step, _signals: None)
_BETWEEN_LOOKS = 0.1
"""Seconds; what nobody can see costs a replay its time."""


@dataclass(frozen=True, slots=True)
class Done:
    """What playing bars left behind, in how many seconds; ``sha256`` is of everything in the ledger."""

    played: Played
    ledger: Ledger
    reading: Reading
    sha256: str
    seconds: float


def to_play(path: Path, first: date | None, last: date | None, config: Path) -> tuple[BarHistory, Configuration]:
    """Load a bars file up to an exchange date, and the configuration for it; bars before ``first`` are history.

    Raises:
        BarsFileError: it cannot be read, or holds no bar from the first date to the last.
        ConfigurationError: the configuration file is wrong.
    """
    history = load_bars(path).between(last=last)
    if not len(history.between(first)):
        raise BarsFileError(f"{path}: no bars from {first or 'its start'} to {last or 'its end'}")
    return history, configured_for(load_configuration(config), history)


async def replay(
    history: BarHistory,
    configuration: Configuration,
    *,
    first: date | None = None,
    log: Path | None = None,
    progress: AbstractContextManager[OnStep] = _UNSEEN,
) -> Done:
    """Play bars in memory from a date on; earlier ones are the market's history.

    Raises:
        OSError: the log cannot be written.
    """
    ledger = InMemoryLedger(mode=MODE)
    backend = partial(in_memory, ledger=ledger)

    def days() -> set[str]:
        return {stored.signal.created_at.date().isoformat() for stored in ledger.every_signal}

    with log.open("w", encoding="utf-8") if log else nullcontext() as log_to, progress as on_step:
        return await _play(history, configuration, backend, days, first=first, log_to=log_to, on_step=on_step)


async def run(
    history: BarHistory,
    configuration: Configuration,
    record: RunRecord,
    *,
    first: date | None,
    progress: AbstractContextManager[OnStep],
) -> Done:
    """Play bars through embedded AWS, which keeps its state in the run's directory.

    Raises:
        EmbeddedAwsError: the emulator does not start.
    """
    record.directory.mkdir(parents=True, exist_ok=True)
    with embedded_aws(record.aws) as aws, record.log.open("a", encoding="utf-8") as log, progress as on_step:
        resources = aws.create_resources(TEMPLATE)
        backend = partial(on_embedded_aws, aws=aws, resources=resources)
        days = partial(aws.days, resources.table)
        return await _play(history, configuration, backend, days, first=first, log_to=log, on_step=on_step)


async def _play(
    history: BarHistory,
    configuration: Configuration,
    backend: Backend,
    days: Callable[[], Collection[str]],
    *,
    first: date | None,
    log_to: IO[str] | None,
    on_step: OnStep,
) -> Done:
    began = perf_counter()
    ledger, played = await play(
        history, configuration, backend=backend, log_to=log_to, first=first, on_step=on_step
    )
    seconds = perf_counter() - began
    written = sorted(days(), reverse=True)
    reading = await read(ledger, played.executors, written, is_whole=True)
    return Done(played, ledger, reading, await digest(ledger, played.executors, written), seconds)


@contextmanager
def progress_bar(steps: int) -> Iterator[OnStep]:
    """Show a bar while the block runs; gives what is told each step and the signals so far."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("starting", total=steps)
        done, shown_at = 0, 0.0

        def on_step(step: Step, total: int) -> None:
            nonlocal done, shown_at
            done += 1
            if (now := monotonic()) - shown_at >= _BETWEEN_LOOKS or done == steps:
                shown_at = now
                progress.update(task, completed=done, description=f"{step.start:%Y-%m-%d}  {total} signals")

        yield on_step


def write_page(path: Path, done: Done, subject: str, traded: BarHistory) -> None:
    """Write the report of what was played.

    Raises:
        OSError: it cannot be written.
    """
    now = SystemClock().now()
    write(path, page(done.reading, subject=subject, written_at=now, history=traded, virtual_time=True))


def show(done: Done, *, rows: int, as_json: bool, told: Mapping[str, object], last_words: str) -> None:
    """Print what became of the signals: tables and ``last_words``, or JSON with what else is ``told``.

    Raises:
        Exit: with 1, where the sum does not add up or eligible signals became no order.
    """
    found, accounts = done.reading.records, sums(done.reading.records, done.played.executors)
    if as_json:
        show_json(found, accounts, bars=done.played.bars, **told)
    else:
        show_tables(found, accounts, executors=done.played.executors, most=rows)
        output().print(last_words, highlight=False)
    if any(account.gap or account.is_silent for account in accounts):
        raise typer.Exit(1)
