"""Hold a stretch of market history and hand it out moment by moment."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import Self

from simulation.market.sessions import TradingCalendar, exchange_date, session_of
from simulation.market.timeframe import Timeframe

_ONE_DAY = timedelta(days=1)


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
            last = today if session_of(today).closes <= instant else today - _ONE_DAY
            by = last - exchange_date(self.ends)
            sessions = ((bar, session_of(exchange_date(bar.start) + by)) for bar in self.bars)
            moved = (replace(bar, start=session.opens, end=session.closes) for bar, session in sessions)
        else:
            by = self.timeframe.window(instant)[0] - self.ends
            moved = (replace(bar, start=bar.start + by, end=bar.end + by) for bar in self.bars)
        return type(self)(moved, self.timeframe)


def _step(bars: tuple[Bar, ...]) -> Step:
    return Step(start=bars[0].start, end=max(bar.end for bar in bars), bars=bars)
