"""The five doors between Argo's core and the world, and their bundle: all that a world has to implement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from argo.domain.metrics import Metric
from argo.domain.reasons import QuarantineReason
from argo.domain.signal import Signal
from argo.ports.broker import Broker, MarketData
from argo.ports.ledger import Ledger

__all__ = [
    "Broker",
    "Clock",
    "GivenPorts",
    "Ledger",
    "MarketData",
    "Message",
    "Ports",
    "QueueFault",
    "Sent",
    "SignalQueue",
    "Telemetry",
]


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
    """One executor's queue and its dead-letter queue."""

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
