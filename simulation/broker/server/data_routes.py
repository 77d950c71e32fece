"""Serve market data: bars, latest bars, trades and quotes of stocks and crypto."""

from collections.abc import Callable, Sequence
from datetime import datetime

from aiohttp import web

from simulation.broker.engine import SimulatedBroker
from simulation.broker.errors import BrokerError
from simulation.broker.market import BarsQuery, bars_page, latest_bar, stamp
from simulation.broker.server.reading import instant, names, whole
from simulation.broker.views import Json, moment
from simulation.market.bar_history import Bar
from simulation.market.timeframe import DAILY, Timeframe

_STOCKS = "/v2/stocks"
_CRYPTO = "/v1beta3/crypto/us"
_LOT = 100


class DataRoutes:
    """The market data API for every symbol the broker's market knows.

    A symbol without data is absent from an answer, not an error. The bar that is forming is shown of
    crypto, as Alpaca does, and of stocks where `forming_stock_bars` is set.
    """

    def __init__(self, broker: SimulatedBroker, *, forming_stock_bars: bool = False) -> None:
        self._broker = broker
        self._forming_stock_bars = forming_stock_bars

    def table(self) -> Sequence[web.RouteDef]:
        """Return the routes."""
        return [
            web.get(f"{_STOCKS}/bars", self.bars),
            web.get(f"{_STOCKS}/bars/latest", self.latest_bars),
            web.get(f"{_STOCKS}/trades/latest", self.latest_trades),
            web.get(f"{_STOCKS}/quotes/latest", self.latest_quotes),
            web.get(f"{_CRYPTO}/bars", self.bars),
            web.get(f"{_CRYPTO}/latest/bars", self.latest_bars),
            web.get(f"{_CRYPTO}/latest/trades", self.latest_trades),
            web.get(f"{_CRYPTO}/latest/quotes", self.latest_quotes),
        ]

    async def bars(self, request: web.Request) -> web.Response:
        """List bars; without `start` those of the current day."""
        now = self._broker.clock.now
        try:
            timeframe = Timeframe.parse(request.query.get("timeframe", ""))
        except ValueError as error:
            raise BrokerError(400, str(error)) from None
        query = BarsQuery(
            symbols=_symbols(request),
            timeframe=timeframe,
            start=instant(request.query, "start") or stamp(now, DAILY),
            end=instant(request.query, "end") or now,
            limit=whole(request.query, "limit", 1000, most=10_000),
            descending=request.query.get("sort") == "desc",
            page_token=request.query.get("page_token"),
        )
        bars, next_page = bars_page(self._broker.market, query, forming=self._shows_forming(request), now=now)
        shown = {symbol: [_bar_json(at, bar) for at, bar in stamped] for symbol, stamped in bars.items()}
        return web.json_response({"bars": shown, "next_page_token": next_page})

    async def latest_bars(self, request: web.Request) -> web.Response:
        """Show the last bar of each symbol."""
        market, forming = self._broker.market, self._shows_forming(request)
        found = {symbol: latest_bar(market, symbol, forming=forming) for symbol in _symbols(request)}
        bars = {symbol: _bar_json(stamp(bar.start, market.timeframe), bar) for symbol, bar in found.items() if bar}
        return web.json_response({"bars": bars})

    async def latest_trades(self, request: web.Request) -> web.Response:
        """Show the last price of each symbol."""
        return self._latest(request, "trades", lambda at, p: {"t": at, "x": "V", "p": p, "s": _LOT, "z": "C"})

    async def latest_quotes(self, request: web.Request) -> web.Response:
        """Show bid and ask of each symbol: both the last price, at which the engine fills."""
        return self._latest(
            request,
            "quotes",
            lambda at, p: {"t": at, "ap": p, "as": _LOT, "ax": "V", "bp": p, "bs": _LOT, "bx": "V", "z": "C"},
        )

    def _latest(self, request: web.Request, kind: str, show: Callable[[str | None, float], Json]) -> web.Response:
        market = self._broker.market
        known = [symbol for symbol in _symbols(request) if symbol in market.prices]
        shown = {symbol: show(moment(market.traded_at[symbol]), float(market.prices[symbol])) for symbol in known}
        return web.json_response({kind: shown})

    def _shows_forming(self, request: web.Request) -> bool:
        return request.path.startswith(_CRYPTO) or self._forming_stock_bars


def _symbols(request: web.Request) -> list[str]:
    symbols = names(request.query, "symbols")
    if not symbols:
        raise BrokerError(400, "symbols is required")
    return symbols


def _bar_json(at: datetime, bar: Bar) -> Json:
    """Show a bar; its trades are unknown, so `n` is 0 and `vw` the mean of high, low and close."""
    return {
        "t": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "o": float(bar.open),
        "h": float(bar.high),
        "l": float(bar.low),
        "c": float(bar.close),
        "v": float(bar.volume),
        "n": 0,
        "vw": round(float(bar.high + bar.low + bar.close) / 3, 6),
    }
