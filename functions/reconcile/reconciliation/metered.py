"""A broker whose requests are counted, so that a run stays within its share of the account's rate limit.

What changes nothing is asked once more where a gateway answered in the broker's place: a run that gives up on one
such answer leaves a position as it is for another minute.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from argo.domain.account import Asset, BrokerAccount, MarketClock, Position
from argo.domain.faults import Ambiguous
from argo.domain.orders import BrokerOrder
from argo.domain.symbols import Symbol
from argo.ports import Broker

SECOND_TRIES = 5
"""Questions that may be asked again in one run: more of them are an outage."""


@dataclass(slots=True)
class Metered:
    """`argo.ports.Broker` that counts the requests of one run."""

    broker: Broker
    requests: int = 0
    second_tries: int = SECOND_TRIES

    async def account(self) -> BrokerAccount:
        """Count and ask."""
        return await self._ask(self.broker.account)

    async def clock(self) -> MarketClock:
        """Count and ask."""
        return await self._ask(self.broker.clock)

    async def positions(self) -> Sequence[Position]:
        """Count and ask."""
        return await self._ask(self.broker.positions)

    async def open_orders(self, *, nested: bool = True) -> Sequence[BrokerOrder]:
        """Count and ask; a list of more than a page costs one request more than is counted."""
        return await self._ask(lambda: self.broker.open_orders(nested=nested))

    async def closed_orders(self, symbol: Symbol, *, since: datetime) -> Sequence[BrokerOrder]:
        """Count and ask."""
        return await self._ask(lambda: self.broker.closed_orders(symbol, since=since))

    async def asset(self, symbol: Symbol) -> Asset | None:
        """Count and ask."""
        return await self._ask(lambda: self.broker.asset(symbol))

    async def submit(self, body: Mapping[str, object]) -> BrokerOrder:
        """Count and send."""
        self.requests += 1
        return await self.broker.submit(body)

    async def order(self, order_id: str) -> BrokerOrder | None:
        """Count and ask."""
        return await self._ask(lambda: self.broker.order(order_id))

    async def order_by_client_id(self, client_order_id: str) -> BrokerOrder | None:
        """Count and ask."""
        return await self._ask(lambda: self.broker.order_by_client_id(client_order_id))

    async def cancel(self, order_id: str) -> bool:
        """Count and send."""
        self.requests += 1
        return await self.broker.cancel(order_id)

    async def replace(self, order_id: str, *, stop_price: Decimal) -> BrokerOrder:
        """Count and send."""
        self.requests += 1
        return await self.broker.replace(order_id, stop_price=stop_price)

    async def _ask[T](self, question: Callable[[], Awaitable[T]]) -> T:
        self.requests += 1
        try:
            return await question()
        except Ambiguous as fault:
            if fault.status is None or not self.second_tries:
                raise
        self.second_tries -= 1
        self.requests += 1
        return await question()
