"""Functions as Lambda runs them: a process with a memory, a time limit, and an end at any moment."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from trials.faults import Fault, FaultDraws, Trace, Worker
from trials.virtual_time import VirtualClock, VirtualLoop

_SKEW = 2.0


class WorkerEnded(Exception):
    """The process ended before its work was done; Lambda counts a failed invocation."""


@dataclass(slots=True)
class Fleet:
    """Makes workers, runs them, and lets them end."""

    loop: VirtualLoop
    starts_at: datetime
    fates: FaultDraws
    trace: Trace
    made: int = 0

    def worker(self, function: str) -> Worker:
        """Start a process of a function, with a clock of its own."""
        self.made += 1
        skewed = self.fates.strikes(Fault.CLOCK_SKEW)
        seconds = self.fates.of(Fault.CLOCK_SKEW, -_SKEW, _SKEW) if skewed else 0.0
        clock = VirtualClock(self.loop, self.starts_at, skew=timedelta(seconds=round(seconds, 3)))
        return Worker(f"{function}#{self.made}", clock)

    async def invoke[T](self, worker: Worker, work: Coroutine[Any, Any, T], *, limit: float) -> T:
        """Run one invocation within its time limit, in virtual seconds.

        Raises:
            WorkerEnded: the process ended first.
        """
        task = self.loop.create_task(work)
        worker.invocation = task
        done, _ = await asyncio.wait({task}, timeout=limit)
        if not done:
            self.trace.add(self.loop.time(), worker.name, "time limit", "", f"{limit:.0f} s")
            worker.end()
            await asyncio.wait({task})
        worker.invocation = None
        if task.cancelled():
            raise WorkerEnded(worker.name)
        return task.result()


@dataclass(slots=True)
class Function[W]:
    """A function of which one process at a time is warm: its memory goes with it.

    Args:
        wire: Makes what a fresh process keeps.
        limit: The function's timeout, in seconds.
    """

    name: str
    fleet: Fleet
    wire: Callable[[Worker], W]
    limit: float
    _warm: tuple[Worker, W] | None = field(default=None)

    async def __call__[T](self, work: Callable[[W, Callable[[], float]], Coroutine[Any, Any, T]]) -> T:
        """Invoke it with what its process keeps and the seconds it has left.

        Raises:
            WorkerEnded: the process ended first.
        """
        worker, wiring = self._warm_or_fresh()
        ends = self.fleet.loop.time() + self.limit
        result = await self.fleet.invoke(
            worker, work(wiring, lambda: ends - self.fleet.loop.time()), limit=self.limit
        )
        self._warm = worker, wiring
        return result

    def _warm_or_fresh(self) -> tuple[Worker, W]:
        warm, self._warm = self._warm, None
        if warm is not None and not warm[0].ended and not self.fleet.fates.strikes(Fault.RECYCLED):
            return warm
        worker = self.fleet.worker(self.name)
        return worker, self.wire(worker)
