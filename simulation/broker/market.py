"""Hold what the market shows: last prices, closed bars and the bars still forming."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from simulation.broker.money import ZERO
from simulation.market.bar_history import Bar, BarHistory
from simulation.market.timeframe import Timeframe


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
        """Set the last price of a symbol."""
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

    def preload(self, tape: BarHistory) -> None:
        """Take in bars as history, without a trade on them."""
        for bar in tape.bars:
            self.close_bar(bar)

    def end_day(self) -> None:
        """Make the present prices the previous closes."""
        self.previous_closes = dict(self.prices)


def path(bar: Bar) -> tuple[Decimal, Decimal, Decimal]:
    """Return the prices a bar goes through after its open.

    A bar does not say whether its high or its low came first. A bar that closes at or above its open is
    walked down first (low, high, close), one that falls up first (high, low, close): the extreme against
    the bar's direction comes first, so of two exits inside one rising bar a long position meets its stop
    before its target. It is a fixed rule, so that a replay is the same twice; it is not a forecast.
    """
    if bar.close >= bar.open:
        return bar.low, bar.high, bar.close
    return bar.high, bar.low, bar.close
