"""`argo.ports.MarketData` in memory: the simulated market's bars and prices, without HTTP between."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from operator import attrgetter

from argo.domain.market import Bar
from argo.domain.signal import Timeframe
from argo.domain.symbols import Symbol
from simulation.broker import SimulatedBroker
from simulation.broker.market import stamp, stamped_bars
from simulation.market.bar_history import Bar as BrokersBar
from simulation.market.bar_history import Timeframe as Span

_SPANS = {each: Span.parse(each) for each in Timeframe}
_time = attrgetter("time")


class InMemoryMarketData:
    """The bars and last prices of a simulated broker's market, which `AlpacaMarketData` reads over HTTP."""

    def __init__(self, broker: SimulatedBroker) -> None:
        self._broker = broker
        self._past: defaultdict[str, list[Bar]] = defaultdict(list)

    async def bars(
        self, symbols: Sequence[Symbol], timeframe: Timeframe, *, start: datetime, end: datetime
    ) -> Mapping[Symbol, Sequence[Bar]]:
        self._broker.tick()
        read = self._own if _SPANS[timeframe] == self._broker.market.timeframe else self._put_together
        # A daily bar ends for Argo at midnight, hours after its session's close.
        last = min(end, self._broker.clock.now) - timeframe.duration
        found = {symbol: read(symbol, timeframe, start, last) for symbol in _by_feed(symbols)}
        return {symbol: bars for symbol, bars in found.items() if bars}

    async def latest_prices(self, symbols: Collection[Symbol]) -> Mapping[Symbol, Decimal]:
        """Return the last traded prices, with the digits that a JSON number has of them."""
        self._broker.tick()
        prices = self._broker.market.prices
        return {symbol: Decimal(str(float(prices[symbol]))) for symbol in _by_feed(symbols) if symbol in prices}

    def _own(self, symbol: Symbol, _: Timeframe, first: datetime, last: datetime) -> list[Bar]:
        """Return closed bars; each is converted once, however often it is asked for."""
        market, past = self._broker.market, self._past[symbol]
        past += (
            _bar(bar, stamp(bar.start, market.timeframe)) for bar in market.closed.get(symbol, ())[len(past) :]
        )
        return past[bisect_left(past, first, key=_time) : bisect_right(past, last, key=_time)]

    def _put_together(self, symbol: Symbol, timeframe: Timeframe, first: datetime, last: datetime) -> list[Bar]:
        """Return bars longer than the market's own; shorter ones do not exist."""
        market, now = self._broker.market, self._broker.clock.now
        found = stamped_bars(market, symbol, _SPANS[timeframe], start=first, end=last, now=now)
        return [_bar(bar, time) for time, bar in found]


def _by_feed(symbols: Collection[Symbol]) -> list[Symbol]:
    """Return stocks, then pairs: the order in which the two requests bring them."""
    return sorted(set(symbols), key=lambda symbol: (symbol.is_crypto, symbol))


def _bar(bar: BrokersBar, time: datetime) -> Bar:
    return Bar(
        time=time,
        open=float(bar.open),
        high=float(bar.high),
        low=float(bar.low),
        close=float(bar.close),
        volume=float(bar.volume),
    )
