"""The bars seen so far: fetched once, extended each cycle, rebuilt when a function starts cold."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

from argo.domain.signal import Timeframe
from argo.domain.symbols import AssetClass, Symbol
from argo.ports import MarketData
from generation.series import BarSeries, bar_series

_SESSION = timedelta(hours=6, minutes=30)
_CLOSED_DAYS = 1.06
"""Holidays: 9 to 10 of the year's 261 weekdays, and room for unforeseen ones (4 sessions in September 2001)."""

_MARGIN = timedelta(days=14)
_CRYPTO_MARGIN = timedelta(days=1)

_ONE_PAGE = 10_000
_FEWEST_LATE, _MOST_LATE = 5, 200


@dataclass(slots=True)
class History:
    """The last ``length`` closed bars of every symbol."""

    market_data: MarketData
    timeframe: Timeframe
    length: int
    _series: dict[Symbol, BarSeries] = field(default_factory=dict)
    _newest: dict[Symbol, datetime] = field(default_factory=dict)
    _asked_at: dict[Symbol, datetime] = field(default_factory=dict)

    async def extend(self, symbols: Collection[Symbol], now: datetime) -> Mapping[Symbol, BarSeries]:
        """Fetch what is new for symbols of one feed in one request; return every symbol's bars, oldest first.

        A symbol that is asked for the first time is warmed up, in a request with the others that are. A symbol
        without data is absent.

        Raises:
            BrokerFault: the market data could not be had.
        """
        wanted = sorted(symbols)
        known = [symbol for symbol in wanted if symbol in self._asked_at]
        if unknown := [symbol for symbol in wanted if symbol not in self._asked_at]:
            span = max(warm_up(self.timeframe, self.length, symbol.asset_class) for symbol in unknown)
            await self._fetch(unknown, now - span, now)
        if known:
            late = late_bars(len(known)) * self.timeframe.duration
            await self._fetch(known, min(self._since(symbol, late) for symbol in known), now)
        return {symbol: self._series[symbol] for symbol in wanted if symbol in self._series}

    async def _fetch(self, symbols: Sequence[Symbol], start: datetime, now: datetime) -> None:
        found = await self.market_data.bars(symbols, self.timeframe, start=start, end=now)
        self._asked_at.update(dict.fromkeys(symbols, now))
        for symbol, bars in found.items():
            known = self._series.get(symbol)
            if known is None:
                if bars:
                    self._series[symbol] = bar_series(bars[-self.length :])
                    self._newest[symbol] = bars[-1].time
            elif bars and bars[-1].time > self._newest[symbol]:
                newer = [bar for bar in bars if bar.time > self._newest[symbol]]
                self._series[symbol] = known.extended(newer, self.length)
                self._newest[symbol] = newer[-1].time

    def _since(self, symbol: Symbol, late: timedelta) -> datetime:
        """Return from when on a symbol's bars are wanted: its last, or a time before it was last asked for.

        A symbol that has stopped trading, or never began, does not make every request a long one.
        """
        overlap = self._asked_at[symbol] - late
        return max(self._newest.get(symbol, overlap), overlap)


def late_bars(symbols: int) -> int:
    """Return how many bars each request looks back: as many as fit a page, and a bar that comes later is lost."""
    return min(max(_ONE_PAGE // symbols - _FEWEST_LATE, _FEWEST_LATE), _MOST_LATE)


def warm_up(timeframe: Timeframe, bars: int, asset_class: AssetClass = AssetClass.US_EQUITY) -> timedelta:
    """Return a span of calendar time that holds ``bars`` bars (FAILURES A32).

    For stocks these are bars of regular sessions: 6.5 hours on five days of seven, less the holidays.
    """
    if asset_class is AssetClass.CRYPTO:
        return bars * timeframe.duration + _CRYPTO_MARGIN
    session = timedelta(days=1) if timeframe is Timeframe.DAY else _SESSION
    sessions = ceil(bars * timeframe.duration / session)
    return timedelta(days=ceil(sessions * 7 / 5 * _CLOSED_DAYS)) + _MARGIN
