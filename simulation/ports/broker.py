"""`argo.ports.Broker` in memory: one account of the simulated broker, without HTTP between."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from argo.adapters.alpaca import parsing
from argo.adapters.alpaca.outcome import Answer, fault
from argo.domain.account import Asset, BrokerAccount, MarketClock, Position
from argo.domain.orders import BrokerOrder
from argo.domain.symbols import Symbol
from simulation.broker import Account, BrokerError, Order, SimulatedBroker, order_changes, order_request, views
from simulation.broker.account import OrdersQuery
from simulation.broker.identifiers import request_id

_ORDERS = "/v2/orders"
_BY_CLIENT_ID = f"{_ORDERS}:by_client_order_id"


class InMemoryBroker:
    """One trading account, which answers what `AlpacaBroker` reads from the broker's HTTP face.

    A call is done when it returns, and waits for nothing. What the account's `Behaviour` does to it (views that
    lag, slow cancellations, late rejections) it does here too. What goes wrong on a wire is left to whoever wraps
    this, and so is the adapter's own request budget.
    """

    def __init__(self, broker: SimulatedBroker, key_id: str) -> None:
        """Trade for the account of a key.

        Raises:
            KeyError: there is none.
        """
        self._broker = broker
        self._account = broker.accounts[key_id]

    async def account(self) -> BrokerAccount:
        self._broker.tick()
        return parsing.account(views.account_json(self._account, self._broker.valuation(self._account)))

    async def clock(self) -> MarketClock:
        self._broker.tick()
        return parsing.clock(views.clock_json(self._broker.clock))

    async def positions(self) -> Sequence[Position]:
        self._broker.tick()
        seen = self._broker.seen_positions(self._account)
        held = (position for _, position in sorted(seen.positions.items()))
        return [parsing.position(views.position_json(position, seen, self._broker.market)) for position in held]

    async def open_orders(self, *, nested: bool = True) -> Sequence[BrokerOrder]:
        return self._listed(OrdersQuery(status="open", nested=nested, limit=None))

    async def closed_orders(self, symbol: Symbol, *, since: datetime) -> Sequence[BrokerOrder]:
        return self._listed(OrdersQuery(status="closed", symbols=frozenset({symbol}), after=since, limit=None))

    async def replace(self, order_id: str, *, stop_price: Decimal) -> BrokerOrder:
        changes = {"stop_price": str(stop_price)}
        with self._asked("PATCH", f"{_ORDERS}/{order_id}", json.dumps(changes)) as request:
            order = self._broker.replace(self._account, order_id, order_changes(changes))
            return _named(parsing.order(views.replacement_json(order)), request)

    async def asset(self, symbol: Symbol) -> Asset | None:
        self._broker.tick()
        asset = self._broker.assets.find(symbol.joined)
        return None if asset is None else parsing.asset(views.asset_json(asset))

    async def submit(self, body: Mapping[str, object]) -> BrokerOrder:
        with self._asked("POST", _ORDERS, json.dumps(body)) as request:
            order = self._broker.submit(self._account, order_request(body))
            return _named(parsing.order(views.submission_json(order)), request)

    async def order(self, order_id: str) -> BrokerOrder | None:
        with self._asked("GET", f"{_ORDERS}/{order_id}", "nested=true") as request:
            return _found(self._seen().orders.get(order_id), request)

    async def order_by_client_id(self, client_order_id: str) -> BrokerOrder | None:
        asked = f"client_order_id={client_order_id}&nested=true"
        with self._asked("GET", _BY_CLIENT_ID, asked) as request:
            return _found(self._seen().order_by_client_id(client_order_id), request)

    async def cancel(self, order_id: str) -> bool:
        self._broker.tick()
        try:
            self._broker.cancel(self._account, order_id)
        except BrokerError:
            return False
        return True

    def _listed(self, query: OrdersQuery) -> list[BrokerOrder]:
        self._broker.tick()
        return [_as_it_is(order, nested=query.nested) for order in self._seen().listed(query)]

    def _seen(self) -> Account:
        return self._broker.seen_orders(self._account)

    @contextmanager
    def _asked(self, method: str, path: str, asked: str) -> Iterator[str]:
        """Give the id of a request's answer, and sort the broker's refusal as the adapter sorts it."""
        self._broker.tick()
        now = self._broker.clock.now
        request = request_id(self._account.key_id, method, path, asked, now)
        try:
            yield request
        except BrokerError as error:
            answer = Answer(error.status, {"X-Request-ID": request}, error.body)
            raise (fault(answer, now) or error) from error


def _found(order: Order | None, request: str) -> BrokerOrder | None:
    return None if order is None else _named(_as_it_is(order, nested=True), request)


def _named(order: BrokerOrder, request: str) -> BrokerOrder:
    return order.model_copy(update={"request_id": request})


def _as_it_is(order: Order, *, nested: bool) -> BrokerOrder:
    legs = order.legs if nested else ()
    return _read(order, len(order.past), tuple((leg, len(leg.past)) for leg in legs), nested)


@lru_cache(maxsize=1_000)
def _read(order: Order, _changes: int, _legs: tuple[tuple[Order, int], ...], nested: bool) -> BrokerOrder:
    """Read an order anew only when it or a leg has changed: most are looked at far more often."""
    return parsing.order(views.order_json(order, nested=nested))
