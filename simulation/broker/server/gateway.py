"""Lead every request to its route: faults, keys, rate limit, errors and the headers of each answer."""

import asyncio
import json
from collections import Counter
from datetime import datetime

from aiohttp import web
from aiohttp.typedefs import Handler

from simulation.broker.account import Account
from simulation.broker.engine import SimulatedBroker
from simulation.broker.errors import BrokerError, not_found
from simulation.broker.identifiers import request_id
from simulation.broker.server import callers
from simulation.broker.server.faults import Fault, Faults

CONTROL_PREFIX = "/_simulation/"
_CRYPTO_DATA_PREFIX = "/v1beta3/crypto/"
_STOCK_DATA_PREFIX = "/v2/stocks/"


class RateLimiter:
    """A budget of requests per key, as Alpaca's 200 a minute, that fills up at each full minute.

    Without a limit it never runs out. In a replay a whole bar is one moment.
    """

    def __init__(self, limit: int | None) -> None:
        self._limit = limit or 200
        self._is_enforced = limit is not None
        self._spent: dict[str, tuple[int, int]] = {}

    def take(self, key: str, now: datetime) -> tuple[bool, dict[str, str]]:
        """Spend one request of a key; return whether there was one, and the headers every answer carries."""
        minute = int(now.timestamp()) // 60
        counted_in, spent = self._spent.get(key, (minute, 0))
        spent = spent if counted_in == minute and self._is_enforced else 0
        is_left = spent < self._limit
        spent += is_left
        self._spent[key] = minute, spent
        headers = {"Limit": self._limit, "Remaining": self._limit - spent, "Reset": (minute + 1) * 60}
        return is_left, {f"X-RateLimit-{name}": str(value) for name, value in headers.items()}


ACCOUNT = web.RequestKey("account", Account)
BROKER = web.AppKey("broker", SimulatedBroker)
FAULTS = web.AppKey("faults", Faults)
HOST = web.AppKey("host", str)
LIMITER = web.AppKey("limiter", RateLimiter)
REQUESTS: web.AppKey[Counter[str]] = web.AppKey("requests", Counter)


@web.middleware
async def handle(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Lead a request to its handler and back: counted, struck by a fault, authenticated, throttled, answered."""
    is_control = request.path.startswith(CONTROL_PREFIX)
    foreign = callers.refusal(
        request.headers, host=request.app[HOST], needs_json=is_control and request.can_read_body
    )
    if foreign is not None:
        return web.json_response({"message": foreign}, status=403)
    if is_control:
        return await handler(request)
    request.app[REQUESTS][_template(request)] += 1
    name = await _name(request, request.app[BROKER].clock.now)
    fault = request.app[FAULTS].strike(request.method, request.path)
    struck = await _inflict(fault, request) if fault and not fault.after else None
    response = struck or await _answer(request, handler)
    if fault and fault.after:
        response = await _inflict(fault, request) or response
    response.headers["X-Request-ID"] = name
    return response


async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    is_data = request.path.startswith((_CRYPTO_DATA_PREFIX, _STOCK_DATA_PREFIX))
    budget = f"{_key_id(request)} {'data' if is_data else 'trading'}"
    is_left, headers = request.app[LIMITER].take(budget, request.app[BROKER].clock.now)
    try:
        response = await _admit(request, handler, is_left=is_left)
    except BrokerError as error:
        response = web.json_response(error.body, status=error.status)
    except web.HTTPNotFound:
        response = web.json_response(not_found("endpoint not found").body, status=404)
    except web.HTTPMethodNotAllowed:
        response = web.json_response({"message": "method not allowed"}, status=405)
    response.headers.update(headers)
    return response


async def _admit(request: web.Request, handler: Handler, *, is_left: bool) -> web.StreamResponse:
    broker = request.app[BROKER]
    if not request.path.startswith(_CRYPTO_DATA_PREFIX):
        request[ACCOUNT] = _account_of(broker, request)
    if not is_left:
        raise BrokerError(429, "rate limit exceeded", code=42910000)
    broker.tick()
    return await handler(request)


def _account_of(broker: SimulatedBroker, request: web.Request) -> Account:
    """Return the account that a request's key is of.

    Raises:
        BrokerError: of none.
    """
    key_id, secret = _key_id(request), request.headers.get("APCA-API-SECRET-KEY")
    for account in broker.accounts.values():
        secrets = {account.settings.key_id: account.settings.secret_key, **account.settings.other_keys}
        if secret is not None and secrets.get(key_id) == secret:
            return account
    raise BrokerError(401, "unauthorized.")


async def _inflict(fault: Fault, request: web.Request) -> web.StreamResponse | None:
    if fault.delay_seconds:
        await asyncio.sleep(fault.delay_seconds)
    if fault.drop:
        if request.transport is not None:
            request.transport.abort()
        return web.Response()
    if fault.status is None:
        return None
    if isinstance(fault.body, str):
        return web.Response(status=fault.status, text=fault.body, headers=fault.headers)
    text = json.dumps({} if fault.body is None else fault.body)
    headers = {"Content-Type": "application/json", **fault.headers}
    return web.Response(status=fault.status, body=text.encode(), headers=headers)


async def _name(request: web.Request, at: datetime) -> str:
    query = "&".join(f"{name}={value}" for name, value in sorted(request.query.items()))
    body = (await request.read()).decode(errors="replace")
    return request_id(_key_id(request), request.method, request.path, query + body, at)


def _key_id(request: web.Request) -> str:
    return request.headers.get("APCA-API-KEY-ID", "")


def _template(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return f"{request.method} {resource.canonical if resource else 'unknown path'}"
