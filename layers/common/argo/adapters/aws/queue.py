"""Executor queues on SQS: sending, backing off, setting aside, and polling."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from itertools import batched
from math import ceil
from typing import TYPE_CHECKING, Any

from argo.adapters.aws.answers import FAULTS, sorting
from argo.adapters.threads import BlockingCalls
from argo.domain.reasons import QuarantineReason
from argo.domain.signal import Signal
from argo.ports import Message, QueueFault, Sent, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BATCH = 10
"""Messages in one SQS batch request (SQS quotas)."""

LONGEST_DELAY = timedelta(hours=11, minutes=55)
"""SQS hides a message for 12 hours at most, counted from its receipt and not from the request."""

_DETAIL_LENGTH = 1_000
_UNSAID = "SQS says nothing of it"


class SqsSignalQueue:
    """`argo.ports.SignalQueue` on one SQS queue and its dead-letter queue."""

    def __init__(
        self,
        client: Callable[[], "SQSClient"],
        queue_url: str,
        *,
        calls: BlockingCalls,
        dead_letter_url: str | None = None,
    ) -> None:
        """Work on ``queue_url``; ``dead_letter_url`` is needed by `quarantine` only.

        ``client`` is called with the first request: an executor whose orders all go well makes none.
        """
        self._client = client
        self._queue_url = queue_url
        self._dead_letter_url = dead_letter_url
        self._calls = calls

    async def send(self, signals: Sequence[Signal]) -> Sent:
        """Send signals in batches of ten; what SQS did not take is in ``failures`` with its reason."""
        sent: set[str] = set()
        failures: dict[str, str] = {}
        for batch in batched(signals, BATCH, strict=False):
            entries: Any = [
                {
                    "Id": signal.signal_id,
                    "MessageBody": signal.model_dump_json(),
                    "MessageAttributes": _text_attributes({"signal_id": signal.signal_id}),
                }
                for signal in batch
            ]
            try:
                send = self._client().send_message_batch
                answer = await self._ask(send, QueueUrl=self._queue_url, Entries=entries)
            except (Unavailable, *FAULTS) as error:
                failures |= {signal.signal_id: str(error) for signal in batch}
                continue
            taken = {entry["Id"] for entry in answer.get("Successful", [])}
            sent |= taken
            failures |= {signal.signal_id: _UNSAID for signal in batch if signal.signal_id not in taken}
            failures |= {entry["Id"]: entry.get("Message", entry["Code"]) for entry in answer.get("Failed", [])}
        return Sent(frozenset(sent), failures)

    async def defer(self, receipt_handle: str, delay: timedelta) -> None:
        try:
            await self.hide(receipt_handle, delay)
        except FAULTS as error:
            raise QueueFault(str(error)) from error

    async def send_body(self, body: str) -> None:
        """Send a message's body as it is: a dead letter that is put back."""
        await self._ask(self._client().send_message, QueueUrl=self._queue_url, MessageBody=body)

    async def quarantine(self, body: str, reason: QuarantineReason, detail: str) -> None:
        """Copy a message to the dead-letter queue with the reason as an attribute."""
        if self._dead_letter_url is None:
            raise ValueError("this queue was made without a dead-letter queue")
        await self._ask(
            self._client().send_message,
            QueueUrl=self._dead_letter_url,
            MessageBody=body,
            MessageAttributes=_text_attributes({"reason": str(reason), "detail": detail[:_DETAIL_LENGTH]}),
        )

    async def receive(self, limit: int = BATCH, wait_seconds: int = 0) -> Sequence[Message]:
        """Receive up to ``limit`` messages; they stay hidden for the queue's visibility timeout.

        In AWS that is done by Lambda's event source mapping.
        """
        answer = await self._ask(
            self._client().receive_message,
            QueueUrl=self._queue_url,
            MaxNumberOfMessages=limit,
            WaitTimeSeconds=wait_seconds,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return [
            Message(
                message_id=message["MessageId"],
                receipt_handle=message["ReceiptHandle"],
                body=message["Body"],
                attributes={str(name): value for name, value in message.get("Attributes", {}).items()},
                message_attributes=message.get("MessageAttributes", {}),
            )
            for message in answer.get("Messages", [])
        ]

    async def hide(self, receipt_handle: str, delay: timedelta) -> None:
        """Hide a received message for ``delay`` from now, rounded up to a second; 0 makes it visible at once."""
        await self._ask(
            self._client().change_message_visibility,
            QueueUrl=self._queue_url,
            ReceiptHandle=receipt_handle,
            VisibilityTimeout=ceil(min(max(delay, timedelta()), LONGEST_DELAY).total_seconds()),
        )

    async def delete(self, receipt_handles: Sequence[str]) -> None:
        for batch in batched(receipt_handles, BATCH, strict=False):
            entries: Any = [{"Id": str(index), "ReceiptHandle": handle} for index, handle in enumerate(batch)]
            await self._ask(self._client().delete_message_batch, QueueUrl=self._queue_url, Entries=entries)

    async def _ask[**P, T](self, request: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        with sorting():
            return await self._calls.run(request, *args, **kwargs)


def _text_attributes(values: Mapping[str, str]) -> Any:  # noqa: ANN401 - boto3's union of attribute types
    return {name: {"DataType": "String", "StringValue": value or "-"} for name, value in values.items()}
