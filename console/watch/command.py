"""The command: a live view until Ctrl-C, or one frame."""

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live

from argo.adapters.clock import SystemClock
from argo.domain.ledger import ReservationConflict
from argo.environment import load_configuration
from argo.ports import Clock
from console.deployment import Deployment, open_deployment
from console.failing import REFUSED, fail, failing
from console.options import ServedOption, StackOption, StateOption
from console.tables import output
from console.watch.frame import Failure, Frame
from console.watch.probes import Probes
from console.watch.reading import Reader, Reading
from console.watch.served import served_deployment
from worlds.paths import CONFIGURATION, LAST_RUN

_UNREADABLE = (BotoCoreError, ClientError, ReservationConflict, ValidationError)
"""What a reading may fail with; the next one may not."""


class View:
    """The newest reading, drawn anew whenever it is asked for: its age counts on between two readings."""

    def __init__(self, source: str, clock: Clock) -> None:
        """Begin without a reading; ``source`` is what the frame calls it."""
        self._source = source
        self._clock = clock
        self._reading: Reading | None = None
        self._read_at: datetime | None = None
        self.failure: Failure | None = None

    async def refresh(self, reader: Reader) -> None:
        """Read; a reading that fails leaves the last one in sight, and says so."""
        try:
            self._reading = await reader.read()
        except _UNREADABLE as error:
            self.failure = Failure(str(error).partition("\n")[0])
        else:
            self._read_at, self.failure = self._clock.now(), None

    def frame(self, height: int | None = None) -> Frame:
        """Return the frame of this moment."""
        return Frame(self._source, self._reading, self._read_at, self.failure, self._clock.now(), height)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw for a whole screen."""
        yield self.frame(console.height)


@failing()
def watch(
    *,
    state: StateOption = LAST_RUN,
    stack: StackOption = None,
    served: ServedOption = None,
    every: Annotated[float, typer.Option(min=1, help="Seconds between two readings.")] = 5,
    once: Annotated[
        bool, typer.Option("--once", help="Print one frame; so does output that is no terminal.")
    ] = False,
) -> None:
    """Watch accounts, today's signals, what is unresolved, and heartbeats, until Ctrl-C. It never writes.

    The first reading takes the whole day. Another one takes four requests per account and one, while all is quiet.
    """
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.default_int_handler)
    with suppress(KeyboardInterrupt), _opened(state, stack, served) as (deployment, source):
        clock = SystemClock()
        probes = Probes(deployment, clock, has_metrics=served is None and stack is not None)
        reader = Reader(deployment, load_configuration(CONFIGURATION), clock, probes)
        view = View(source, clock)
        if once or not sys.stdout.isatty():
            asyncio.run(_print_once(view, reader))
        else:
            asyncio.run(_follow(view, reader, every))


@contextmanager
def _opened(state: Path, stack: str | None, served: Path | None) -> Iterator[tuple[Deployment, str]]:
    if served is not None:
        yield served_deployment(served), f"served, {served}"
        return
    with open_deployment(state, stack) as deployment:
        yield deployment, f"stack {stack}" if stack is not None else f"run {state}"


async def _print_once(view: View, reader: Reader) -> None:
    await view.refresh(reader)
    if view.failure is not None:
        fail(view.failure.message, REFUSED)
    output().print(view.frame())


async def _follow(view: View, reader: Reader, every: float) -> None:
    with Live(view, screen=True, refresh_per_second=1) as live:
        while True:
            await view.refresh(reader)
            live.refresh()
            await asyncio.sleep(every)
