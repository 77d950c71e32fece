"""`argo.ports.Broker` at Alpaca's trading API."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property

from argo.adapters.alpaca import parsing
from argo.adapters.alpaca.outcome import NOT_FOUND, Answer, is_no_such_order, read
from argo.adapters.alpaca.rate_limit import RequestBudget
from argo.adapters.alpaca.transport import Api
from argo.domain.account import Asset, BrokerAccount, MarketClock, Position
from argo.domain.orders import BrokerOrder
from argo.domain.symbols import Symbol
from argo.domain.values import iso

ORDERS_LIMIT = 500
"""Orders in one answer at most (reference: get all orders, ``limit``)."""


class AlpacaBroker(Api):
    """One trading account at Alpaca: every method sends one request, but lists of orders, a page each."""

    @cached_property
    def _budget(self) -> RequestBudget:
        return RequestBudget(self._clock)

    async def account(self) -> BrokerAccount:
        return read(parsing.account, await self._ask("GET", "/account"))

    async def clock(self) -> MarketClock:
        return read(parsing.clock, await self._ask("GET", "/clock"))

    async def positions(self) -> Sequence[Position]:
        return read(parsing.positions, await self._ask("GET", "/positions"))

    async def open_orders(self, *, nested: bool = True) -> Sequence[BrokerOrder]:
        return await self._orders({"status": "open", "nested": str(nested).lower()})

    async def closed_orders(self, symbol: Symbol, *, since: datetime) -> Sequence[BrokerOrder]:
        return await self._orders({"status": "closed", "symbols": str(symbol), "after": iso(since)})

    async def replace(self, order_id: str, *, stop_price: Decimal) -> BrokerOrder:
        return _order(await self._ask("PATCH", f"/orders/{order_id}", {"stop_price": str(stop_price)}))

    async def _orders(self, asked: Mapping[str, object]) -> list[BrokerOrder]:
        """Read all pages of a list of orders (reference: get all orders)."""
        found: dict[str, BrokerOrder] = {}
        following: Mapping[str, object] = {}
        while True:
            wanted = {**asked, "limit": ORDERS_LIMIT, "direction": "desc", **following}
            page = read(parsing.orders, await self._ask("GET", "/orders", wanted))
            known = len(found)
            found |= {order.order_id: order for order in page}
            oldest = page[-1].submitted_at if page else None
            if len(page) < ORDERS_LIMIT or oldest is None or len(found) == known:
                return list(found.values())
            # Orders of one moment may stand on two pages: the next one begins with that moment again.
            following = {"until": iso(oldest + timedelta(microseconds=1))}

    async def asset(self, symbol: Symbol) -> Asset | None:
        answer = await self._send("GET", f"/assets/{symbol.joined}")
        if answer.status == NOT_FOUND:
            return None
        self._raise_fault(answer)
        return read(parsing.asset, answer)

    async def submit(self, body: Mapping[str, object]) -> BrokerOrder:
        return _order(await self._ask("POST", "/orders", body))

    async def order(self, order_id: str) -> BrokerOrder | None:
        return await self._find(f"/orders/{order_id}")

    async def order_by_client_id(self, client_order_id: str) -> BrokerOrder | None:
        return await self._find("/orders:by_client_order_id", client_order_id=client_order_id)

    async def cancel(self, order_id: str) -> bool:
        """Ask for an order's cancellation; False when it is final already or unknown."""
        answer = await self._send("DELETE", f"/orders/{order_id}")
        if answer.status in {NOT_FOUND, 422}:
            return False
        self._raise_fault(answer)
        return True

    async def _find(self, path: str, **asked: str) -> BrokerOrder | None:
        answer = await self._send("GET", path, {**asked, "nested": "true"})
        if is_no_such_order(answer):
            return None
        self._raise_fault(answer)
        return _order(answer)

    async def _send(
        self, method: str, path: str, data: Mapping[str, object] | None = None, *, version: str | None = None
    ) -> Answer:
        self._budget.take()
        answer = await super()._send(method, path, data, version=version)
        self._budget.observe(answer.headers)
        return answer


def _order(answer: Answer) -> BrokerOrder:
    return read(parsing.order, answer).model_copy(update={"request_id": answer.request_id})
