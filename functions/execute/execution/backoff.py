"""When a message comes back: exponential, with jitter derived from the signal, capped."""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from argo.domain.execution import Execution, ExecutionState
from argo.domain.signal import Signal

STEADY = 20
"""Deliveries whose waits keep to the limits: twelve minutes at least, and so all of a signal's default life."""


@dataclass(frozen=True, slots=True)
class BackoffLimits:
    """The first delay and the longest one."""

    base: timedelta = timedelta(seconds=2)
    cap: timedelta = timedelta(seconds=60)

    def after(self, receives: int, lived: Signal | Execution, now: datetime) -> "BackoffLimits":
        """Return the limits of a wait after the ``receives``-th delivery.

        Past the steady ones the longest wait is a quarter of the age, half of what is left of the life at most, so
        that a message's deliveries outlast whatever life configuration admits (FAILURES C11).
        """
        if receives <= STEADY:
            return self
        age, left = now - lived.created_at, lived.expires_at - now
        longest = min(age / 4, left / 2) if left > timedelta() else age / 4
        return replace(self, cap=max(self.cap, longest))


@dataclass(frozen=True, slots=True)
class Limits:
    """How long things may take.

    ``lease`` must outlast a worker: the function's timeout and the broker's read timeout are below it.
    ``turned_away`` is what a delivery waits at least whose signal another worker holds, ``unavailable`` what one
    waits that AWS stood in the way of: what passes by itself delays no order by more than ten seconds.
    """

    lease: timedelta = timedelta(seconds=45)
    backoff: BackoffLimits = field(default_factory=BackoffLimits)
    turned_away: BackoffLimits = field(default_factory=partial(BackoffLimits, cap=timedelta(seconds=8)))
    unavailable: BackoffLimits = field(default_factory=partial(BackoffLimits, cap=timedelta(seconds=8)))


def backoff(signal_id: str, receives: int, limits: BackoffLimits) -> timedelta:
    """Return how long a message stays hidden after its ``receives``-th delivery.

    ``base x 2^(receives - 1)``, capped, less up to a quarter of jitter. The jitter is a function of signal and
    delivery, so that a replay waits as long as the run did, and a thousand messages do not return at once.
    """
    full = limits.base * min(1 << max(receives, 1) - 1, limits.cap / limits.base)
    return full * (1 - _jitter(signal_id, receives) / 4)


def held_for(
    lived: Signal | Execution, state: ExecutionState, receives: int, limits: BackoffLimits, now: datetime
) -> timedelta:
    """Return how long a claim in a ``state`` keeps others out while its message is hidden.

    As long as the message, where nothing was sent and still can be. Everything else the reconciler may take up
    after a steady wait: it looks for an order of unknown fate, and ends what is too old.
    """
    if state is ExecutionState.CLAIMED and now < lived.expires_at:
        limits = limits.after(receives, lived, now)
    return backoff(lived.signal_id, receives, limits)


def _jitter(signal_id: str, receives: int) -> float:
    digest = hashlib.sha256(f"{signal_id}|{receives}".encode()).digest()
    return int.from_bytes(digest[:4]) / 2**32
