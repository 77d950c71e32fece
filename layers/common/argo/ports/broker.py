"""The broker's side of the world: an account's orders, and the market's prices."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from argo.domain.account import Asset, BrokerAccount, MarketClock, Position
from argo.domain.market import Bar
from argo.domain.orders import BrokerOrder
from argo.domain.signal import Timeframe
from argo.domain.symbols import Symbol


class MarketData(Protocol):
    """Bars of many symbols in one request per feed."""

    async def bars(
        self, symbols: Sequence[Symbol], timeframe: Timeframe, *, start: datetime, end: datetime
    ) -> Mapping[Symbol, Sequence[Bar]]:
        """Return the closed bars with ``start <= time`` that ended by ``end``, oldest first.

        A symbol the feed has nothing for is absent: the caller names and counts it.

        Raises:
            BrokerFault: sorted as for `Broker`.
        """

    async def latest_prices(self, symbols: Collection[Symbol]) -> Mapping[Symbol, Decimal]:
        """Return each symbol's last traded price in USD; one that the feed has nothing for is absent.

        Raises:
            BrokerFault: sorted as for `Broker`.
        """


class Broker(Protocol):
    """One trading account. Every method raises the faults of `argo.domain.faults`, nothing else."""

    async def account(self) -> BrokerAccount:
        """Return the account's balances and flags."""

    async def clock(self) -> MarketClock:
        """Return the exchange's clock."""

    async def positions(self) -> Sequence[Position]:
        """Return the open positions."""

    async def open_orders(self, *, nested: bool = True) -> Sequence[BrokerOrder]:
        """Return the orders that may still fill.

        Nested, a bracket's legs stand within their parent, and are missing once it has filled; otherwise each is
        an order of its own.
        """

    async def closed_orders(self, symbol: Symbol, *, since: datetime) -> Sequence[BrokerOrder]:
        """Return a symbol's orders that were sent since a time and are final."""

    async def replace(self, order_id: str, *, stop_price: Decimal) -> BrokerOrder:
        """Move an open order's stop price; the answer is the order that takes its place.

        Raises:
            Refused: the order stays as it was.
        """

    async def asset(self, symbol: Symbol) -> Asset | None:
        """Return what the broker says of a symbol, or None when it knows none such."""

    async def submit(self, body: Mapping[str, object]) -> BrokerOrder:
        """Send one order, once.

        Raises:
            Refused, Duplicate, Throttled, Unauthorised: the order was not placed by this call.
            Ambiguous: it may have been.
        """

    async def order(self, order_id: str) -> BrokerOrder | None:
        """Return an order with its legs, or None when the broker knows none by this id."""

    async def order_by_client_id(self, client_order_id: str) -> BrokerOrder | None:
        """Return an order with its legs by client order id, or None when the broker knows none."""

    async def cancel(self, order_id: str) -> bool:
        """Ask for an order's cancellation; False when it could not be cancelled any more."""
