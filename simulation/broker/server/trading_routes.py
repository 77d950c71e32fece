"""Serve the trading API: account, clock, assets, orders, positions."""

from collections.abc import Sequence
from datetime import date

from aiohttp import web

from simulation.broker.engine import SimulatedBroker
from simulation.broker.errors import malformed, not_found
from simulation.broker.listing import listed_orders
from simulation.broker.parsing import decimal_of, order_changes, order_request
from simulation.broker.server.gateway import ACCOUNT
from simulation.broker.server.reading import day, is_true, json_object, orders_query
from simulation.broker.views import (
    account_json,
    asset_json,
    clock_json,
    order_json,
    position_json,
    replacement_json,
    session_json,
    submission_json,
)
from simulation.market.sessions import exchange_date


class TradingRoutes:
    """The handlers below `/v2`, each for the account its keys name."""

    def __init__(self, broker: SimulatedBroker) -> None:
        self._broker = broker

    def table(self) -> Sequence[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/v2/account", self.account),
            web.get("/v2/clock", self.clock),
            web.get("/v2/calendar", self.calendar),
            web.get("/v2/assets", self.assets),
            web.get("/v2/assets/{symbol:.+}", self.asset),
            web.post("/v2/orders", self.submit),
            web.get("/v2/orders", self.orders),
            web.delete("/v2/orders", self.cancel_all),
            web.get("/v2/orders:by_client_order_id", self.order_by_client_id),
            web.get("/v2/orders/{order_id}", self.order),
            web.patch("/v2/orders/{order_id}", self.replace),
            web.delete("/v2/orders/{order_id}", self.cancel),
            web.get("/v2/positions", self.positions),
            web.get("/v2/positions/{symbol}", self.position),
            web.delete("/v2/positions/{symbol}", self.close_position),
        ]

    async def account(self, request: web.Request) -> web.Response:
        """Show the account's cash, equity, buying power and flags."""
        account = request[ACCOUNT]
        return web.json_response(account_json(account, self._broker.valuation(account)))

    async def clock(self, _: web.Request) -> web.Response:
        """Show the market's time."""
        return web.json_response(clock_json(self._broker.clock))

    async def calendar(self, request: web.Request) -> web.Response:
        """List sessions from `start` to `end`; without them, those of this year."""
        year = exchange_date(self._broker.clock.now).year
        first = day(request.query, "start") or date(year, 1, 1)
        last = day(request.query, "end") or date(max(year, first.year), 12, 31)
        sessions = self._broker.clock.calendar.between(first, last)
        return web.json_response([session_json(session) for session in sessions])

    async def assets(self, request: web.Request) -> web.Response:
        """List assets, of one class where asked for."""
        kind = request.query.get("asset_class")
        assets = (asset for asset in self._broker.assets if kind in {None, asset.asset_class})
        return web.json_response([asset_json(asset) for asset in assets])

    async def asset(self, request: web.Request) -> web.Response:
        """Show one asset, by symbol or id."""
        name = request.match_info["symbol"]
        asset = self._broker.assets.find(name)
        if asset is None:
            raise not_found(f"asset not found for {name}")
        return web.json_response(asset_json(asset))

    async def submit(self, request: web.Request) -> web.Response:
        """Place an order; the answer shows it before it has filled."""
        order = self._broker.submit(request[ACCOUNT], order_request(await json_object(request)))
        return web.json_response(submission_json(order))

    async def replace(self, request: web.Request) -> web.Response:
        """Replace an order by one with other terms; the answer shows the new one before it has filled."""
        wanted = order_changes(await json_object(request))
        order = self._broker.replace(request[ACCOUNT], request.match_info["order_id"], wanted)
        return web.json_response(replacement_json(order))

    async def orders(self, request: web.Request) -> web.Response:
        """List orders."""
        query = orders_query(request.query)
        orders = listed_orders(self._broker.seen_orders(request[ACCOUNT]), query)
        return web.json_response([order_json(order, nested=query.nested) for order in orders])

    async def cancel_all(self, request: web.Request) -> web.Response:
        """Cancel every open order and say so of each."""
        canceled = self._broker.cancel_all(request[ACCOUNT])
        answers = [{"id": order.id, "status": 200, "body": order_json(order)} for order in canceled]
        return web.json_response(answers, status=207)

    async def order(self, request: web.Request) -> web.Response:
        """Show one order; nested, with its legs."""
        seen = self._broker.seen_orders(request[ACCOUNT])
        order = self._broker.order(seen, request.match_info["order_id"])
        return web.json_response(order_json(order, nested=is_true(request.query, "nested")))

    async def order_by_client_id(self, request: web.Request) -> web.Response:
        """Show the order that was sent with a client order id, with its legs."""
        client_order_id = request.query.get("client_order_id")
        if not client_order_id:
            raise malformed("client_order_id is required")
        order = self._broker.order_by_client_id(self._broker.seen_orders(request[ACCOUNT]), client_order_id)
        return web.json_response(order_json(order, nested=True))

    async def cancel(self, request: web.Request) -> web.Response:
        """Cancel one order and its group."""
        self._broker.cancel(request[ACCOUNT], request.match_info["order_id"])
        return web.Response(status=204)

    async def positions(self, request: web.Request) -> web.Response:
        """List positions by symbol."""
        account, market = self._broker.seen_positions(request[ACCOUNT]), self._broker.market
        held = sorted(account.positions.items())
        return web.json_response([position_json(position, account, market) for _, position in held])

    async def position(self, request: web.Request) -> web.Response:
        """Show one position, by symbol without slash or by asset id."""
        account = self._broker.seen_positions(request[ACCOUNT])
        held = self._broker.position(account, request.match_info["symbol"])
        return web.json_response(position_json(held, account, self._broker.market))

    async def close_position(self, request: web.Request) -> web.Response:
        """Close a position at the market, or `qty` of it."""
        wanted = request.query.get("qty")
        quantity = None if wanted is None else decimal_of(wanted, "qty")
        order = self._broker.close_position(request[ACCOUNT], request.match_info["symbol"], quantity)
        return web.json_response(submission_json(order))
