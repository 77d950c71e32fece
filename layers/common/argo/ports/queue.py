"""An account's queue of signals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from argo.domain.reasons import QuarantineReason
from argo.domain.signal import Signal


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
