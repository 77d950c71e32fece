"""Serve what a test or benchmark needs to know and change from outside: faults and counts."""

from collections.abc import Sequence

from aiohttp import web
from pydantic import TypeAdapter

from simulation.broker.engine import SimulatedBroker
from simulation.broker.server.bodies import validated
from simulation.broker.server.faults import Fault, Faults
from simulation.broker.server.gateway import CONTROL_PREFIX, Gateway
from simulation.broker.views import moment

_FAULTS = f"{CONTROL_PREFIX}faults"
_LIST = TypeAdapter(list[Fault])


class ControlRoutes:
    """The handlers below `/_simulation`, without keys; they are neither counted nor struck by faults."""

    def __init__(self, broker: SimulatedBroker, faults: Faults, gateway: Gateway) -> None:
        self._broker = broker
        self._faults = faults
        self._gateway = gateway

    def table(self) -> Sequence[web.RouteDef]:
        """Return the routes."""
        return [
            web.get(_FAULTS, self.waiting),
            web.put(_FAULTS, self.replace),
            web.post(_FAULTS, self.add),
            web.delete(_FAULTS, self.clear),
            web.get(f"{CONTROL_PREFIX}state", self.state),
        ]

    async def waiting(self, _: web.Request) -> web.Response:
        """List the faults that are still to strike."""
        return web.Response(body=_LIST.dump_json(list(self._faults.waiting)), content_type="application/json")

    async def replace(self, request: web.Request) -> web.Response:
        """Set the faults to a list of them."""
        faults = await validated(request, _LIST)
        self._faults.clear()
        self._faults.add(*faults)
        return await self.waiting(request)

    async def add(self, request: web.Request) -> web.Response:
        """Put a list of faults behind those that wait."""
        self._faults.add(*await validated(request, _LIST))
        return await self.waiting(request)

    async def clear(self, _: web.Request) -> web.Response:
        """Remove every fault."""
        self._faults.clear()
        return web.Response(status=204)

    async def state(self, _: web.Request) -> web.Response:
        """Show the time, the requests counted by method and path template, and orders per account."""
        orders = {key_id: len(account.orders) for key_id, account in self._broker.accounts.items()}
        return web.json_response(
            {
                "now": moment(self._broker.clock.now),
                "requests": dict(sorted(self._gateway.requests.items())),
                "orders": orders,
                "faults_waiting": len(self._faults),
            }
        )
