"""A dead-letter queue's messages: looked at in place, or moved back, in the order that loses none."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from argo.adapters.aws.queue import SqsSignalQueue
from argo.ports import Message

_BATCH = 10


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """One account's dead letters and the queue they came from."""

    dead: SqsSignalQueue
    queue: SqsSignalQueue

    async def look(self, limit: int | None) -> list[Message]:
        """Return the dead letters, as many as ``limit``; they are visible again at once."""
        found = await self._receive(limit)
        for message in found:
            await self.dead.hide(message.receipt_handle, timedelta())
        return found

    async def redrive(self, message_id: str | None = None) -> list[Message]:
        """Send dead letters back into their queue and return them; one, or all.

        Received, sent, deleted, in that order and one by one: a crash in between leaves a message in both
        queues, and the executor knows it. Works where StartMessageMoveTask does not exist, and for one message.
        """
        moved = []
        for message in await self._receive(None):
            if message_id in {None, message.message_id}:
                await self.queue.send_body(message.body)
                await self.dead.delete([message.receipt_handle])
                moved.append(message)
            else:
                await self.dead.hide(message.receipt_handle, timedelta())
        return moved

    async def _receive(self, limit: int | None) -> list[Message]:
        found: dict[str, Message] = {}
        while limit is None or len(found) < limit:
            batch = await self.dead.receive(_BATCH if limit is None else min(_BATCH, limit - len(found)))
            new = [message for message in batch if message.message_id not in found]
            found |= {message.message_id: message for message in batch}
            if not new:
                break
        return list(found.values())


def as_dict(message: Message) -> dict[str, str]:
    """Return why a message is there, and since when."""
    sent = datetime.fromtimestamp(int(message.attributes["SentTimestamp"]) / 1_000, UTC)
    said = {name: value.get("StringValue", "") for name, value in message.message_attributes.items()}
    return {
        "message_id": message.message_id,
        "sent_at": f"{sent:%Y-%m-%d %H:%M:%S}",
        "reason": said.get("reason", "received too often"),
        "detail": said.get("detail", ""),
    }
