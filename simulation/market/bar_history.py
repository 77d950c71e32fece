"""Hold a stretch of market history, in bars of one length, and hand it out moment by moment."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import Self

from simulation.market.sessions import TradingCalendar, exchange_date, session_of

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_NAMED = re.compile(r"(?P<amount>[1-9]\d?)(?P<unit>Min|T|Hour|H|Day|D)")
_UNITS = {"Min": _MINUTE, "T": _MINUTE, "Hour": _HOUR, "H": _HOUR, "Day": _DAY, "D": _DAY}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Timeframe:
    """The length of a bar: whole minutes, whole hours, or one exchange day."""

    span: timedelta

    @classmethod
    def parse(cls, name: str) -> Self:
        """Read a name such as `5Min`, `1Hour`, `1D`.

        Raises:
            ValueError: the name is not a timeframe, or asks for several days.
        """
        match = _NAMED.fullmatch(name)
        if match is None:
            raise ValueError(f"invalid timeframe: {name}")
        return cls.of(int(match["amount"]) * _UNITS[match["unit"]])

    @classmethod
    def of(cls, span: timedelta) -> Self:
        """Make a timeframe of a length.

        Raises:
            ValueError: not whole minutes, or neither below a day nor one day.
        """
        if span < _MINUTE or span % _MINUTE or span > _DAY:
            raise ValueError(f"invalid timeframe: {span}")
        return cls(span)

    @property
    def name(self) -> str:
        for unit, word in ((_DAY, "Day"), (_HOUR, "Hour")):
            if self.span % unit == timedelta(0):
                return f"{self.span // unit}{word}"
        return f"{self.span // _MINUTE}Min"

    @property
    def is_daily(self) -> bool:
        """Say whether a bar is a session rather than a stretch of the clock."""
        return self.span == _DAY

    def window(self, at: datetime) -> tuple[datetime, datetime]:
        """Return start and end (UTC) of the bar that an aware instant falls into."""
        if self.is_daily:
            session = session_of(exchange_date(at))
            return session.opens, session.closes
        start = at - (at - _EPOCH) % self.span
        return start, start + self.span


DAILY = Timeframe(_DAY)
MINUTE = Timeframe(_MINUTE)


@dataclass(frozen=True, slots=True)
class Bar:
    """One symbol's trading from `start` (included) to `end` (excluded), UTC; prices in USD per unit."""

    symbol: str
    start: datetime
    end: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


@dataclass(frozen=True, slots=True)
class Step:
    """All bars that start at one moment, sorted by symbol."""

    start: datetime
    end: datetime
    bars: tuple[Bar, ...]


class BarHistory:
    """Bars of one timeframe by start, then symbol; iterating yields one `Step` per distinct start."""

    def __init__(self, bars: Iterable[Bar], timeframe: Timeframe) -> None:
        self.timeframe = timeframe
        self.bars = tuple(sorted(bars, key=attrgetter("start", "symbol")))
        self.symbols = tuple(sorted({bar.symbol for bar in self.bars}))
        self._steps = tuple(_step(tuple(group)) for _, group in groupby(self.bars, attrgetter("start")))

    def __iter__(self) -> Iterator[Step]:
        return iter(self._steps)

    def __len__(self) -> int:
        return len(self._steps)

    @property
    def ends(self) -> datetime:
        """When the last bar closes, UTC.

        Raises:
            ValueError: the bar history holds no bars.
        """
        if not self._steps:
            raise ValueError("the bar history is empty")
        return max(step.end for step in self._steps)

    def calendar(self) -> TradingCalendar:
        """Return the exchange days of the bar history's stocks, so its holidays are the calendar's."""
        return TradingCalendar(exchange_date(bar.start) for bar in self.bars if "/" not in bar.symbol)

    def between(self, first: date | None = None, last: date | None = None) -> Self:
        """Return the part whose bars start on these exchange dates, both included; None is no bound."""
        lower, upper = first or date.min, last or date.max
        return type(self)((bar for bar in self.bars if lower <= exchange_date(bar.start) <= upper), self.timeframe)

    def ending_at(self, instant: datetime) -> Self:
        """Return the same bars moved in time, so that the last has just closed at an aware instant.

        Daily bars move by whole days and keep session hours; a moved weekend may fall on weekdays, and a
        calendar made from the moved bar history follows it. Shorter bars move to the last whole bar before the
        instant.

        Raises:
            ValueError: the bar history holds no bars.
        """
        if self.timeframe.is_daily:
            today = exchange_date(instant)
            last = today if session_of(today).closes <= instant else today - _DAY
            by = last - exchange_date(self.ends)
            sessions = ((bar, session_of(exchange_date(bar.start) + by)) for bar in self.bars)
            moved = (replace(bar, start=session.opens, end=session.closes) for bar, session in sessions)
        else:
            by = self.timeframe.window(instant)[0] - self.ends
            moved = (replace(bar, start=bar.start + by, end=bar.end + by) for bar in self.bars)
        return type(self)(moved, self.timeframe)


def _step(bars: tuple[Bar, ...]) -> Step:
    return Step(start=bars[0].start, end=max(bar.end for bar in bars), bars=bars)
