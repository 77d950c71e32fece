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
_HOLIDAYS = timedelta(days=10)


@dataclass(slots=True)
class History:
    """The last ``length`` closed bars of every symbol."""

    market_data: MarketData
    timeframe: Timeframe
    length: int
    _bars: dict[Symbol, list[Bar]] = field(default_factory=dict)

    async def extend(self, symbols: Collection[Symbol], now: datetime) -> Mapping[Symbol, Sequence[Bar]]:
        """Fetch what is new for all symbols in one request and return every symbol's bars, oldest first.

        A symbol without data is absent.

        Raises:
            BrokerFault: the market data could not be had.
        """
        wanted = sorted(symbols)
        last = [self._bars[symbol][-1].time for symbol in wanted if symbol in self._bars]
        cold = len(last) < len(wanted)
        start = now - warm_up(self.timeframe, self.length) if cold else min(last)
        found = await self.market_data.bars(wanted, self.timeframe, start=start, end=now)
        for symbol, bars in found.items():
            known = self._bars.setdefault(symbol, [])
            newest = known[-1].time if known else None
            known.extend(bar for bar in bars if newest is None or bar.time > newest)
            del known[: -self.length]
        return {symbol: self._bars[symbol] for symbol in wanted if self._bars.get(symbol)}


def warm_up(timeframe: Timeframe, bars: int) -> timedelta:
    """Return a span of calendar time that holds ``bars`` bars of regular sessions (FAILURES A32).

    Sessions are 6.5 hours on five days of seven; ten days more cover the holidays of a year.
    """
    session = timedelta(days=1) if timeframe is Timeframe.DAY else _SESSION
    sessions = ceil(bars * timeframe.duration / session)
    return timedelta(days=ceil(sessions * 7 / 5)) + _HOLIDAYS
