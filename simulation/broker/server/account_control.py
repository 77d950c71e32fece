"""Serve what a test changes of one account from outside: behaviour, fills held back, trades by hand."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from aiohttp import web
from pydantic import TypeAdapter

from simulation.broker.account import Account
from simulation.broker.behaviour import Behaviour
from simulation.broker.engine import SimulatedBroker
from simulation.broker.errors import BrokerError
from simulation.broker.parsing import order_request
from simulation.broker.server.bodies import json_object, validated
from simulation.broker.server.gateway import CONTROL_PREFIX
from simulation.broker.views import order_json

_ACCOUNT = f"{CONTROL_PREFIX}accounts/{{key_id}}"
_BEHAVIOUR = TypeAdapter(Behaviour)
_LIMITS = TypeAdapter[Mapping[str, Decimal]](Mapping[str, Decimal])


class AccountControl:
    """The handlers below `/_simulation/accounts/{key_id}`, and the liquidity, which goes by client order id."""

    def __init__(self, broker: SimulatedBroker) -> None:
        self._broker = broker

    def table(self) -> Sequence[web.RouteDef]:
        """Return the routes."""
        return [
            web.get(f"{_ACCOUNT}/behaviour", self.behaviour),
            web.put(f"{_ACCOUNT}/behaviour", self.behave),
            web.delete(f"{_ACCOUNT}/behaviour", self.behave_well),
            web.post(f"{_ACCOUNT}/trades", self.trade_by_hand),
            web.put(f"{CONTROL_PREFIX}liquidity", self.limit),
        ]

    async def behaviour(self, request: web.Request) -> web.Response:
        """Show how the broker treats the account."""
        shown = _BEHAVIOUR.dump_json(self._account(request).behaviour)
        return web.Response(body=shown, content_type="application/json")

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
        try:
            order = self._broker.trade_by_hand(
                account, order_request(body), cancels_exits=body.get("cancels_exits") is True
            )
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
