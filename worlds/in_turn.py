"""Real adapters whose doings depend on their input alone: calls in turn, and a queue on the world's clock."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from argo.adapters.aws.queue import LONGEST_DELAY, SqsConsumer, SqsSignalQueue
from argo.adapters.threads import BlockingCalls
from argo.domain.reasons import QuarantineReason
from argo.domain.signal import Signal
from argo.ports import Clock, Message, Sent


class CallsInTurn(BlockingCalls):
    """Blocking calls on the caller's own thread.

    What was asked first is answered first, so a run is a function of its input and of no thread's timing.
    """

    def __init__(self) -> None:
        """Have no threads."""

    async def run[**P, T](self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Make the call."""
        return call(*args, **kwargs)


@dataclass(slots=True)
class PunctualQueue:
    """An SQS queue whose messages come back by the world's clock, where SQS would go by its own.

    A deferred one is hidden for as long as SQS can, and shown when its time has come on that clock.
    """

    queue: SqsSignalQueue
    consumer: SqsConsumer
    clock: Clock
    _visible: int = 0
    _deferred: dict[str, datetime] = field(default_factory=dict)

    async def send(self, signals: Sequence[Signal]) -> Sent:
        """Send signals."""
        sent = await self.queue.send(signals)
        self._visible += len(sent.signal_ids)
        return sent

    async def defer(self, receipt_handle: str, delay: timedelta) -> None:
        """Hide a received message for ``delay`` on the world's clock."""
        await self.queue.defer(receipt_handle, LONGEST_DELAY)
        self._deferred[receipt_handle] = self.clock.now() + delay

    async def quarantine(self, body: str, reason: QuarantineReason, detail: str) -> None:
        """Set a message aside with its reason."""
        await self.queue.quarantine(body, reason, detail)

    async def receive(self, limit: int, wait_seconds: int) -> Sequence[Message]:
        """Receive what is visible on the world's clock."""
        due = [handle for handle, time in self._deferred.items() if time <= self.clock.now()]
        for handle in due:
            await self.consumer.hide(handle, timedelta())
            del self._deferred[handle]
        found = await self.consumer.receive(limit, wait_seconds)
        self._visible = max(self._visible + len(due) - len(found), 0)
        return found

    async def delete(self, receipt_handles: Sequence[str]) -> None:
        """Delete handled messages."""
        await self.consumer.delete(receipt_handles)

    def next_visible_at(self) -> datetime | None:
        """Return when the next message can be received; None when there is none."""
        return self.clock.now() if self._visible else min(self._deferred.values(), default=None)
