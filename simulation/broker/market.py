"""Hold what the market shows: last prices, and bars by range, timeframe and page as Alpaca has them."""

from base64 import urlsafe_b64encode
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from decimal import Decimal
from functools import lru_cache
from itertools import groupby

from simulation.broker.errors import BrokerError
from simulation.broker.money import ZERO
from simulation.market.bar_history import Bar, BarHistory
from simulation.market.sessions import NEW_YORK, exchange_date
from simulation.market.timeframe import Timeframe

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


@dataclass(frozen=True, slots=True, kw_only=True)
class BarsQuery:
    """What is asked for: bars stamped from `start` to `end`, both included, at most `limit` in all."""

    symbols: Sequence[str]
    timeframe: Timeframe
    start: datetime
    end: datetime
    limit: int = 1000
    descending: bool = False
    page_token: str | None = None


@lru_cache(maxsize=65_536)
def stamp(bar_start: datetime, timeframe: Timeframe) -> datetime:
    """Return the time a bar is shown with: its start, of a daily bar midnight in New York, in UTC."""
    if not timeframe.is_daily:
        return bar_start
    return datetime.combine(exchange_date(bar_start), time(), NEW_YORK).astimezone(UTC)


def bars_page(
    market: Market, query: BarsQuery, *, forming: bool, now: datetime
) -> tuple[dict[str, list[StampedBar]], str | None]:
    """Return a page of bars, and the token of the next: symbols in alphabetical order, the limit over all of them.

    Bars longer than the market's own are put together from these; shorter ones do not exist. Only bars
    that have closed by `now` are shown, and the one that is forming where asked for.

    Raises:
        BrokerError: 400, the page token is not one of ours.
    """
    rows = list(_rows(market, query, forming=forming, now=now))
    token = query.page_token
    first = next((index for index, row in enumerate(rows) if _token(row) == token), None) if token else 0
    if first is None:
        raise BrokerError(400, f"invalid page_token: {token}")
    after = first + query.limit
    bars: dict[str, list[StampedBar]] = {}
    for at, bar in rows[first:after]:
        bars.setdefault(bar.symbol, []).append((at, bar))
    return bars, _token(rows[after]) if after < len(rows) else None


def latest_bar(market: Market, symbol: str, *, forming: bool) -> Bar | None:
    """Return the last closed bar of a symbol, or the one that is forming where asked for."""
    current = market.forming(symbol) if forming else None
    return current or next(reversed(market.closed.get(symbol, [])), None)


def _rows(market: Market, query: BarsQuery, *, forming: bool, now: datetime) -> Iterator[StampedBar]:
    if query.timeframe < market.timeframe:
        return
    for symbol in sorted(set(query.symbols)):
        closed = market.closed.get(symbol, [])
        first = bisect_left(closed, query.start, key=lambda bar: stamp(bar.start, market.timeframe))
        current = market.forming(symbol) if forming else None
        bars: Iterable[Bar] = closed[first:] if current is None else [*closed[first:], current]
        if query.timeframe != market.timeframe:
            windows = groupby(bars, lambda bar: query.timeframe.window(bar.start))
            bars = (_merged(list(within), start, end) for (start, end), within in windows)
        stamped = [
            (at, bar)
            for bar in bars
            if query.start <= (at := stamp(bar.start, query.timeframe)) <= query.end
            and (forming or bar.end <= now)
        ]
        yield from reversed(stamped) if query.descending else stamped


def _merged(bars: list[Bar], start: datetime, end: datetime) -> Bar:
    high, low = max(bar.high for bar in bars), min(bar.low for bar in bars)
    volume = sum((bar.volume for bar in bars), ZERO)
    return replace(bars[0], start=start, end=end, high=high, low=low, close=bars[-1].close, volume=volume)


def _token(row: StampedBar) -> str:
    at, bar = row
    return urlsafe_b64encode(f"{bar.symbol}|{at.isoformat()}".encode()).decode()
