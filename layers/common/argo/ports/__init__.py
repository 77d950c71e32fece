"""The five doors between Argo's core and the world, and their bundle: all that a world has to implement."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from argo.domain.account import Asset, BrokerAccount, MarketClock, Position
from argo.domain.market import Bar
from argo.domain.metrics import Metric
from argo.domain.orders import BrokerOrder
from argo.domain.reasons import QuarantineReason
from argo.domain.signal import Signal, Timeframe
from argo.domain.symbols import Symbol
from argo.ports.ledger import Ledger as Ledger
from argo.ports.unavailable import Unavailable as Unavailable


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


@dataclass(frozen=True, slots=True)
class Sent:
    """Which signals of a batch are in the queue, and why the others are not."""

    signal_ids: frozenset[str]
    failures: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Message:
    """A received message, as whoever polls a queue sees it."""

    message_id: str
    receipt_handle: str
    body: str
    attributes: Mapping[str, str]
    message_attributes: Mapping[str, Any] = field(default_factory=dict)


class QueueFault(Exception):
    """The queue did not do what was asked."""


class SignalQueue(Protocol):
    """One executor's queue and its dead-letter queue.

    Every method but `send` raises `Unavailable` where the queue's service is in the way for now.
    """

    async def send(self, signals: Sequence[Signal]) -> Sent:
        """Send signals; a partial failure is reported, not raised."""

    async def defer(self, receipt_handle: str, delay: timedelta) -> None:
        """Hide a received message for ``delay``, 0 to 12 hours in all.

        Raises:
            QueueFault: the message keeps the visibility it has.
        """

    async def quarantine(self, body: str, reason: QuarantineReason, detail: str) -> None:
        """Put a message that no retry can mend into the dead-letter queue, with the reason."""


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""

    async def sleep_until(self, time: datetime) -> None:
        """Return when ``time`` has come; at once when it is past."""


class Telemetry(Protocol):
    """What one invocation of a function tells of itself: structured logs, counts and measured values."""

    log: Any

    def count(self, metric: Metric, by: int = 1, *, reason: str | None = None) -> None:
        """Count an event, and its reason beside it."""

    def record(self, metric: Metric, value: float) -> None:
        """Record one measured value."""

    @property
    def counts(self) -> Mapping[str, int]:
        """The counts since the last flush, by metric name."""

    def flush(self) -> None:
        """Write what was counted and recorded, and start anew."""


class Ports(Protocol):
    """The world as one function has it. A port is made when it is first asked for, where making it costs anything.

    ``broker`` and ``queue`` are those of the account that the function serves, ``queues`` are every account's, by
    executor, to publish to.
    """

    @property
    def ledger(self) -> Ledger: ...
    @property
    def broker(self) -> Broker: ...
    @property
    def market_data(self) -> MarketData: ...
    @property
    def queue(self) -> SignalQueue: ...
    @property
    def queues(self) -> Mapping[str, SignalQueue]: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def telemetry(self) -> Telemetry: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenPorts:
    """`Ports` that are there already: a world hands in its own."""

    ledger: Ledger
    broker: Broker
    market_data: MarketData
    queue: SignalQueue
    queues: Mapping[str, SignalQueue]
    clock: Clock
    telemetry: Telemetry

    @classmethod
    def like(cls, ports: Ports, **changed: Any) -> "GivenPorts":  # noqa: ANN401 - each port has a type of its own
        """Return ports with some of them exchanged."""
        if isinstance(ports, cls):
            return replace(ports, **changed)
        names = (each.name for each in fields(cls))
        return cls(**{name: changed[name] if name in changed else getattr(ports, name) for name in names})
