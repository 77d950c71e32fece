"""Answer questions for bars as Alpaca's market data does: by range, timeframe and page."""

from base64 import urlsafe_b64encode
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import lru_cache
from itertools import groupby

from simulation.broker.errors import BrokerError
from simulation.broker.market import Market
from simulation.market.bar_history import Bar
from simulation.market.sessions import NEW_YORK, exchange_date
from simulation.market.timeframe import Timeframe


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


@dataclass(frozen=True, slots=True)
class BarsPage:
    """Stamped bars by symbol, and where the next page begins; a symbol without bars is absent."""

    bars: dict[str, list[tuple[datetime, Bar]]]
    next_page_token: str | None


@lru_cache(maxsize=65_536)
def stamp(bar_start: datetime, timeframe: Timeframe) -> datetime:
    """Return the time a bar is shown with: its start, of a daily bar midnight in New York, in UTC."""
    if not timeframe.is_daily:
        return bar_start
    return datetime.combine(exchange_date(bar_start), time(), NEW_YORK).astimezone(UTC)


def bars_page(market: Market, query: BarsQuery, *, forming: bool, now: datetime) -> BarsPage:
    """Return a page of bars: symbols in alphabetical order, the limit counted over all of them.

    Bars longer than the market's own are put together from these; shorter ones do not exist. Only bars
    that have closed by `now` are shown, and the one that is forming where asked for.

    Raises:
        BrokerError: 400, the page token is not one of ours.
    """
    rows = list(_rows(market, query, forming=forming, now=now))
    first = _position(query.page_token, rows) if query.page_token else 0
    page = rows[first : first + query.limit]
    bars: dict[str, list[tuple[datetime, Bar]]] = {}
    for at, bar in page:
        bars.setdefault(bar.symbol, []).append((at, bar))
    more = first + query.limit < len(rows)
    return BarsPage(bars, _token(rows[first + query.limit]) if more else None)


def latest_bar(market: Market, symbol: str, *, forming: bool) -> Bar | None:
    """Return the last closed bar of a symbol, or the one that is forming where asked for."""
    current = market.forming(symbol) if forming else None
    return current or next(reversed(market.closed.get(symbol, [])), None)


def _rows(market: Market, query: BarsQuery, *, forming: bool, now: datetime) -> Iterator[tuple[datetime, Bar]]:
    if query.timeframe < market.timeframe:
        return
    for symbol in sorted(set(query.symbols)):
        bars: Iterable[Bar] = _source(market, symbol, query, forming=forming)
        if query.timeframe != market.timeframe:
            bars = _in_timeframe(bars, query.timeframe)
        stamped = [
            (at, bar)
            for bar in bars
            if query.start <= (at := stamp(bar.start, query.timeframe)) <= query.end
            and (forming or bar.end <= now)
        ]
        yield from reversed(stamped) if query.descending else stamped


def _source(market: Market, symbol: str, query: BarsQuery, *, forming: bool) -> list[Bar]:
    closed = market.closed.get(symbol, [])
    first = bisect_left(closed, query.start, key=lambda bar: stamp(bar.start, market.timeframe))
    current = market.forming(symbol) if forming else None
    return closed[first:] if current is None else [*closed[first:], current]


def _in_timeframe(bars: Iterable[Bar], timeframe: Timeframe) -> Iterator[Bar]:
    for (start, end), group in groupby(bars, lambda bar: timeframe.window(bar.start)):
        yield _merged(list(group), start, end)


def _merged(bars: list[Bar], start: datetime, end: datetime) -> Bar:
    if len(bars) == 1 and (bars[0].start, bars[0].end) == (start, end):
        return bars[0]
    return Bar(
        symbol=bars[0].symbol,
        start=start,
        end=end,
        open=bars[0].open,
        high=max(bar.high for bar in bars),
        low=min(bar.low for bar in bars),
        close=bars[-1].close,
        volume=sum((bar.volume for bar in bars[1:]), bars[0].volume),
    )


def _token(row: tuple[datetime, Bar]) -> str:
    at, bar = row
    return urlsafe_b64encode(f"{bar.symbol}|{at.isoformat()}".encode()).decode()


def _position(token: str, rows: list[tuple[datetime, Bar]]) -> int:
    for index, row in enumerate(rows):
        if _token(row) == token:
            return index
    raise BrokerError(400, f"invalid page_token: {token}")
