"""Serve the trading API: account, clock, assets, orders, positions, each for the account its keys name."""

from datetime import date

from aiohttp import web

from simulation.broker import views
from simulation.broker.errors import malformed, not_found
from simulation.broker.parsing import decimal_of, order_changes, order_request
from simulation.broker.server.gateway import ACCOUNT, BROKER
from simulation.broker.server.reading import day, is_true, json_object, orders_query
from simulation.market.sessions import exchange_date

routes = web.RouteTableDef()


@routes.get("/v2/account")
async def account(request: web.Request) -> web.Response:
    valuation = request.app[BROKER].valuation(request[ACCOUNT])
    return web.json_response(views.account_json(request[ACCOUNT], valuation))


@routes.get("/v2/clock")
async def clock(request: web.Request) -> web.Response:
    return web.json_response(views.clock_json(request.app[BROKER].clock))


@routes.get("/v2/calendar")
async def calendar(request: web.Request) -> web.Response:
    """List sessions from `start` to `end`; without them, those of this year."""
    market_clock = request.app[BROKER].clock
    year = exchange_date(market_clock.now).year
    first = day(request.query, "start") or date(year, 1, 1)
    last = day(request.query, "end") or date(max(year, first.year), 12, 31)
    return web.json_response(
        [views.session_json(session) for session in market_clock.calendar.between(first, last)]
    )


@routes.get("/v2/assets")
async def assets(request: web.Request) -> web.Response:
    kind = request.query.get("asset_class")
    asked = (each for each in request.app[BROKER].assets if kind in {None, each.asset_class})
    return web.json_response([views.asset_json(each) for each in asked])


@routes.get("/v2/assets/{symbol:.+}")
async def asset(request: web.Request) -> web.Response:
    name = request.match_info["symbol"]
    found = request.app[BROKER].assets.find(name)
    if found is None:
        raise not_found(f"asset not found for {name}")
    return web.json_response(views.asset_json(found))


@routes.post("/v2/orders")
async def submit(request: web.Request) -> web.Response:
    """Place an order; the answer shows it before it has filled."""
    wanted = order_request(await json_object(request))
    return web.json_response(views.submission_json(request.app[BROKER].submit(request[ACCOUNT], wanted)))


@routes.patch("/v2/orders/{order_id}")
async def replace(request: web.Request) -> web.Response:
    """Replace an order by one with other terms; the answer shows the new one before it has filled."""
    wanted = order_changes(await json_object(request))
    new = request.app[BROKER].replace(request[ACCOUNT], request.match_info["order_id"], wanted)
    return web.json_response(views.replacement_json(new))


@routes.get("/v2/orders")
async def orders(request: web.Request) -> web.Response:
    query = orders_query(request.query)
    found = request.app[BROKER].seen_orders(request[ACCOUNT]).listed(query)
    return web.json_response([views.order_json(each, nested=query.nested) for each in found])


@routes.delete("/v2/orders")
async def cancel_all(request: web.Request) -> web.Response:
    canceled = request.app[BROKER].cancel_all(request[ACCOUNT])
    answers = [{"id": each.id, "status": 200, "body": views.order_json(each)} for each in canceled]
    return web.json_response(answers, status=207)


@routes.get("/v2/orders/{order_id}")
async def order(request: web.Request) -> web.Response:
    broker = request.app[BROKER]
    found = broker.order(broker.seen_orders(request[ACCOUNT]), request.match_info["order_id"])
    return web.json_response(views.order_json(found, nested=is_true(request.query, "nested")))


@routes.get("/v2/orders:by_client_order_id")
async def order_by_client_id(request: web.Request) -> web.Response:
    client_order_id = request.query.get("client_order_id")
    if not client_order_id:
        raise malformed("client_order_id is required")
    broker = request.app[BROKER]
    found = broker.order_by_client_id(broker.seen_orders(request[ACCOUNT]), client_order_id)
    return web.json_response(views.order_json(found, nested=True))


@routes.delete("/v2/orders/{order_id}")
async def cancel(request: web.Request) -> web.Response:
    request.app[BROKER].cancel(request[ACCOUNT], request.match_info["order_id"])
    return web.Response(status=204)


@routes.get("/v2/positions")
async def positions(request: web.Request) -> web.Response:
    seen, market = request.app[BROKER].seen_positions(request[ACCOUNT]), request.app[BROKER].market
    held = sorted(seen.positions.items())
    return web.json_response([views.position_json(each, seen, market) for _, each in held])


@routes.get("/v2/positions/{symbol}")
async def position(request: web.Request) -> web.Response:
    broker = request.app[BROKER]
    seen = broker.seen_positions(request[ACCOUNT])
    held = broker.position(seen, request.match_info["symbol"])
    return web.json_response(views.position_json(held, seen, broker.market))


@routes.delete("/v2/positions/{symbol}")
async def close_position(request: web.Request) -> web.Response:
    """Close a position at the market, or `qty` of it."""
    wanted = request.query.get("qty")
    quantity = None if wanted is None else decimal_of(wanted, "qty")
    closing = request.app[BROKER].close_position(request[ACCOUNT], request.match_info["symbol"], quantity)
    return web.json_response(views.submission_json(closing))
