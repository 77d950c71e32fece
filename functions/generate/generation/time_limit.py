"""A bound on how long somebody else's code may run."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType


class Overrun(BaseException):
    """The block has used up its time.

    Not an `Exception`, so that a source which catches those does not run on.
    """


class _Alarm:
    """The process's one timer; ``is_set`` while a block is under it."""

    is_set = False

    def ring(self, _number: int, _frame: FrameType | None) -> None:
        # The timer fires once, and a block that has just ended is not interrupted any more.
        if self.is_set:
            self.is_set = False
            raise Overrun


_alarm = _Alarm()


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Interrupt the block after ``seconds`` of wall-clock time; blocks do not nest.

    A timer's signal interrupts Python code and system calls alike, but reaches the main thread only, where Lambda
    and the command run handlers. On another thread the block is measured and not interrupted.

    Raises:
        Overrun: the block took longer.
    """
    if threading.current_thread() is not threading.main_thread():
        began = monotonic()
        yield
        if monotonic() - began > seconds:
            raise Overrun
        return
    signal.signal(signal.SIGALRM, _alarm.ring)
    _alarm.is_set = True
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        _alarm.is_set = False
        signal.setitimer(signal.ITIMER_REAL, 0)
