"""The bars seen so far: fetched once, extended each cycle, rebuilt when a function starts cold."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

from argo.domain.market import Bar
from argo.domain.signal import Timeframe
from argo.domain.symbols import Symbol
from argo.ports import MarketData

_SESSION = timedelta(hours=6, minutes=30)
_CLOSED_DAYS = 1.06
"""Holidays: 9 to 10 of the year's 261 weekdays, and room for unforeseen ones (4 sessions in September 2001)."""

_MARGIN = timedelta(days=14)


@dataclass(slots=True)
class History:
    """The last ``length`` closed bars of every symbol."""

    market_data: MarketData
    timeframe: Timeframe
    length: int
    _bars: dict[Symbol, list[Bar]] = field(default_factory=dict)
    _asked_at: dict[Symbol, datetime] = field(default_factory=dict)

    async def extend(self, symbols: Collection[Symbol], now: datetime) -> Mapping[Symbol, Sequence[Bar]]:
        """Fetch what is new for all symbols in one request and return every symbol's bars, oldest first.

        A symbol without data is absent.

        Raises:
            BrokerFault: the market data could not be had.
        """
        wanted = sorted(symbols)
        start = min((self._since(symbol, now) for symbol in wanted), default=now)
        found = await self.market_data.bars(wanted, self.timeframe, start=start, end=now)
        self._asked_at.update(dict.fromkeys(wanted, now))
        for symbol, bars in found.items():
            known = self._bars.setdefault(symbol, [])
            newest = known[-1].time if known else None
            known.extend(bar for bar in bars if newest is None or bar.time > newest)
            del known[: -self.length]
        return {symbol: self._bars[symbol] for symbol in wanted if self._bars.get(symbol)}

    def _since(self, symbol: Symbol, now: datetime) -> datetime:
        """Return from when on a symbol's bars are wanted.

        One that had no bars when it was last asked for wants those since then, with a day for late ones; it
        does not make every request a cold one.
        """
        if bars := self._bars.get(symbol):
            return bars[-1].time
        if symbol in self._asked_at:
            return self._asked_at[symbol] - timedelta(days=1)
        return now - warm_up(self.timeframe, self.length)


def warm_up(timeframe: Timeframe, bars: int) -> timedelta:
    """Return a span of calendar time that holds ``bars`` bars of regular sessions (FAILURES A32).

    Sessions are 6.5 hours on five days of seven, less the holidays.
    """
    session = timedelta(days=1) if timeframe is Timeframe.DAY else _SESSION
    sessions = ceil(bars * timeframe.duration / session)
    return timedelta(days=ceil(sessions * 7 / 5 * _CLOSED_DAYS)) + _MARGIN
