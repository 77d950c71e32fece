"""Count requests per account and minute, as Alpaca's 200 a minute."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Budget:
    """What an account may still ask for: requests, and until when (Unix seconds) the minute lasts."""

    limit: int
    remaining: int
    resets_at: int
    exceeded: bool = False

    @property
    def headers(self) -> dict[str, str]:
        """The three headers every answer carries."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.resets_at),
        }


class RateLimiter:
    """A budget per key that fills up at each full minute of `now`; not enforced, it never runs out.

    In a replay `now` is the market's clock, on which a whole bar is one moment.
    """

    def __init__(self, now: Callable[[], datetime], *, limit: int = 200, enforced: bool = True) -> None:
        self._now = now
        self._limit = limit
        self._enforced = enforced
        self._spent: dict[str, tuple[int, int]] = {}

    def take(self, key: str) -> Budget:
        """Spend one request of a key, if there is one left, and return what is left after it."""
        minute = int(self._now().timestamp()) // 60
        counted_in, spent = self._spent.get(key, (minute, 0))
        spent = spent if counted_in == minute and self._enforced else 0
        exceeded = spent >= self._limit
        if not exceeded:
            spent += 1
        self._spent[key] = (minute, spent)
        return Budget(self._limit, self._limit - spent, (minute + 1) * 60, exceeded)
