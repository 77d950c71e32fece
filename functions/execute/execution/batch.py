"""A batch of queue records: bounded concurrency, one outcome each, exactly the failed ones reported."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import compress
from typing import Any, NamedTuple

from argo.domain.metrics import Metric
from argo.domain.reasons import Obstacle
from argo.ports import QueueFault, Unavailable
from argo.repeating import persisted
from argo.time_left import LEAST_SECONDS
from execution.backoff import backoff
from execution.flow import Flow
from execution.message import Malformed
from execution.recording import Later
from execution.wiring import Wiring

AT_A_TIME = 10
"""Records under way at once; a batch is never larger."""

_SOON = timedelta(seconds=1)

_PATIENCE = timedelta(seconds=10)
"""How long a message's visibility is tried to be set."""

_TO_ANSWER = 2.0
"""Seconds of the function's time that are left to Lambda's answer."""

_FUNNEL = (Metric.SIGNALS_RECEIVED, Metric.SIGNALS_DENIED, Metric.ORDERS_SUBMITTED)
"""Written with every batch, also as 0: an alarm cannot compare what is missing (FAILURES A01)."""


type PartialBatchResponse = dict[str, list[dict[str, str]]]
"""What Lambda is told: the ids of the messages that come back, none where all are done."""


class Record(NamedTuple):
    """One message of an SQS event."""

    message_id: str
    receipt_handle: str
    body: str
    receives: int


async def execute_batch(
    event: Mapping[str, Any], wiring: Wiring, *, seconds_left: Callable[[], float]
) -> PartialBatchResponse:
    """Execute the signals of an SQS event.

    Returns:
        The ids of the messages that come back: their visibility has been set to their backoff. A malformed
        one does not come back; it is in the dead-letter queue with its reason.
    """
    wiring.time_left.seconds = seconds_left
    flow = Flow(wiring)

    async def process(record: Record) -> Later | None:
        if seconds_left() < LEAST_SECONDS:
            return Later(_SOON, Obstacle.NO_TIME_LEFT)
        signal = wiring.rules.read(record.body)
        if isinstance(signal, Malformed):
            try:
                await _quarantine(wiring, flow, record, signal)
            except Unavailable as error:
                wiring.ports.telemetry.count(Metric.AWS_UNAVAILABLE)
                wiring.ports.telemetry.log.warning(
                    "aws_unavailable", message_id=record.message_id, error=str(error)
                )
                delay = backoff(record.message_id, record.receives, wiring.limits.unavailable)
                return Later(delay, Obstacle.AWS_UNAVAILABLE)
            return None
        flow.reader.expect(signal.symbol)
        return await flow.handle(signal, record.receives)

    bound = asyncio.Semaphore(AT_A_TIME)

    async def comes_back(record: Record) -> bool:
        try:
            async with bound:
                later = await process(record)
            if later is not None:
                await _hide(wiring, record, later, seconds_left())
        except Exception:
            # Whatever it was, this record alone fails: the ledger has its state, the queue brings it back.
            wiring.ports.telemetry.log.exception("record_failed", message_id=record.message_id, body=record.body)
            return True
        return later is not None

    for metric in _FUNNEL:
        wiring.ports.telemetry.count(metric, 0)
    records = [_record(each) for each in event["Records"]]
    back = await asyncio.gather(*(comes_back(record) for record in records))
    return {"batchItemFailures": [{"itemIdentifier": record.message_id} for record in compress(records, back)]}


def _record(raw: Mapping[str, Any]) -> Record:
    receives = int(raw["attributes"]["ApproximateReceiveCount"])
    return Record(raw["messageId"], raw["receiptHandle"], raw["body"], receives)


async def _hide(wiring: Wiring, record: Record, later: Later, seconds_left: float) -> None:
    """Hide the message for its delay; where that can't be set it comes back all the same, only sooner or later.

    It would come back after the queue's visibility timeout, minutes later: so it is asked again for some seconds.
    """
    ports = wiring.ports
    ports.telemetry.count(Metric.RETRIES, reason=later.obstacle)
    patience = min(_PATIENCE, timedelta(seconds=max(seconds_left - _TO_ANSWER, 0.0)))
    try:
        await persisted(
            lambda: ports.queue.defer(record.receipt_handle, later.delay), ports.clock, patience=patience
        )
    except (QueueFault, Unavailable) as error:
        ports.telemetry.log.warning("backoff_not_set", message_id=record.message_id, error=str(error))


async def _quarantine(wiring: Wiring, flow: Flow, record: Record, malformed: Malformed) -> None:
    """Set the message aside, then say so in its execution: after a crash in between it is set aside twice."""
    await wiring.ports.queue.quarantine(record.body, malformed.reason, malformed.detail)
    if malformed.signal_id is not None:
        await flow.dead_letter(malformed.signal_id, malformed.reason, malformed.detail)
    wiring.ports.telemetry.count(Metric.MESSAGES_QUARANTINED, reason=malformed.reason)
    wiring.ports.telemetry.log.error(
        "message_quarantined",
        message_id=record.message_id,
        signal_id=malformed.signal_id,
        reason=malformed.reason,
        detail=malformed.detail,
    )
