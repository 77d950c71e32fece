"""The market as a cycle finds it: the bars seen so far, and which symbols are in session."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

from argo.domain.account import MarketClock
from argo.domain.signal import Timeframe
from argo.domain.symbols import AssetClass, Symbol
from argo.ports import Broker, MarketData
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
    """The last ``length`` closed bars of every symbol: fetched once, extended each cycle, rebuilt when cold.

    ``refused`` are the symbols with new bars at the last look that cannot have been traded: these are left out.
    """

    market_data: MarketData
    timeframe: Timeframe
    length: int
    refused: set[Symbol] = field(default_factory=set)
    _series: dict[Symbol, BarSeries] = field(default_factory=dict)
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
        self.refused.difference_update(symbols)
        for symbol, bars in found.items():
            known = self._series.get(symbol)
            newer = [bar for bar in bars if known is None or bar.time.timestamp() > known.began]
            sound = [bar for bar in newer if bar.is_sound]
            if len(sound) < len(newer) or any(bar.time < start and not bar.is_sound for bar in bars):
                self.refused.add(symbol)
            if sound:
                fresh = bar_series(sound[-self.length :]) if known is None else known.extended(sound, self.length)
                self._series[symbol] = fresh

    def _since(self, symbol: Symbol, late: timedelta) -> datetime:
        """Return from when on a symbol's bars are wanted: its last, or a time before it was last asked for.

        A symbol that has stopped trading, or never began, does not make every request a long one.
        """
        overlap, known = self._asked_at[symbol] - late, self._series.get(symbol)
        return max(known.time, overlap) if known else overlap


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


@dataclass(slots=True)
class Sessions:
    """Which symbols are in session. Holidays and half days are the exchange's to know, not a table's here.

    The exchange's own clock is asked once per opening and closing.
    """

    exchange: Broker
    extended_hours: bool = False
    _known: MarketClock | None = None

    async def tradable(self, symbols: Collection[Symbol], now: datetime) -> frozenset[Symbol]:
        """Return the symbols that signals may be made of now: crypto always, stocks in regular hours.

        Raises:
            BrokerFault: the exchange's clock could not be had, so no stock is known to be in session.
        """
        crypto = frozenset(symbol for symbol in symbols if symbol.is_crypto)
        everything = frozenset(symbols)
        return everything if self.extended_hours or crypto == everything or await self._is_open(now) else crypto

    async def _is_open(self, now: datetime) -> bool:
        known = self._known
        if known is None or now >= min(known.next_open, known.next_close):
            known = self._known = await self.exchange.clock()
        return known.is_open
