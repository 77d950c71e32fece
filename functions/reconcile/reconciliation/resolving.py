"""Executions whose worker is gone: claims nobody works on, orders whose fate is not known."""

from datetime import timedelta
from typing import TYPE_CHECKING

from argo.domain.execution import Execution, ExecutionState
from argo.domain.ledger import Release, Settlement, accepted
from argo.domain.outcome import Accept, SendAgain, Wait, after_look_up
from argo.domain.reasons import Obstacle
from argo.ports import Broker
from reconciliation.report import Report
from reconciliation.settling import move_to

if TYPE_CHECKING:
    from reconciliation.wiring import Wiring

_MESSAGE_IS_LOST = timedelta(seconds=60)
"""How long after its lease a waiting execution's message should have come back at the latest."""


async def expire_or_return(wiring: "Wiring", execution: Execution, report: Report) -> None:
    """End a claim whose signal is too old, for which nothing was sent; bring a younger one's message back."""
    now = wiring.ports.clock.now()
    if now < execution.lease_until:
        return
    if now >= execution.expires_at:
        learnt = Settlement(reason=execution.obstacle or Obstacle.WORKER_LOST)
        await move_to(wiring, execution, ExecutionState.EXPIRED, learnt, report)
    elif now - execution.lease_until >= _MESSAGE_IS_LOST:
        await _return(wiring, execution, report)


async def resolve(wiring: "Wiring", broker: Broker, execution: Execution, report: Report) -> None:
    """Look up an order whose fate is not known, once its worker's lease is over."""
    now = wiring.ports.clock.now()
    if now < execution.lease_until:
        return
    found = await broker.order_by_client_id(execution.client_order_id)
    match after_look_up(found, execution, now=now):
        case Accept(order=order, differences=differences):
            await move_to(wiring, execution, ExecutionState.SUBMITTED, accepted(order, differences), report)
        case SendAgain() if now >= execution.expires_at:
            learnt = Settlement(
                reason=execution.obstacle or Obstacle.OUTCOME_UNKNOWN, release=Release.RESERVATION_AND_SYMBOL
            )
            await move_to(wiring, execution, ExecutionState.EXPIRED, learnt, report)
        case SendAgain():
            # The queue's next delivery sends it again; the reconciler never places an entry.
            if now - execution.lease_until >= _MESSAGE_IS_LOST:
                await _return(wiring, execution, report)
        case Wait() as wait:
            await wiring.ports.ledger.pause(
                execution,
                wait.obstacle,
                until=now,
                now=now,
                state=ExecutionState.UNKNOWN if execution.state is ExecutionState.SUBMITTING else None,
                detail=wait.detail,
                missing_since=wait.missing_since,
            )


async def _return(wiring: "Wiring", execution: Execution, report: Report) -> None:
    """Send the signal's message again; should the first one still come, the ledger makes them one."""
    stored = await wiring.ports.ledger.signal(execution.signal_id)
    if stored is None:
        report.problems[execution.signal_id] = "the ledger lacks its signal"
        return
    sent = await wiring.ports.queue.send([stored.signal])
    report.returned += len(sent.signal_ids)
    wiring.ports.telemetry.log.warning(
        "signal_returned_to_queue",
        signal_id=execution.signal_id,
        executor=wiring.executor,
        failures=dict(sent.failures),
    )
