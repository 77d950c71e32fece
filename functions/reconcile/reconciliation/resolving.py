"""Executions whose worker is gone: claims nobody works on, orders whose outcome is not known."""

from datetime import timedelta

from argo.domain.execution import Execution, ExecutionState
from argo.domain.ledger import Release, Settlement, accepted
from argo.domain.outcome import Accept, SendAgain, Wait, after_look_up
from argo.domain.reasons import Obstacle
from reconciliation.report import Run

_MESSAGE_IS_LOST = timedelta(seconds=60)
"""How long after its lease a waiting execution's message should have come back at the latest."""


async def expire_or_return(run: Run, execution: Execution) -> None:
    """End a claim whose signal is too old, for which nothing was sent; bring a younger one's message back."""
    now = run.now()
    if now < execution.lease_until:
        return
    if now >= execution.expires_at:
        learnt = Settlement(reason=execution.obstacle or Obstacle.WORKER_LOST)
        await run.move_to(execution, ExecutionState.EXPIRED, learnt)
    elif now - execution.lease_until >= _MESSAGE_IS_LOST:
        await _return(run, execution)


async def resolve(run: Run, execution: Execution) -> None:
    """Look up an order whose outcome is not known, once its worker's lease is over."""
    now = run.now()
    if now < execution.lease_until:
        return
    found = await run.broker.order_by_client_id(execution.client_order_id)
    match after_look_up(found, execution, now=now):
        case Accept(order=order, differences=differences):
            await run.move_to(execution, ExecutionState.SUBMITTED, accepted(order, differences))
        case SendAgain() if now >= execution.expires_at:
            reason, release = execution.obstacle or Obstacle.OUTCOME_UNKNOWN, Release.RESERVATION_AND_SYMBOL
            await run.move_to(execution, ExecutionState.EXPIRED, Settlement(reason=reason, release=release))
        case SendAgain():
            # The queue's next delivery sends it again; the reconciler never places an entry.
            if now - execution.lease_until >= _MESSAGE_IS_LOST:
                await _return(run, execution)
        case Wait() as wait:
            await run.ports.ledger.pause(
                execution,
                wait.obstacle,
                until=now,
                now=now,
                state=ExecutionState.UNKNOWN,
                missing_since=wait.missing_since,
            )


async def _return(run: Run, execution: Execution) -> None:
    """Send the signal's message again; should the first one still come, the ledger makes them one."""
    stored = await run.ports.ledger.signal(execution.signal_id)
    if stored is None:
        run.report.problems[execution.signal_id] = "the ledger lacks its signal"
        return
    sent = await run.ports.queue.send([stored.signal])
    run.report.returned += len(sent.signal_ids)
    run.ports.telemetry.log.warning(
        "signal_returned_to_queue",
        signal_id=execution.signal_id,
        executor=run.wiring.executor,
        failures=dict(sent.failures),
    )
