"""Hold what the market shows: last prices, and bars by range and timeframe as Alpaca has them."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, time
from decimal import Decimal
from functools import lru_cache
from itertools import groupby

from simulation.broker.money import ZERO
from simulation.market.bar_history import Bar, BarHistory, Timeframe
from simulation.market.sessions import NEW_YORK, exchange_date

type StampedBar = tuple[datetime, Bar]
"""A bar, and the time it is shown with."""


class Market:
    """Prices and bars of every symbol, in the order they were traded; prices in USD."""

    def __init__(self, timeframe: Timeframe) -> None:
        self.timeframe = timeframe
        self.prices: dict[str, Decimal] = {}
        self.traded_at: dict[str, datetime] = {}
        self.previous_closes: dict[str, Decimal] = {}
        self.closed: dict[str, list[Bar]] = {}
        self._running: dict[str, Bar] = {}

    def trade(self, symbol: str, price: Decimal, at: datetime) -> None:
        self.prices[symbol] = price
        self.traded_at[symbol] = at

    def open_bar(self, bar: Bar) -> None:
        """Start a bar: its open is the price."""
        self._running[bar.symbol] = bar
        self.trade(bar.symbol, bar.open, bar.start)

    def forming(self, symbol: str) -> Bar | None:
        """Return the bar that is running: its open is all that can be known of it."""
        bar = self._running.get(symbol)
        return bar and replace(bar, high=bar.open, low=bar.open, close=bar.open, volume=ZERO)

    def close_bar(self, bar: Bar) -> None:
        """End a bar: it is history now, and its close is the price."""
        self._running.pop(bar.symbol, None)
        self.closed.setdefault(bar.symbol, []).append(bar)
        self.trade(bar.symbol, bar.close, bar.end)

    def preload(self, history: BarHistory) -> None:
        for bar in history.bars:
            self.close_bar(bar)

    def end_day(self) -> None:
        self.previous_closes = dict(self.prices)


def path(bar: Bar) -> tuple[Decimal, Decimal, Decimal]:
    """Return the prices a bar goes through after its open.

    A bar does not say whether its high or its low came first. A bar that closes at or above its open is
    walked down first (low, high, close), one that falls up first (high, low, close): the extreme against
    the bar's direction comes first, so of two exits inside one rising bar a long position meets its stop
    before its target. It is a fixed rule, so that a replay is the same twice; it is not a forecast.
    """
    rises = bar.close >= bar.open
    return (bar.low, bar.high, bar.close) if rises else (bar.high, bar.low, bar.close)


@lru_cache(maxsize=65_536)
def stamp(bar_start: datetime, timeframe: Timeframe) -> datetime:
    """Return the time a bar is shown with: its start, of a daily bar midnight in New York, in UTC."""
    if not timeframe.is_daily:
        return bar_start
    return datetime.combine(exchange_date(bar_start), time(), NEW_YORK).astimezone(UTC)


def stamped_bars(
    market: Market,
    symbol: str,
    timeframe: Timeframe,
    *,
    start: datetime,
    end: datetime,
    now: datetime,
    forming: bool = False,
) -> list[StampedBar]:
    """Return a symbol's bars that are stamped from `start` to `end`, both included.

    Bars longer than the market's own are put together from these; shorter ones do not exist. Only bars
    that have closed by `now` are shown, and the one that is forming where asked for.
    """
    if timeframe < market.timeframe:
        return []
    closed = market.closed.get(symbol, [])
    first = bisect_left(closed, start, key=lambda bar: stamp(bar.start, market.timeframe))
    current = market.forming(symbol) if forming else None
    bars: Iterable[Bar] = closed[first:] if current is None else [*closed[first:], current]
    if timeframe != market.timeframe:
        windows = groupby(bars, lambda bar: timeframe.window(bar.start))
        bars = (_merged(list(within), *window) for window, within in windows)
    stamped = ((stamp(bar.start, timeframe), bar) for bar in bars if forming or bar.end <= now)
    return [(at, bar) for at, bar in stamped if start <= at <= end]


def latest_bar(market: Market, symbol: str, *, forming: bool) -> Bar | None:
    """Return the last closed bar of a symbol, or the one that is forming where asked for."""
    current = market.forming(symbol) if forming else None
    return current or next(reversed(market.closed.get(symbol, [])), None)


def _merged(bars: list[Bar], start: datetime, end: datetime) -> Bar:
    high, low = max(bar.high for bar in bars), min(bar.low for bar in bars)
    volume = sum((bar.volume for bar in bars), ZERO)
    return replace(bars[0], start=start, end=end, high=high, low=low, close=bars[-1].close, volume=volume)
