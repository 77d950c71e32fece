"""Functions as Lambda runs them: a process with a memory, a time limit, and an end at any moment."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from trials.faults import Fault, FaultDraws
from trials.records import Trace
from trials.virtual_time import VirtualClock, VirtualLoop

SKEW = timedelta(seconds=2)
"""How far a worker's clock may be off, either way."""


class WorkerEnded(Exception):
    """The process ended before its work was done; Lambda counts a failed invocation."""


@dataclass(slots=True, eq=False)
class Worker:
    """One function's process: it may end at any effect, and then does nothing any more.

    ``slowed_at`` is when an effect of its last began that took many seconds, ``ends_at`` when its time limit ends
    the invocation under way. ``refused`` says that the broker has refused its key.
    """

    name: str
    clock: VirtualClock
    invocation: asyncio.Task[object] | None = None
    ended: bool = False
    slowed_at: float = -1.0
    ends_at: float = float("inf")
    refused: bool = False

    def end(self) -> None:
        """End at once, in the middle of whatever it does."""
        self.ended = True
        if self.invocation is not None:
            self.invocation.cancel()


@dataclass(slots=True)
class Fleet:
    """Starts the processes of a trial's functions."""

    loop: VirtualLoop
    starts_at: datetime
    draws: FaultDraws
    trace: Trace
    _started: int = 0

    def start(self, function: str) -> Worker:
        """Start a process of a function, with a clock of its own."""
        self._started += 1
        skewed, most = self.draws.strikes(Fault.CLOCK_SKEW), SKEW.total_seconds()
        seconds = self.draws.of(Fault.CLOCK_SKEW, -most, most) if skewed else 0.0
        # No two machines' clocks agree to the last digit.
        off = timedelta(seconds=round(seconds, 3), microseconds=self._started)
        clock = VirtualClock(self.loop, self.starts_at, skew=off)
        return Worker(f"{function}#{self._started}", clock)


@dataclass(slots=True)
class Function[W]:
    """A function of which one process at a time is warm: its memory goes with it.

    Args:
        wire: Makes what a fresh process keeps.
        limit: The function's timeout, in virtual seconds.
    """

    name: str
    fleet: Fleet
    wire: Callable[[Worker], W]
    limit: float
    _warm: tuple[Worker, W] | None = None

    async def __call__[T](self, work: Callable[[W, Callable[[], float]], Coroutine[Any, Any, T]]) -> T:
        """Invoke it with what its process keeps and the seconds it has left.

        Raises:
            WorkerEnded: the process ended first.
        """
        worker, wiring = self._warm_or_fresh()
        loop = self.fleet.loop
        ends = worker.ends_at = loop.time() + self.limit
        task = worker.invocation = loop.create_task(work(wiring, lambda: ends - loop.time()))
        done, _ = await asyncio.wait({task}, timeout=self.limit)
        if not done:
            self.fleet.trace.add(loop.time(), worker.name, "time limit", "", f"{self.limit:.0f} s")
            worker.end()
            await asyncio.wait({task})
        worker.invocation = None
        if task.cancelled():
            raise WorkerEnded(worker.name)
        result = task.result()
        self._warm = worker, wiring
        return result

    @property
    def warm(self) -> Worker | None:
        """The process that the next invocation finds, that of the last one."""
        return self._warm[0] if self._warm else None

    def _warm_or_fresh(self) -> tuple[Worker, W]:
        warm, self._warm = self._warm, None
        if warm is not None and not warm[0].ended and not self.fleet.draws.strikes(Fault.RECYCLED):
            return warm
        worker = self.fleet.start(self.name)
        return worker, self.wire(worker)
