"""Writes that met another one: repeated at once, with small waits, a bounded number of times."""

import hashlib
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

from argo.ports import Clock, Unavailable

CONFLICT_WAITS = tuple(timedelta(milliseconds=each) for each in (5, 10, 20, 40, 80, 160, 320, 400, 400, 400))
"""The longest wait before each repetition of a write that met another one: not two seconds in all."""

_PATIENT_WAITS = tuple(timedelta(milliseconds=each) for each in (250, 500, 1_000, 2_000))
"""The longest wait before each repetition of what AWS was not available for; the last is for all that follow."""

_WORTH = timedelta(seconds=4)
"""How long it is tried to write down what has happened."""


class NotWritten(Exception):
    """AWS has refused a write.

    ``repeated`` says that the same write had been sent before and its answer was lost: it may have been made then.
    """

    def __init__(self, message: str, *, repeated: bool = False) -> None:
        super().__init__(message)
        self.repeated = repeated


class Conflict(NotWritten):
    """Another transaction was at the item in this moment."""


async def repeated[T](attempt: Callable[[], Awaitable[T]], clock: Clock) -> T:
    """Attempt a request, and again at once where it met another transaction: AWS's SDK does not.

    What is repeated keeps its condition, so that it is written on what its author knew, or not at all.

    Raises:
        NotWritten: it was refused for good; ``repeated`` is true where any of the attempts may have been made.
        Unavailable: it met others every time.
    """
    waits, doubtful = iter(CONFLICT_WAITS), False
    while True:
        try:
            return await attempt()
        except NotWritten as refusal:
            doubtful = refusal.repeated = refusal.repeated or doubtful
            if not isinstance(refusal, Conflict):
                raise
            if (wait := next(waits, None)) is None:
                times = len(CONFLICT_WAITS) + 1
                raise Unavailable(f"{times} times in a row: {refusal}", unanswered=doubtful) from refusal
        await _pause(clock, wait)


async def persisted[T](attempt: Callable[[], Awaitable[T]], clock: Clock, *, patience: timedelta) -> T:
    """Attempt what must not be given up lightly, for as long as ``patience`` lasts where AWS is not available.

    Raises:
        Unavailable: it was not, all that time.
    """
    until, waits = clock.now() + patience, iter(_PATIENT_WAITS)
    while True:
        wait = next(waits, _PATIENT_WAITS[-1])
        try:
            return await attempt()
        except Unavailable:
            if clock.now() + wait > until:
                raise
        await _pause(clock, wait)


async def kept[T](attempt: Callable[[], Awaitable[T]], clock: Clock) -> T:
    """Write down what has happened in the world and only this process knows, as an order that was placed.

    Who comes next would have to find it out, and could not count it any more: it is worth some seconds.

    Raises:
        Unavailable: AWS was not, all that time.
    """
    return await persisted(attempt, clock, patience=_WORTH)


async def heard[T](asked: Coroutine[Any, Any, T], silences: list[Unavailable]) -> T | None:
    """Await what AWS may not be available for: then it is noted, and whatever else there is to do goes on."""
    try:
        return await asked
    except Unavailable as silence:
        silences.append(silence)
        return None


async def _pause(clock: Clock, longest: timedelta) -> None:
    """Wait for half of ``longest`` at least: two that met would meet again if they waited equally long."""
    now = clock.now()
    await clock.sleep_until(now + longest * (1 + _jitter(now)) / 2)


def _jitter(now: datetime) -> float:
    """Return a number from 0 up to 1 that the clock's last digits decide: no two workers share those."""
    digest = hashlib.sha256(now.isoformat().encode()).digest()
    return int.from_bytes(digest[:4]) / 2**32
