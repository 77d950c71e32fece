"""`argo.ports.MarketData` at Alpaca's market data API: one request per feed and page."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from argo.adapters.alpaca import parsing
from argo.adapters.alpaca.outcome import Answer, read
from argo.adapters.alpaca.transport import Api, RenewableKey
from argo.adapters.aws.parameters import Credentials
from argo.adapters.threads import BlockingCalls
from argo.domain.faults import Ambiguous
from argo.domain.market import Bar
from argo.domain.signal import Timeframe
from argo.domain.symbols import Symbol, canonical_or_raw
from argo.domain.values import iso
from argo.ports import Clock

PAGE_LIMIT = 10_000
"""Bars in one page over all symbols (reference: Stock bars, ``limit``)."""

type _Route = tuple[str, str]

_BARS = ("/stocks/bars", "v2"), ("/crypto/us/bars", "v1beta3")
_LATEST_TRADES = ("/stocks/trades/latest", "v2"), ("/crypto/us/latest/trades", "v1beta3")
"""Path and version of the routes for stocks and for crypto pairs."""


class AlpacaMarketData(Api):
    """Bars and prices: one request for all stocks and one for all pairs, more only where a page overflows."""

    def __init__(
        self,
        credentials: Callable[[], Credentials],
        base_url: str,
        *,
        feed: str,
        clock: Clock,
        calls: BlockingCalls,
        key: RenewableKey | None = None,
    ) -> None:
        """Read ``feed`` (``iex`` without a subscription) at ``base_url``; a refused ``key`` is read anew."""
        super().__init__(credentials, base_url, clock=clock, calls=calls, key=key)
        self._feed = feed

    async def bars(
        self, symbols: Sequence[Symbol], timeframe: Timeframe, *, start: datetime, end: datetime
    ) -> Mapping[Symbol, Sequence[Bar]]:
        """Return closed bars by symbol, oldest first; the forming one, which crypto serves, is left out."""
        span = {"timeframe": str(timeframe), "start": iso(start), "end": iso(end), "limit": PAGE_LIMIT}
        found: dict[Symbol, list[Bar]] = {}
        for route, asked in self._split(symbols, _BARS, {"adjustment": "split"}):
            await self._collect(found, route, span | asked)
        closed_by = min(end, self._clock.now())
        closed = {
            symbol: [bar for bar in bars if bar.is_closed(timeframe, closed_by)] for symbol, bars in found.items()
        }
        return {symbol: bars for symbol, bars in closed.items() if bars}

    async def latest_prices(self, symbols: Collection[Symbol]) -> Mapping[Symbol, Decimal]:
        wanted = {str(symbol): symbol for symbol in sorted(symbols)}
        found: dict[str, Decimal] = {}
        for route, asked in self._split(wanted.values(), _LATEST_TRADES, {}):
            found |= read(parsing.latest_prices, await self._get(route, asked))
        return {wanted[name]: price for name, price in found.items() if name in wanted}

    def _split(
        self, symbols: Collection[Symbol], routes: tuple[_Route, _Route], of_stocks: Mapping[str, str]
    ) -> Iterator[tuple[_Route, dict[str, str]]]:
        stocks = [symbol for symbol in symbols if not symbol.is_crypto]
        pairs = [symbol for symbol in symbols if symbol.is_crypto]
        if stocks:
            yield routes[0], {"feed": self._feed, **of_stocks, "symbols": ",".join(stocks)}
        if pairs:
            yield routes[1], {"symbols": ",".join(pairs)}

    async def _collect(self, found: dict[Symbol, list[Bar]], route: _Route, asked: Mapping[str, object]) -> None:
        """Collect all pages of one route; symbols that were not asked for are ignored."""
        wanted = {symbol: Symbol(symbol) for symbol in str(asked["symbols"]).split(",")}
        token: str | None = None
        while True:
            answer = await self._get(route, {**asked, **({"page_token": token} if token else {})})
            page, following = read(parsing.bars_page, answer)
            for name, bars in page.items():
                symbol = wanted.get(canonical_or_raw(name))
                if symbol is not None:
                    found.setdefault(symbol, []).extend(bars)
            if following is None:
                return
            if following == token:
                raise Ambiguous(f"the market data repeats the page {token}")
            token = following

    async def _get(self, route: _Route, asked: Mapping[str, object]) -> Answer:
        path, version = route
        return await self._ask("GET", path, asked, version=version)
