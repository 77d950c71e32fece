"""An event loop whose time is a number: the same coroutines, deterministic, and no second is waited for."""

import asyncio
import contextvars
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Any


class Stuck(Exception):
    """Nothing is left that could ever happen, and what was to be run has not ended."""


class _Due:
    """A callback at a virtual time; a cancelled one has none, and is passed over when its time comes.

    It stands for asyncio's two handles, which cost several calls to make.
    """

    __slots__ = ("args", "callback", "context")

    def __init__(
        self, callback: Callable[..., object], args: Sequence[object], context: contextvars.Context | None
    ) -> None:
        self.callback: Callable[..., object] | None = callback
        self.args = args
        self.context = context or contextvars.copy_context()

    def cancel(self) -> None:
        self.callback = None


def wake(waiter: asyncio.Future[None]) -> None:
    """Let whoever awaits this go on, unless nobody does any more."""
    if not waiter.done():
        waiter.set_result(None)


class VirtualLoop(asyncio.AbstractEventLoop):
    """An asyncio loop on virtual time: what is due runs in order, then the time jumps to what is due next.

    Two timers of the same moment run in the order that ``tie`` gives them, so that a seed decides which of two
    workers comes first. There are no threads, no sockets, no signals: asking for one raises
    ``NotImplementedError``, as the base class does.

    Attributes:
        events: callbacks run so far.
    """

    def __init__(self, tie: Callable[[], float] = float) -> None:
        """Begin at 0 seconds; without ``tie``, timers of one moment run in the order they were set."""
        self._tie = tie
        self._now = 0.0
        self._set = 0
        self._ready: deque[_Due] = deque()
        self._timers: list[tuple[float, float, int, _Due]] = []
        self._failure: BaseException | None = None
        self.events = 0

    def time(self) -> float:
        """Return the virtual time, seconds since the loop's beginning."""
        return self._now

    def call_soon[*Ts](
        self, callback: Callable[[*Ts], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        """Run a callback at the present moment, after those that are due already."""
        due = _Due(callback, args, context)
        self._ready.append(due)
        return due  # type: ignore[return-value]  # it does what is asked of one

    def call_at[*Ts](
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        due = _Due(callback, args, context)
        self._set += 1
        heappush(self._timers, (when, self._tie(), self._set, due))
        return due  # type: ignore[return-value]  # likewise

    def call_later[*Ts](
        self,
        delay: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task[T](self, coro: Coroutine[Any, Any, T], **kwargs: Any) -> asyncio.Task[T]:  # noqa: ANN401 - asyncio's
        return asyncio.Task(coro, loop=self, **kwargs)

    def run[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end and return its result.

        Raises:
            Stuck: it waits for something that nothing can bring about.
        """
        asyncio.events._set_running_loop(self)  # noqa: SLF001 - the documented hook for event loops
        try:
            main, ready = self.create_task(work), self._ready
            while not main.done():
                if not ready:
                    self._move_on()
                due = ready.popleft()
                if due.callback is None:
                    continue
                self.events += 1
                due.context.run(due.callback, *due.args)
                if self._failure is not None:
                    failure, self._failure = self._failure, None
                    raise failure
            return main.result()
        finally:
            asyncio.events._set_running_loop(None)  # noqa: SLF001

    def sleep(self, seconds: float) -> asyncio.Future[None]:
        """Return what is done so many virtual seconds later."""
        waiter = self.create_future()
        self.call_at(self._now + seconds, wake, waiter)
        return waiter

    def _move_on(self) -> None:
        """Let the time jump to what is due next.

        Raises:
            Stuck: nothing is.
        """
        timers = self._timers
        while timers and timers[0][3].callback is None:
            heappop(timers)
        if not timers:
            raise Stuck(f"nothing is due any more at {self._now:.3f} s")
        now = self._now = max(self._now, timers[0][0])
        while timers and timers[0][0] <= now:
            due = heappop(timers)[3]
            if due.callback is not None:
                self._ready.append(due)

    def is_running(self) -> bool:
        return asyncio.events._get_running_loop() is self  # noqa: SLF001

    def is_closed(self) -> bool:
        """Tell that the loop can be used: it holds nothing that would have to be closed."""
        return False

    def get_debug(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Let an error that nobody would see end the run."""
        self._failure = context.get("exception") or RuntimeError(context["message"])


class VirtualClock:
    """`argo.ports.Clock` on a virtual loop; ``skew`` is how far this worker's clock is off."""

    def __init__(self, loop: VirtualLoop, starts_at: datetime, *, skew: timedelta = timedelta()) -> None:
        """Show ``starts_at``, aware, at the loop's second 0."""
        self._loop = loop
        self._starts_at = starts_at + skew

    def now(self) -> datetime:
        """Return the time by this clock."""
        return self._starts_at + timedelta(seconds=self._loop.time())

    async def sleep_until(self, time: datetime) -> None:
        """Return when this clock shows ``time``."""
        seconds = (time - self.now()).total_seconds()
        if seconds > 0:
            await asyncio.sleep(seconds)
