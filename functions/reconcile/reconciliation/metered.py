"""A broker whose requests are counted, so that a run stays within its share of the account's rate limit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from argo.domain.account import Asset, BrokerAccount, MarketClock, Position
from argo.domain.orders import BrokerOrder
from argo.domain.symbols import Symbol
from argo.ports import Broker


@dataclass(slots=True)
class Metered:
    """`argo.ports.Broker` that counts the requests of one run."""

    broker: Broker
    requests: int = 0

    async def account(self) -> BrokerAccount:
        """Count and ask."""
        self.requests += 1
        return await self.broker.account()

    async def clock(self) -> MarketClock:
        """Count and ask."""
        self.requests += 1
        return await self.broker.clock()

    async def positions(self) -> Sequence[Position]:
        """Count and ask."""
        self.requests += 1
        return await self.broker.positions()

    async def open_orders(self, *, nested: bool = True) -> Sequence[BrokerOrder]:
        """Count and ask; a list of more than a page costs one request more than is counted."""
        self.requests += 1
        return await self.broker.open_orders(nested=nested)

    async def closed_orders(self, symbol: Symbol, *, since: datetime) -> Sequence[BrokerOrder]:
        """Count and ask."""
        self.requests += 1
        return await self.broker.closed_orders(symbol, since=since)

    async def asset(self, symbol: Symbol) -> Asset | None:
        """Count and ask."""
        self.requests += 1
        return await self.broker.asset(symbol)

    async def submit(self, body: Mapping[str, object]) -> BrokerOrder:
        """Count and send."""
        self.requests += 1
        return await self.broker.submit(body)

    async def order(self, order_id: str) -> BrokerOrder | None:
        """Count and ask."""
        self.requests += 1
        return await self.broker.order(order_id)

    async def order_by_client_id(self, client_order_id: str) -> BrokerOrder | None:
        """Count and ask."""
        self.requests += 1
        return await self.broker.order_by_client_id(client_order_id)

    async def cancel(self, order_id: str) -> bool:
        """Count and send."""
        self.requests += 1
        return await self.broker.cancel(order_id)

    async def replace(self, order_id: str, *, stop_price: Decimal) -> BrokerOrder:
        """Count and send."""
        self.requests += 1
        return await self.broker.replace(order_id, stop_price=stop_price)
