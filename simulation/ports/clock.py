"""A clock that is told the time."""

from datetime import datetime


class SteppedClock:
    """`argo.ports.Clock` whose time moves only when it is set; sleeping moves it at once."""

    def __init__(self, starts_at: datetime) -> None:
        self._now = starts_at

    def now(self) -> datetime:
        return self._now

    def set(self, now: datetime) -> None:
        self._now = now

    async def sleep_until(self, time: datetime) -> None:
        self._now = max(self._now, time)
