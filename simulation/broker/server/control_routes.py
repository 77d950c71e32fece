"""Serve what a test or benchmark needs to know and change from outside: faults, counts, an account's treatment.

All is below `/_simulation`, without keys, and neither counted nor struck by faults.
"""

from decimal import Decimal

from aiohttp import web
from pydantic import TypeAdapter

from simulation.broker.account import Account
from simulation.broker.behaviour import Behaviour
from simulation.broker.errors import BrokerError
from simulation.broker.parsing import order_request
from simulation.broker.server.faults import Fault
from simulation.broker.server.gateway import BROKER, CONTROL_PREFIX, FAULTS, REQUESTS
from simulation.broker.server.reading import json_object, validated
from simulation.broker.views import moment, order_json

_FAULT_LIST = TypeAdapter(list[Fault])
_BEHAVIOUR = TypeAdapter(Behaviour)
_LIMITS = TypeAdapter(dict[str, Decimal])

_FAULTS_PATH = f"{CONTROL_PREFIX}faults"
_ACCOUNT_PATH = f"{CONTROL_PREFIX}accounts/{{key_id}}"
_BEHAVIOUR_PATH = f"{_ACCOUNT_PATH}/behaviour"

routes = web.RouteTableDef()


@routes.get(_FAULTS_PATH)
async def waiting_faults(request: web.Request) -> web.Response:
    return _shown(_FAULT_LIST, list(request.app[FAULTS].waiting))


@routes.put(_FAULTS_PATH)
async def replace_faults(request: web.Request) -> web.StreamResponse:
    faults = await validated(request, _FAULT_LIST)
    request.app[FAULTS].clear()
    request.app[FAULTS].add(*faults)
    return await waiting_faults(request)


@routes.post(_FAULTS_PATH)
async def add_faults(request: web.Request) -> web.StreamResponse:
    request.app[FAULTS].add(*await validated(request, _FAULT_LIST))
    return await waiting_faults(request)


@routes.delete(_FAULTS_PATH)
async def clear_faults(request: web.Request) -> web.Response:
    request.app[FAULTS].clear()
    return web.Response(status=204)


@routes.get(f"{CONTROL_PREFIX}state")
async def state(request: web.Request) -> web.Response:
    """Show the time, the requests counted by method and path template, and orders per account."""
    broker = request.app[BROKER]
    shown = {
        "now": moment(broker.clock.now),
        "requests": dict(sorted(request.app[REQUESTS].items())),
        "orders": {key_id: len(account.orders) for key_id, account in broker.accounts.items()},
        "faults_waiting": len(request.app[FAULTS].waiting),
    }
    return web.json_response(shown)


@routes.get(_BEHAVIOUR_PATH)
async def behaviour(request: web.Request) -> web.Response:
    return _shown(_BEHAVIOUR, _account(request).behaviour)


@routes.put(_BEHAVIOUR_PATH)
async def set_behaviour(request: web.Request) -> web.StreamResponse:
    """Set how the broker treats the account: what the body leaves out is as it should be."""
    _account(request).behaviour = await validated(request, _BEHAVIOUR)
    return await behaviour(request)


@routes.delete(_BEHAVIOUR_PATH)
async def reset_behaviour(request: web.Request) -> web.Response:
    _account(request).behaviour = Behaviour()
    return web.Response(status=204)


@routes.post(f"{_ACCOUNT_PATH}/trades")
async def trade_by_hand(request: web.Request) -> web.Response:
    """Trade as a person does: the body of an order, and `cancels_exits`."""
    account, body, broker = _account(request), await json_object(request), request.app[BROKER]
    broker.tick()
    cancels_exits = body.get("cancels_exits") is True
    try:
        order = broker.trade_by_hand(account, order_request(body), cancels_exits=cancels_exits)
    except BrokerError as error:
        return web.json_response(error.body, status=error.status)
    return web.json_response(order_json(order))


@routes.put(f"{CONTROL_PREFIX}liquidity")
async def set_fill_limits(request: web.Request) -> web.Response:
    """Set how much each order fills at most, by client order id; orders left out fill wholly."""
    limits = await validated(request, _LIMITS)
    request.app[BROKER].fill_limits.clear()
    request.app[BROKER].fill_limits.update(limits)
    return web.Response(status=204)


def _account(request: web.Request) -> Account:
    account = request.app[BROKER].accounts.get(request.match_info["key_id"])
    if account is None:
        raise web.HTTPNotFound(text="no such account")
    return account


def _shown[T](adapter: TypeAdapter[T], value: T) -> web.Response:
    return web.Response(body=adapter.dump_json(value), content_type="application/json")
