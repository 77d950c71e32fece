"""Keep the market's time: handed in step by step, or taken from a real clock."""

from collections.abc import Callable
from datetime import datetime

from simulation.market.sessions import TradingCalendar


class MarketClock:
    """The broker's clock, UTC.

    Args:
        calendar: the exchange's sessions.
        starts_at: the time until the clock is first advanced.
        now: where given, time comes from here and advancing does nothing: the broker runs live.
        always_open: take stock orders at any hour, for a live stand-in used at night.
    """

    def __init__(
        self,
        calendar: TradingCalendar,
        starts_at: datetime,
        *,
        now: Callable[[], datetime] | None = None,
        always_open: bool = False,
    ) -> None:
        self.calendar = calendar
        self._time = starts_at
        self._live = now
        self._always_open = always_open
        self._forced_open: bool | None = None
        self._judged: tuple[datetime, bool] | None = None

    @property
    def now(self) -> datetime:
        return self._live() if self._live else self._time

    @property
    def is_open(self) -> bool:
        if self._forced_open is not None:
            return self._forced_open
        now = self.now
        if self._judged is None or self._judged[0] != now:
            self._judged = now, self._always_open or self.calendar.is_open(now)
        return self._judged[1]

    def advance(self, to: datetime, *, is_open: bool | None = None) -> None:
        """Move on; `is_open` overrules the calendar until the next move.

        Raises:
            ValueError: the time is naive or lies before the present.
        """
        if to.tzinfo is None:
            raise ValueError(f"a time needs its UTC offset: {to}")
        if self._live is None and to < self._time:
            raise ValueError(f"the market's clock cannot go back from {self._time} to {to}")
        self._time = to
        self._forced_open = is_open
