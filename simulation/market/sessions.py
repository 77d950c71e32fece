"""Know when the exchange trades, regular sessions from 09:30 to 16:00 New York, and what time it is there."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
_OPENS = time(9, 30)
_CLOSES = time(16)
_ONE_DAY = timedelta(days=1)
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Session:
    """One day's regular trading, `opens` included, `closes` excluded; both UTC."""

    day: date
    opens: datetime
    closes: datetime


@lru_cache(maxsize=16_384)
def session_of(day: date) -> Session:
    """Return the regular session of an exchange date, whether or not the exchange trades that day."""
    return Session(
        day=day,
        opens=datetime.combine(day, _OPENS, NEW_YORK).astimezone(UTC),
        closes=datetime.combine(day, _CLOSES, NEW_YORK).astimezone(UTC),
    )


@lru_cache(maxsize=4_096)
def exchange_date(at: datetime) -> date:
    """Return the date in New York at an aware instant."""
    return at.astimezone(NEW_YORK).date()


def next_date(at: datetime) -> datetime:
    """Return when the next date begins in New York after an aware instant, UTC."""
    return datetime.combine(exchange_date(at) + _ONE_DAY, time(), NEW_YORK).astimezone(UTC)


class TradingCalendar:
    """The exchange's sessions: known dates where there are any, weekdays beyond them.

    A replay hands in the dates its bars cover, so real holidays stay holidays. Half days count as whole
    ones, and beyond the known dates a holiday on a weekday counts as a session.
    """

    def __init__(self, days: Iterable[date] = ()) -> None:
        self._days = frozenset(days)
        self._first = min(self._days, default=date.max)
        self._last = max(self._days, default=date.min)
        self._ahead: dict[date, tuple[Session, ...]] = {}

    def is_session(self, day: date) -> bool:
        is_known = self._first <= day <= self._last
        return day in self._days if is_known else day.weekday() < _SATURDAY

    def is_open(self, at: datetime) -> bool:
        day = exchange_date(at)
        session = session_of(day)
        return self.is_session(day) and session.opens <= at < session.closes

    def next_open(self, at: datetime) -> datetime:
        return next(session.opens for session in self._next_two(at) if session.opens > at)

    def next_close(self, at: datetime) -> datetime:
        """Return the first close after an aware instant, UTC: when a `day` order sent then expires."""
        return next(session.closes for session in self._next_two(at) if session.closes > at)

    def between(self, first: date, last: date) -> Iterator[Session]:
        day = first
        while day <= last:
            if self.is_session(day):
                yield session_of(day)
            day += _ONE_DAY

    def _next_two(self, at: datetime) -> tuple[Session, ...]:
        day = exchange_date(at)
        found = self._ahead.get(day)
        if found is None:
            found = self._ahead[day] = tuple(islice(self.between(day, date.max), 2))
        return found


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
