"""What is on the screen: the newest reading, or why there is none."""

import asyncio
from datetime import datetime

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live

from argo.domain.ledger import ReservationConflict
from argo.ports import Clock
from console.failing import REFUSED, fail
from console.tables import output
from console.watch.frame import Frame
from console.watch.reading import Reader, Reading

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
        self._failure: str | None = None

    async def refresh(self, reader: Reader) -> None:
        """Read; a reading that fails leaves the last one in sight, and says so."""
        try:
            self._reading = await reader.read()
        except _UNREADABLE as error:
            self._failure = str(error).partition("\n")[0]
        else:
            self._read_at, self._failure = self._clock.now(), None

    async def print_once(self, reader: Reader) -> None:
        """Read and print a frame of as many lines as it takes; end the command where it cannot be read."""
        await self.refresh(reader)
        if self._failure is not None:
            fail(self._failure, REFUSED)
        output().print(self.frame())

    async def follow(self, reader: Reader, every: float) -> None:
        """Keep a whole screen up to date, and read every so many seconds."""
        with Live(self, screen=True, refresh_per_second=1) as live:
            while True:
                await self.refresh(reader)
                live.refresh()
                await asyncio.sleep(every)

    def frame(self, height: int | None = None) -> Frame:
        """Return the frame of this moment."""
        return Frame(self._source, self._reading, self._read_at, self._failure, self._clock.now(), height)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw for a whole screen."""
        yield self.frame(console.height)
