"""A batch of queue records: bounded concurrency, one outcome each, exactly the failed ones reported."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from aws_lambda_powertools.utilities.batch import AsyncBatchProcessor, EventType
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from argo.observability import Metric
from argo.ports import QueueFault
from execution.account import AccountDesk
from execution.closing import Closing
from execution.flow import Flow
from execution.message import Malformed, read_signal
from execution.recording import Done, Handled, Later, Recorder
from execution.wiring import Wiring

AT_A_TIME = 10
"""Records under way at once; a batch is never larger."""

LEAST_SECONDS = 12.0
"""A record begins only with this much time left: the broker's connect and read timeouts and the write after."""

_SOON = timedelta(seconds=1)

_FUNNEL = (Metric.SIGNALS_RECEIVED, Metric.SIGNALS_DENIED, Metric.ORDERS_SUBMITTED)
"""Written with every batch, also as 0: an alarm cannot compare what is missing (FAILURES A01)."""


class GivenBack(Exception):
    """The record's message returns to the queue: the argument says why."""


class _BoundedProcessor(AsyncBatchProcessor):
    """Powertools' asynchronous processor on the running event loop, with a bound."""

    def __init__(self) -> None:
        super().__init__(EventType.SQS, raise_on_entire_batch_failure=False)

    async def run(
        self, records: Sequence[dict[str, Any]], handler: Callable[[SQSRecord], Awaitable[None]]
    ) -> PartialItemFailureResponse:
        bound = asyncio.Semaphore(AT_A_TIME)

        async def one(record: dict[str, Any]) -> None:
            async with bound:
                await self._async_process_record(record)

        with self(records=list(records), handler=handler):
            await asyncio.gather(*(one(record) for record in records))
        return self.response()


async def execute_batch(
    event: Mapping[str, Any], wiring: Wiring, *, seconds_left: Callable[[], float]
) -> PartialItemFailureResponse:
    """Execute the signals of an SQS event.

    Returns:
        The ids of the messages that come back: their visibility has been set to their backoff. A malformed
        one does not come back; it is in the dead-letter queue with its reason.
    """
    desk = AccountDesk(
        wiring.executor,
        wiring.profile,
        ledger=wiring.ledger,
        broker=wiring.broker,
        market_data=wiring.market_data,
        assets=wiring.assets,
        clock=wiring.clock,
    )
    recorder = Recorder(
        executor=wiring.executor,
        ledger=wiring.ledger,
        clock=wiring.clock,
        telemetry=wiring.telemetry,
        limits=wiring.limits,
        desk=desk,
    )
    flow = Flow(
        executor=wiring.executor,
        profile=wiring.profile,
        ledger=wiring.ledger,
        broker=wiring.broker,
        clock=wiring.clock,
        telemetry=wiring.telemetry,
        limits=wiring.limits,
        desk=desk,
        record=recorder,
        closing=Closing(
            executor=wiring.executor,
            profile=wiring.profile,
            ledger=wiring.ledger,
            broker=wiring.broker,
            clock=wiring.clock,
            desk=desk,
            record=recorder,
        ),
    )

    async def process(record: SQSRecord) -> Handled:
        if seconds_left() < LEAST_SECONDS:
            return Later(_SOON, "no_time_left")
        signal = read_signal(record.body)
        if isinstance(signal, Malformed):
            await _quarantine(wiring, flow, record, signal)
            return Done()
        desk.expect(signal.symbol)
        return await flow.handle(signal, int(record.attributes.approximate_receive_count))

    async def handle(record: SQSRecord) -> None:
        try:
            handled = await process(record)
        except Exception:
            # Whatever it was, this record alone fails: the ledger has its state, the queue brings it back.
            # Powertools itself would tell nobody.
            wiring.telemetry.log.exception("record_failed", message_id=record.message_id, body=record.body)
            raise
        if isinstance(handled, Later):
            await _give_back(wiring, record, handled)

    for metric in _FUNNEL:
        wiring.telemetry.count(metric, 0)
    return await _BoundedProcessor().run(event["Records"], handle)


async def _give_back(wiring: Wiring, record: SQSRecord, later: Later) -> None:
    """Hide the message for its delay and fail its record; a visibility that can't be set hides no fault."""
    wiring.telemetry.count(Metric.RETRIES, reason=later.obstacle)
    try:
        await wiring.queue.defer(record.receipt_handle, later.delay)
    except QueueFault as error:
        wiring.telemetry.log.warning("backoff_not_set", message_id=record.message_id, error=str(error))
    raise GivenBack(later.obstacle)


async def _quarantine(wiring: Wiring, flow: Flow, record: SQSRecord, malformed: Malformed) -> None:
    """Set the message aside, then say so in its execution: after a crash in between it is set aside twice."""
    await wiring.queue.quarantine(record.body, malformed.reason, malformed.detail)
    if malformed.signal_id is not None:
        await flow.dead_letter(malformed.signal_id, malformed.reason, malformed.detail)
    wiring.telemetry.count(Metric.MESSAGES_QUARANTINED, reason=malformed.reason)
    wiring.telemetry.log.error(
        "message_quarantined",
        message_id=record.message_id,
        signal_id=malformed.signal_id,
        reason=malformed.reason,
        detail=malformed.detail,
    )
