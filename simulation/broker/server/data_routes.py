"""Serve market data: bars, latest bars, trades and quotes of every stock and coin the broker's market knows.

A symbol without data is absent from an answer, not an error. The bar that is forming is shown of crypto, as Alpaca
does, and of stocks where `FORMING_STOCK_BARS` is set.
"""

from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from simulation.broker.errors import BrokerError
from simulation.broker.market import StampedBar, latest_bar, stamp, stamped_bars
from simulation.broker.server.gateway import BROKER
from simulation.broker.server.reading import instant, names, whole
from simulation.broker.views import Json, moment
from simulation.market.bar_history import DAILY, Bar, Timeframe

FORMING_STOCK_BARS = web.AppKey("forming_stock_bars", bool)
_STOCKS = "/v2/stocks"
_CRYPTO = "/v1beta3/crypto/us"
_LOT = 100

routes = web.RouteTableDef()


@routes.get(f"{_STOCKS}/bars")
@routes.get(f"{_CRYPTO}/bars")
async def bars(request: web.Request) -> web.Response:
    """List bars, symbols in alphabetical order, the limit over all of them; without `start` those of today."""
    query, market, now = request.query, request.app[BROKER].market, request.app[BROKER].clock.now
    try:
        timeframe = Timeframe.parse(query.get("timeframe", ""))
    except ValueError as error:
        raise BrokerError(400, str(error)) from None
    symbols, forming = sorted(set(_symbols(request))), _shows_forming(request)
    start, end = instant(query, "start") or stamp(now, DAILY), instant(query, "end") or now
    limit = whole(query, "limit", 1000, most=10_000)
    order = -1 if query.get("sort") == "desc" else 1
    rows: list[StampedBar] = []
    for symbol in symbols:
        rows += stamped_bars(market, symbol, timeframe, start=start, end=end, now=now, forming=forming)[::order]
    page, next_page = _page(rows, limit, query.get("page_token"))
    shown: dict[str, list[Json]] = {}
    for at, bar in page:
        shown.setdefault(bar.symbol, []).append(_bar_json(at, bar))
    return web.json_response({"bars": shown, "next_page_token": next_page})


@routes.get(f"{_STOCKS}/bars/latest")
@routes.get(f"{_CRYPTO}/latest/bars")
async def latest_bars(request: web.Request) -> web.Response:
    market, forming = request.app[BROKER].market, _shows_forming(request)
    found = {symbol: latest_bar(market, symbol, forming=forming) for symbol in _symbols(request)}
    shown = {symbol: _bar_json(stamp(bar.start, market.timeframe), bar) for symbol, bar in found.items() if bar}
    return web.json_response({"bars": shown})


@routes.get(f"{_STOCKS}/trades/latest")
@routes.get(f"{_CRYPTO}/latest/trades")
async def latest_trades(request: web.Request) -> web.Response:
    return _latest(request, "trades", lambda at, p: {"t": at, "x": "V", "p": p, "s": _LOT, "z": "C"})


@routes.get(f"{_STOCKS}/quotes/latest")
@routes.get(f"{_CRYPTO}/latest/quotes")
async def latest_quotes(request: web.Request) -> web.Response:
    """Show bid and ask of each symbol: both the last price, at which the engine fills."""
    return _latest(
        request,
        "quotes",
        lambda at, p: {"t": at, "ap": p, "as": _LOT, "ax": "V", "bp": p, "bs": _LOT, "bx": "V", "z": "C"},
    )


def _page(rows: list[StampedBar], limit: int, token: str | None) -> tuple[list[StampedBar], str | None]:
    first = next((index for index, row in enumerate(rows) if _token(row) == token), None) if token else 0
    if first is None:
        raise BrokerError(400, f"invalid page_token: {token}")
    after = first + limit
    return rows[first:after], _token(rows[after]) if after < len(rows) else None


def _token(row: StampedBar) -> str:
    at, bar = row
    return urlsafe_b64encode(f"{bar.symbol}|{at.isoformat()}".encode()).decode()


def _latest(request: web.Request, kind: str, show: Callable[[str | None, float], Json]) -> web.Response:
    market = request.app[BROKER].market
    known = [symbol for symbol in _symbols(request) if symbol in market.prices]
    shown = {symbol: show(moment(market.traded_at[symbol]), float(market.prices[symbol])) for symbol in known}
    return web.json_response({kind: shown})


def _shows_forming(request: web.Request) -> bool:
    return request.path.startswith(_CRYPTO) or request.app[FORMING_STOCK_BARS]


def _symbols(request: web.Request) -> list[str]:
    symbols = names(request.query, "symbols")
    if not symbols:
        raise BrokerError(400, "symbols is required")
    return symbols


def _bar_json(at: datetime, bar: Bar) -> Json:
    """Show a bar; its trades are unknown, so `n` is 0 and `vw` the mean of high, low and close."""
    prices = {name[0]: float(getattr(bar, name)) for name in ("open", "high", "low", "close", "volume")}
    typical = round(float(bar.high + bar.low + bar.close) / 3, 6)
    return {"t": f"{at:%Y-%m-%dT%H:%M:%SZ}", **prices, "n": 0, "vw": typical}
