"""Serve what a test or benchmark needs to know and change from outside: faults, counts, an account's treatment."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from aiohttp import web
from pydantic import TypeAdapter

from simulation.broker.account import Account
from simulation.broker.behaviour import Behaviour
from simulation.broker.engine import SimulatedBroker
from simulation.broker.errors import BrokerError
from simulation.broker.parsing import order_request
from simulation.broker.server.faults import Fault, Faults
from simulation.broker.server.gateway import CONTROL_PREFIX
from simulation.broker.server.reading import json_object, validated
from simulation.broker.views import moment, order_json

_FAULT_LIST = TypeAdapter(list[Fault])
_BEHAVIOUR = TypeAdapter(Behaviour)
_LIMITS = TypeAdapter(dict[str, Decimal])


class ControlRoutes:
    """The handlers below `/_simulation`, without keys; they are neither counted nor struck by faults."""

    def __init__(self, broker: SimulatedBroker, faults: Faults, requests: Counter[str]) -> None:
        self._broker = broker
        self._faults = faults
        self._requests = requests

    def table(self) -> Sequence[web.RouteDef]:
        """Return the routes."""
        faults, account = f"{CONTROL_PREFIX}faults", f"{CONTROL_PREFIX}accounts/{{key_id}}"
        return [
            web.get(faults, self.waiting),
            web.put(faults, self.replace),
            web.post(faults, self.add),
            web.delete(faults, self.clear),
            web.get(f"{CONTROL_PREFIX}state", self.state),
            web.get(f"{account}/behaviour", self.behaviour),
            web.put(f"{account}/behaviour", self.behave),
            web.delete(f"{account}/behaviour", self.behave_well),
            web.post(f"{account}/trades", self.trade_by_hand),
            web.put(f"{CONTROL_PREFIX}liquidity", self.limit),
        ]

    async def waiting(self, _: web.Request) -> web.Response:
        """List the faults that are still to strike."""
        return _shown(_FAULT_LIST, list(self._faults.waiting))

    async def replace(self, request: web.Request) -> web.Response:
        """Set the faults to a list of them."""
        faults = await validated(request, _FAULT_LIST)
        self._faults.clear()
        self._faults.add(*faults)
        return await self.waiting(request)

    async def add(self, request: web.Request) -> web.Response:
        """Put a list of faults behind those that wait."""
        self._faults.add(*await validated(request, _FAULT_LIST))
        return await self.waiting(request)

    async def clear(self, _: web.Request) -> web.Response:
        """Remove every fault."""
        self._faults.clear()
        return web.Response(status=204)

    async def state(self, _: web.Request) -> web.Response:
        """Show the time, the requests counted by method and path template, and orders per account."""
        shown = {
            "now": moment(self._broker.clock.now),
            "requests": dict(sorted(self._requests.items())),
            "orders": {key_id: len(account.orders) for key_id, account in self._broker.accounts.items()},
            "faults_waiting": len(self._faults),
        }
        return web.json_response(shown)

    async def behaviour(self, request: web.Request) -> web.Response:
        """Show how the broker treats the account."""
        return _shown(_BEHAVIOUR, self._account(request).behaviour)

    async def behave(self, request: web.Request) -> web.Response:
        """Set how the broker treats the account: what the body leaves out is as it should be."""
        self._account(request).behaviour = await validated(request, _BEHAVIOUR)
        return await self.behaviour(request)

    async def behave_well(self, request: web.Request) -> web.Response:
        """Let the broker treat the account as it should."""
        self._account(request).behaviour = Behaviour()
        return web.Response(status=204)

    async def trade_by_hand(self, request: web.Request) -> web.Response:
        """Trade as a person does: the body of an order, and `cancels_exits`."""
        account, body = self._account(request), await json_object(request)
        self._broker.tick()
        cancels_exits = body.get("cancels_exits") is True
        try:
            order = self._broker.trade_by_hand(account, order_request(body), cancels_exits=cancels_exits)
        except BrokerError as error:
            return web.json_response(error.body, status=error.status)
        return web.json_response(order_json(order))

    async def limit(self, request: web.Request) -> web.Response:
        """Set how much each order fills at most, by client order id; orders left out fill wholly."""
        limits = await validated(request, _LIMITS)
        self._broker.fill_limits.clear()
        self._broker.fill_limits.update(limits)
        return web.Response(status=204)

    def _account(self, request: web.Request) -> Account:
        account = self._broker.accounts.get(request.match_info["key_id"])
        if account is None:
            raise web.HTTPNotFound(text="no such account")
        return account


def _shown[T](adapter: TypeAdapter[T], value: T) -> web.Response:
    return web.Response(body=adapter.dump_json(value), content_type="application/json")
