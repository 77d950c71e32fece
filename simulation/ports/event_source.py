"""Lambda's event source mapping for SQS: poll, batch, invoke, delete what was handled.

Faithful where it costs orders to be wrong (AWS, "Reporting batch item failures for Lambda functions with an SQS
trigger"): an answer with a null, unknown or misnamed identifier fails the whole batch, an empty one is success,
and what failed stays hidden until its visibility ends.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from argo.ports import Message

LARGEST_BATCH = 10

type Function = Callable[[dict[str, Any]], Awaitable[Mapping[str, Any] | None]]


class MessageSource(Protocol):
    """A queue's polling side."""

    async def receive(self, limit: int, wait_seconds: int) -> Sequence[Message]:
        """Receive up to ``limit`` messages and hide them."""

    async def delete(self, receipt_handles: Sequence[str]) -> None:
        """Delete handled messages."""


class Polled(NamedTuple):
    """One poll: how many messages came, and how many of them will come back."""

    received: int
    failed: int


@dataclass(frozen=True, slots=True)
class EventSourceMapping:
    """Feeds a queue to a function.

    Args:
        source: The queue.
        function: Takes a Lambda event, returns ``batchItemFailures`` or nothing; raising fails the batch.
        on_error: Told of an invocation that raised; Lambda would log it.
        batch_size: Messages in an event, 1-10.
    """

    source: MessageSource
    function: Function
    on_error: Callable[[Exception], None]
    batch_size: int = LARGEST_BATCH

    async def poll(self) -> Polled:
        """Receive one batch, invoke the function with it and delete what it handled."""
        messages = await self.source.receive(self.batch_size, 0)
        if not messages:
            return Polled(0, 0)
        try:
            answer = await self.function({"Records": [self._record(message) for message in messages]})
        except Exception as error:  # noqa: BLE001 - as Lambda: whatever the function raised, the batch comes back
            self.on_error(error)
            return Polled(len(messages), len(messages))
        failed = failed_ids(answer, [message.message_id for message in messages])
        handled = [message.receipt_handle for message in messages if message.message_id not in failed]
        if handled:
            await self.source.delete(handled)
        return Polled(len(messages), len(failed))

    async def drain(self) -> int:
        """Poll until nothing is visible and return how many messages were handled."""
        handled = 0
        while (polled := await self.poll()).received:
            handled += polled.received - polled.failed
        return handled

    def _record(self, message: Message) -> dict[str, Any]:
        return {
            "messageId": message.message_id,
            "receiptHandle": message.receipt_handle,
            "body": message.body,
            "attributes": dict(message.attributes),
            "messageAttributes": {
                name: {"stringValue": value.get("StringValue"), "dataType": value.get("DataType")}
                for name, value in message.message_attributes.items()
            },
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:queue",
            "awsRegion": "us-east-1",
        }


def failed_ids(answer: Mapping[str, Any] | None, batch: Sequence[str]) -> frozenset[str]:
    """Return the ids of a batch that failed, by Lambda's rules for ``batchItemFailures``."""
    failures = answer and answer.get("batchItemFailures")
    if not failures:
        return frozenset()
    if not isinstance(failures, list):
        return frozenset(batch)
    named = [failure.get("itemIdentifier") if isinstance(failure, dict) else None for failure in failures]
    if any(not isinstance(name, str) or name not in batch for name in named):
        return frozenset(batch)
    return frozenset(name for name in named if name)
