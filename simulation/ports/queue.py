"""An SQS queue in memory, on a clock that is told the time: visibility, receive counts, redrive."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from argo.domain.reasons import QuarantineReason
from argo.domain.signal import Signal
from argo.ports import Clock, Message, QueueFault, Sent

LONGEST_VISIBILITY = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was set aside, with the reason, or None when it was received too often."""

    body: str
    reason: QuarantineReason | None = None
    detail: str = ""


@dataclass(slots=True)
class _Stored:
    body: str
    visible_at: datetime
    receives: int = 0
    received_at: datetime | None = None


class InMemoryQueue:
    """`argo.ports.SignalQueue` and the polling side of the same queue.

    A message that is received goes unseen for ``visibility``; one that was received ``max_receives`` times and
    becomes visible again goes to ``dead_letters`` instead (SQS, dead-letter queues).
    """

    def __init__(self, clock: Clock, *, visibility: timedelta, max_receives: int) -> None:
        self._clock = clock
        self._visibility = visibility
        self._max_receives = max_receives
        self._messages: dict[str, _Stored] = {}
        self._sent = 0
        self.dead_letters: list[DeadLetter] = []

    def __len__(self) -> int:
        return len(self._messages)

    async def send(self, signals: Sequence[Signal]) -> Sent:
        for signal in signals:
            await self.send_body(signal.model_dump_json())
        return Sent(frozenset(signal.signal_id for signal in signals), {})

    async def send_body(self, body: str) -> None:
        self._sent += 1
        self._messages[f"message-{self._sent}"] = _Stored(body, self._clock.now())

    async def receive(self, limit: int = 10, wait_seconds: int = 0) -> Sequence[Message]:  # noqa: ARG002 - virtual time does not wait
        now = self._clock.now()
        found: list[Message] = []
        for message_id, message in list(self._messages.items()):
            if len(found) == limit:
                break
            if message.visible_at > now:
                continue
            if message.receives == self._max_receives:
                self.dead_letters.append(DeadLetter(self._messages.pop(message_id).body))
                continue
            message.receives += 1
            message.received_at = now
            message.visible_at = now + self._visibility
            count = {"ApproximateReceiveCount": str(message.receives)}
            found.append(Message(message_id, f"{message_id}#{message.receives}", message.body, count))
        return found

    async def delete(self, receipt_handles: Sequence[str]) -> None:
        """Delete handled messages; a handle of an earlier receipt still counts, as in SQS."""
        for handle in receipt_handles:
            self._messages.pop(handle.partition("#")[0], None)

    async def defer(self, receipt_handle: str, delay: timedelta) -> None:
        """Hide a received message for ``delay``.

        Raises:
            QueueFault: the message is gone, or would be hidden for more than 12 hours since its receipt.
        """
        message = self._messages.get(receipt_handle.partition("#")[0])
        now = self._clock.now()
        if message is None or message.received_at is None:
            raise QueueFault(f"no message in flight for {receipt_handle}")
        if now + delay - message.received_at > LONGEST_VISIBILITY:
            raise QueueFault(f"{delay} exceeds the message's maximum visibility")
        message.visible_at = now + delay

    async def quarantine(self, body: str, reason: QuarantineReason, detail: str) -> None:
        self.dead_letters.append(DeadLetter(body, reason, detail))

    def next_visible_at(self) -> datetime | None:
        return min((message.visible_at for message in self._messages.values()), default=None)
