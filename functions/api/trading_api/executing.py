"""A signal from outside: published as the generator's are, then waited for until its outcome is known."""

from datetime import datetime, timedelta

from argo import records
from argo.domain.conservation import Part, part_of
from argo.domain.execution import Execution
from argo.domain.ledger import SignalRecord
from argo.domain.metrics import Metric
from argo.domain.signal import Signal
from argo.ports import Unavailable
from argo.publishing import by_cause
from trading_api.answers import Outcome, Outcomes
from trading_api.requests import OutsideSignal
from trading_api.wiring import Wiring

LONGEST_WAIT = timedelta(seconds=10)
_BETWEEN_LOOKS = timedelta(milliseconds=250)
_BETWEEN_TRIES = timedelta(seconds=1)
_TO_ANSWER = timedelta(seconds=3)
"""Time kept for the last look and the answer."""


async def execute(wiring: Wiring, request: OutsideSignal, time_left: timedelta) -> Outcomes:
    """Publish a signal and wait until every account has come to an outcome, for ten seconds at most.

    The executors decide and order, each in its own function; this only looks into the ledger. Whoever is not done
    in time is named as pending.

    Raises:
        RequestValidationError: the request makes no signal.
        Unavailable: AWS stood in the way of publishing it: whoever asks again gets what becomes of it.
    """
    ledger, clock, telemetry = wiring.ports.ledger, wiring.ports.clock, wiring.ports.telemetry
    started = clock.now()
    until = started + min(LONGEST_WAIT, max(time_left - _TO_ANSWER, timedelta()))
    lifetime = timedelta(seconds=wiring.configuration.generation.lifetime_seconds)
    signal = request.as_signal(started, lifetime)
    created = await _publish(wiring, signal, until)
    while True:
        try:
            record = await records.one(ledger, signal.signal_id)
        except Unavailable:
            # It is published: whoever asks is told as much, where the next looks fail too.
            if clock.now() >= until:
                return Outcomes(
                    signal_id=signal.signal_id,
                    created=created,
                    outcomes=[],
                    pending=sorted(wiring.publisher.queues),
                )
            await clock.sleep_until(min(clock.now() + _BETWEEN_LOOKS, until))
            continue
        if record is None or record.stored is None:
            raise LookupError(f"the ledger lost the signal {signal.signal_id}")
        found = outcomes(record, created=created)
        now = clock.now()
        if not found.pending or now >= until:
            telemetry.log.info(
                "signal_from_outside",
                signal_id=found.signal_id,
                seen_before=not created,
                outcomes={each.executor_id: each.order_id or each.reason for each in found.outcomes},
                pending=found.pending,
            )
            return found
        await clock.sleep_until(min(now + _BETWEEN_LOOKS, until))


async def _publish(wiring: Wiring, signal: Signal, until: datetime) -> bool:
    """Publish a signal, and what is missing of it again until it is in every queue; tell whether it is a new one.

    Raises:
        Unavailable: AWS stood in the way all that time.
    """
    clock, telemetry = wiring.ports.clock, wiring.ports.telemetry
    created = False
    while True:
        published = await wiring.publisher.publish([signal])
        created |= signal.signal_id in published.created
        telemetry.count(Metric.SIGNALS_GENERATED, len(published.created))
        telemetry.count(Metric.SIGNALS_PUBLISHED, published.messages)
        for (executor, reason), ids in by_cause(published.failures).items():
            telemetry.log.warning("messages_not_sent", executor=executor, reason=reason, signals=len(ids))
        is_sent = not any(signal_id == signal.signal_id for _, signal_id in published.failures)
        if is_sent and not published.silences:
            return created
        telemetry.count(Metric.AWS_UNAVAILABLE)
        again = clock.now() + _BETWEEN_TRIES
        if again > until:
            break
        await clock.sleep_until(again)
    if published.silences:
        raise published.silences[0]
    return created


def outcomes(record: SignalRecord, *, created: bool) -> Outcomes:
    """Return what every account made of a signal, and who has not come to an outcome yet."""
    settled = {
        executor: Outcome(success=False, executor_id=executor, reason=reason)
        for executor, reason in record.declined.items()
        if executor not in record.undecided
    }
    for executor, execution in record.executions.items():
        if (outcome := outcome_of(execution)) is not None:
            settled[executor] = outcome
    return Outcomes(
        signal_id=record.signal_id,
        created=created,
        outcomes=[settled[executor] for executor in sorted(settled)],
        pending=sorted((record.undecided | record.executions.keys()) - settled.keys()),
    )


def outcome_of(execution: Execution) -> Outcome | None:
    """Return what an account made of a signal, None as long as it is at work."""
    match part_of(execution):
        case Part.WITH_ORDER:
            return Outcome(success=True, executor_id=execution.executor, order_id=execution.order_id)
        case Part.UNRESOLVED:
            return None
        case _:
            reason = execution.reason or str(execution.state).lower()
            return Outcome(success=False, executor_id=execution.executor, reason=reason)
