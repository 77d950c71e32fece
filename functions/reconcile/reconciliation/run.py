"""One reconciler run: every open execution of an account, oldest first, against the broker."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

from argo.domain.execution import Execution, ExecutionState, Exit
from argo.domain.faults import BrokerFault
from argo.domain.ledger import LostLease, Release, ReservationConflict, Settlement, accepted
from argo.domain.orders import BrokerOrder
from argo.domain.outcome import Accept, SendAgain, Wait, after_look_up
from argo.domain.reasons import Obstacle
from argo.domain.settlement import may_be_cancelled, settle
from argo.exits import Leaver, Left
from argo.observability import Metric
from reconciliation.watching import watch
from reconciliation.wiring import Wiring

EXECUTIONS_A_RUN = 60
"""Open executions looked at in one run, one broker request each: a third of the account's 200 a minute."""

_AT_A_TIME = 5
_QUIESCENCE = timedelta(seconds=10)


@dataclass(slots=True)
class Report:
    """What a run did, as its result says."""

    open: int = 0
    moved: dict[str, int] = field(default_factory=dict)
    cancelled: int = 0
    unanswered: int = 0

    def as_dict(self) -> dict[str, object]:
        """Return the report as plain JSON, with what this version leaves undone."""
        return {
            "open": self.open,
            "moved": self.moved,
            "cancelled": self.cancelled,
            "unanswered": self.unanswered,
            "not_built_yet": ["repair", "position comparison", "conservation check"],
        }


async def reconcile(wiring: Wiring) -> Report:
    """Bring the account's open executions into line with the broker."""
    found = await wiring.ledger.open_executions(wiring.executor, limit=EXECUTIONS_A_RUN)
    report = Report(open=len(found))
    bound = asyncio.Semaphore(_AT_A_TIME)

    async def one(execution: Execution) -> None:
        async with bound:
            await _reconcile_one(wiring, execution, report)

    await asyncio.gather(*(one(execution) for execution in found))
    try:
        await watch(wiring)
    except BrokerFault as fault:
        report.unanswered += 1
        wiring.telemetry.log.warning("account_not_observed", executor=wiring.executor, detail=fault.detail())
    wiring.telemetry.record(Metric.OPEN_EXECUTIONS, report.open)
    wiring.telemetry.count(Metric.REPAIRS_MADE, sum(report.moved.values()))
    return report


async def _reconcile_one(wiring: Wiring, execution: Execution, report: Report) -> None:
    try:
        match execution.state:
            case ExecutionState.CLAIMED:
                await _expire_claim(wiring, execution, report)
            case ExecutionState.SUBMITTING | ExecutionState.UNKNOWN:
                await _resolve(wiring, execution, report)
            case _:
                await _follow(wiring, execution, report)
    except BrokerFault as fault:
        report.unanswered += 1
        wiring.telemetry.log.warning(
            "broker_did_not_answer", signal_id=execution.signal_id, executor=wiring.executor, detail=fault.detail()
        )
    except (LostLease, ReservationConflict):
        # An executor was at it or at its account meanwhile: the next run sees where it stands.
        wiring.telemetry.log.info("moved_meanwhile", signal_id=execution.signal_id, executor=wiring.executor)


async def _expire_claim(wiring: Wiring, execution: Execution, report: Report) -> None:
    """End a claim that nobody works on and whose signal is too old; nothing was sent for it."""
    now = wiring.clock.now()
    if now >= execution.expires_at and now >= execution.lease_until:
        reason = execution.obstacle or Obstacle.WORKER_LOST
        await _settle(wiring, execution, ExecutionState.EXPIRED, Settlement(reason=reason), report)


async def _resolve(wiring: Wiring, execution: Execution, report: Report) -> None:
    """Look up an order whose fate is not known, once its worker's lease is over."""
    now = wiring.clock.now()
    if now < execution.lease_until:
        return
    found = await wiring.broker.order_by_client_id(execution.client_order_id)
    match after_look_up(found, execution, now=now, quiescence=_QUIESCENCE):
        case Accept(order=order, differences=differences):
            await _settle(wiring, execution, ExecutionState.SUBMITTED, accepted(order, differences), report)
        case SendAgain() if now >= execution.expires_at:
            learnt = Settlement(
                reason=execution.obstacle or Obstacle.OUTCOME_UNKNOWN, release=Release.RESERVATION_AND_SYMBOL
            )
            await _settle(wiring, execution, ExecutionState.EXPIRED, learnt, report)
        case SendAgain():
            pass  # The queue's next delivery sends it again; the reconciler never places an entry.
        case Wait(obstacle=obstacle, detail=detail):
            unknown = ExecutionState.UNKNOWN if execution.state is ExecutionState.SUBMITTING else None
            await wiring.ledger.pause(execution, obstacle, until=now, now=now, state=unknown, detail=detail)


async def _follow(wiring: Wiring, execution: Execution, report: Report) -> None:
    """Follow an order the broker has: its fills, its exits, its end."""
    if execution.order_id is None:
        return
    if execution.exit is not None:
        await _leave(wiring, execution, execution.exit, report)
        return
    order = await wiring.broker.order(execution.order_id)
    if order is None:
        report.unanswered += 1
        wiring.telemetry.log.error(
            "order_missing_at_broker", signal_id=execution.signal_id, order_id=execution.order_id
        )
        return
    now = wiring.clock.now()
    if may_be_cancelled(execution, order, now):
        order = await _cancel(wiring, order, report)
    move = settle(execution, order, now)
    if move is not None:
        await _settle(wiring, execution, move.state, move.settlement, report)


async def _leave(wiring: Wiring, execution: Execution, begun: Exit, report: Report) -> None:
    """Go on with an exit that somebody has begun, and follow its order."""
    leaving = await Leaver(wiring.ledger, wiring.broker, wiring.clock).leave(execution, begun.why)
    if isinstance(leaving, Wait):
        report.unanswered += 1
        wiring.telemetry.log.warning("exit_waits", signal_id=execution.signal_id, detail=leaving.detail)
        return
    exit_order = leaving.order if isinstance(leaving, Left) else None
    move = settle(leaving.execution, leaving.entry, wiring.clock.now(), exit_order)
    if move is not None:
        await _settle(wiring, leaving.execution, move.state, move.settlement, report)


async def _cancel(wiring: Wiring, order: BrokerOrder, report: Report) -> BrokerOrder:
    if await wiring.broker.cancel(order.order_id):
        report.cancelled += 1
        wiring.telemetry.log.info("entry_cancelled", order_id=order.order_id, client_id=order.client_order_id)
    return await wiring.broker.order(order.order_id) or order


async def _settle(
    wiring: Wiring, execution: Execution, state: ExecutionState, learnt: Settlement, report: Report
) -> None:
    await wiring.ledger.settle(execution, state, learnt, now=wiring.clock.now())
    report.moved[state] = report.moved.get(state, 0) + 1
    wiring.telemetry.log.info(
        "execution_moved",
        signal_id=execution.signal_id,
        executor=wiring.executor,
        state=state,
        came_from=execution.state,
        reason=learnt.reason,
    )
