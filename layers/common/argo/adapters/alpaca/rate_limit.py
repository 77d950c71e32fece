"""Alpaca's rate limit, respected ahead of time: a token bucket, and what the last answer's headers say."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from argo.domain.faults import Throttled
from argo.ports import Clock

REQUESTS_A_MINUTE = 200
"""Alpaca's limit per trading account (reference: rate limits)."""

_BURST = REQUESTS_A_MINUTE // 2
_REFILL = timedelta(minutes=1) / (REQUESTS_A_MINUTE - _BURST)


class RequestBudget:
    """Says no before Alpaca does: a refused request costs nothing, a 429 costs a round trip and the limit.

    The bucket holds half a minute's requests and refills with the other half, so no minute exceeds the limit.
    Other functions of the same account draw on the same limit; of them only the headers tell.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tokens = float(_BURST)
        self._filled_at = clock.now()
        self._blocked_until: datetime | None = None

    def take(self) -> None:
        """Take one request from the budget.

        Raises:
            Throttled: there is none left; nothing was sent.
        """
        now = self._clock.now()
        if self._blocked_until is not None and now < self._blocked_until:
            raise Throttled("the broker's rate limit is used up", until=self._blocked_until)
        self._tokens = min(self._tokens + (now - self._filled_at) / _REFILL, _BURST)
        self._filled_at = now
        if self._tokens < 1:
            raise Throttled("the account's request budget is used up", until=now + (1 - self._tokens) * _REFILL)
        self._tokens -= 1

    def observe(self, headers: Mapping[str, str]) -> None:
        """Learn from an answer's X-RateLimit headers; none, or unreadable ones, teach nothing."""
        try:
            remaining = int(headers.get("X-RateLimit-Remaining", "1"))
            reset = datetime.fromtimestamp(int(headers.get("X-RateLimit-Reset", "0")), UTC)
        except (ValueError, OverflowError, OSError):
            return
        if remaining < 1:
            self._blocked_until = min(reset, self._clock.now() + timedelta(minutes=1))
