"""Bars played through the real handlers: in memory, or on embedded AWS, which leaves the same ledger."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from time import perf_counter

from argo.domain.config import Configuration
from argo.environment import load_configuration
from argo.ports import Ledger
from console.report.reading import Reading, read
from console.runs import RunRecord
from simulation.market.bar_history import BarHistory, Step
from simulation.market.bars import BarsFileError, load_bars
from simulation.ports.ledger import InMemoryLedger, digest
from worlds.backends import MODE, in_memory, on_embedded_aws
from worlds.embedded_aws import embedded_aws
from worlds.paths import TEMPLATE
from worlds.play import Played, configured_for, play

type OnStep = Callable[[Step, int], None]
"""Told each step, and the signals so far."""

_UNSEEN = nullcontext(lambda _step, _signals: None)


@dataclass(frozen=True, slots=True)
class Done:
    """What playing bars left behind, in how many seconds; ``sha256`` is of everything in the ledger."""

    played: Played
    ledger: Ledger
    reading: Reading
    sha256: str
    seconds: float

    @property
    def bars_a_second(self) -> float:
        """How fast it was."""
        return self.played.bars / self.seconds


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
    with log.open("w", encoding="utf-8") if log else nullcontext() as log_to, progress as on_step:
        began = perf_counter()
        _, played = await play(
            history, configuration, backend=backend, log_to=log_to, first=first, on_step=on_step
        )
        seconds = perf_counter() - began
    days = {stored.signal.created_at.date().isoformat() for stored in ledger.every_signal}
    reading = await _read(ledger, played.executors, days)
    return Done(played, ledger, reading, ledger.digest(), seconds)


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
        began = perf_counter()
        ledger, played = await play(
            history, configuration, backend=backend, log_to=log, first=first, on_step=on_step
        )
        seconds = perf_counter() - began
        days = aws.days(resources.table)
        sha256 = await digest(ledger, played.executors, days)
        return Done(played, ledger, await _read(ledger, played.executors, days), sha256, seconds)


async def _read(ledger: Ledger, executors: Iterable[str], days: Iterable[str]) -> Reading:
    return await read(ledger, tuple(executors), sorted(days, reverse=True), is_whole=True)
