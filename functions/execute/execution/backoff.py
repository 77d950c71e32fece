"""When a message comes back: exponential, with jitter derived from the signal, capped."""

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial


@dataclass(frozen=True, slots=True)
class BackoffLimits:
    """The first delay and the longest one."""

    base: timedelta = timedelta(seconds=2)
    cap: timedelta = timedelta(seconds=60)


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
    doublings = min(max(receives, 1) - 1, 30)
    capped = limits.cap <= limits.base or limits.cap / limits.base <= 1 << doublings
    full = limits.cap if capped else limits.base * (1 << doublings)
    return full * (1 - _jitter(signal_id, receives) / 4)


def _jitter(signal_id: str, receives: int) -> float:
    digest = hashlib.sha256(f"{signal_id}|{receives}".encode()).digest()
    return int.from_bytes(digest[:4]) / 2**32
