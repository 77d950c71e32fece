"""The end of a signal's way: written to the ledger first, and then counted and logged."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from argo.domain.execution import Execution, ExecutionState
from argo.domain.faults import Unauthorised
from argo.domain.ledger import Release, Settlement, accepted
from argo.domain.metrics import Metric
from argo.domain.reasons import Obstacle
from argo.halts import halt
from execution.account import AccountReader
from execution.backoff import backoff
from execution.outcomes import (
    Accepted,
    Denied,
    Expired,
    LeftToReconciler,
    Outcome,
    PositionClosed,
    Rejected,
    Waiting,
)
from execution.telling import milliseconds, tell

if TYPE_CHECKING:
    from execution.wiring import Wiring


@dataclass(frozen=True, slots=True)
class Done:
    """The message can be acknowledged."""


@dataclass(frozen=True, slots=True)
class Later:
    """The message comes back after ``delay``."""

    delay: timedelta
    obstacle: str


type Handled = Done | Later


@dataclass(frozen=True, slots=True)
class Recorder:
    """Records what became of signals at one account."""

    wiring: "Wiring"
    reader: AccountReader

    async def record(self, outcome: Outcome, receives: int) -> Handled:
        """Record an outcome; ``receives`` counts the message's deliveries.

        Raises:
            LostLease: another worker has moved the execution.
        """
        match outcome:
            case Waiting():
                return await self._wait(outcome, receives)
            case Accepted():
                await self._accept(outcome)
            case Rejected():
                await self.reject(outcome)
            case Denied():
                await self._deny(outcome)
            case PositionClosed():
                await self._close(outcome)
            case Expired(execution=execution):
                await self._expire(execution)
            case LeftToReconciler(execution=execution, wait=wait):
                tell(self.wiring, "left_to_reconciler", execution, **wait.told)
        return Done()

    async def _accept(self, outcome: Accepted) -> None:
        learnt = accepted(outcome.order, outcome.differences)
        submitted = await self._settle(outcome.execution, ExecutionState.SUBMITTED, learnt)
        waited = self._count_order(submitted)
        order_id = outcome.order.order_id
        tell(self.wiring, "order_submitted", submitted, milliseconds=waited, order_id=order_id, **learnt.detail)

    async def reject(self, outcome: Rejected) -> None:
        """Record that the broker will not have an order, and give back what was reserved for it."""
        learnt = Settlement(reason=outcome.reason, detail=outcome.detail, release=Release.RESERVATION_AND_SYMBOL)
        rejected = await self._settle(outcome.execution, ExecutionState.REJECTED, learnt)
        self.reader.changed()
        self.wiring.ports.telemetry.count(Metric.ORDERS_REJECTED, reason=outcome.reason)
        tell(self.wiring, "order_rejected", rejected, **outcome.detail)

    async def _deny(self, outcome: Denied) -> None:
        reason, numbers = outcome.denial.reason, dict(outcome.denial.numbers)
        denied = await self._settle(
            outcome.execution, ExecutionState.DENIED, Settlement(reason=reason, detail=numbers)
        )
        self.wiring.ports.telemetry.count(Metric.SIGNALS_DENIED, reason=reason)
        tell(self.wiring, "signal_denied", denied, **numbers)

    async def _close(self, outcome: PositionClosed) -> None:
        learnt = Settlement(order_id=outcome.order_id)
        closed = await self._settle(outcome.execution, ExecutionState.CLOSED, learnt)
        self._count_order(closed)
        tell(self.wiring, "position_closed_by_signal", closed, order_id=outcome.order_id)

    async def _expire(self, execution: Execution) -> None:
        never_met = Obstacle.NONE if execution.epoch == 1 else Obstacle.WORKER_LOST
        obstacle = execution.obstacle or never_met
        held = execution.state is not ExecutionState.CLAIMED
        release = Release.RESERVATION_AND_SYMBOL if held else Release.NOTHING
        learnt = Settlement(reason=obstacle, release=release)
        expired = await self._settle(execution, ExecutionState.EXPIRED, learnt)
        self.wiring.ports.telemetry.count(Metric.SIGNALS_EXPIRED, reason=obstacle)
        tell(self.wiring, "signal_expired", expired)

    async def _wait(self, outcome: Waiting, receives: int) -> Later:
        """Record the obstacle and give the message back.

        It comes back no sooner than its backoff, however soon the obstacle may pass: a message that returned every
        two seconds would use up the queue's receive count within its signal's life.
        """
        execution, wait, ports = outcome.execution, outcome.wait, self.wiring.ports
        now = ports.clock.now()
        soonest = now + backoff(execution.signal_id, receives, self.wiring.limits.backoff)
        until = max(wait.until or soonest, soonest)
        state = None
        if outcome.withdraw:
            state = ExecutionState.CLAIMED
        elif execution.state is ExecutionState.SUBMITTING:
            state = ExecutionState.UNKNOWN
        paused = await ports.ledger.pause(
            execution,
            wait.obstacle,
            until=until,
            now=now,
            state=state,
            detail=wait.detail,
            release=Release.RESERVATION_AND_SYMBOL if outcome.withdraw else Release.NOTHING,
            missing_since=wait.missing_since,
        )
        self.reader.changed()
        if wait.obstacle is Obstacle.BROKER_UNAUTHORISED:
            await self._halt(f"{Unauthorised.__name__}: {wait.detail.get('message', wait.obstacle)}")
        tell(self.wiring, "signal_waits", paused, until=until.isoformat(), **wait.told)
        return Later(until - now, wait.obstacle)

    async def _halt(self, reason: str) -> None:
        """Halt the account; what was known of it is out of date then."""
        ports = self.wiring.ports
        now = ports.clock.now()
        if await halt(ports.ledger, ports.telemetry, self.wiring.executor, reason, now=now):
            self.reader.changed()

    async def _settle(self, execution: Execution, state: ExecutionState, learnt: Settlement) -> Execution:
        ports = self.wiring.ports
        return await ports.ledger.settle(execution, state, learnt, now=ports.clock.now())

    def _count_order(self, execution: Execution) -> float:
        """Count an order, and return the milliseconds from its signal to it."""
        telemetry = self.wiring.ports.telemetry
        waited = milliseconds(execution.created_at, execution.updated_at)
        telemetry.count(Metric.ORDERS_SUBMITTED)
        telemetry.record(Metric.SIGNAL_TO_ORDER, waited)
        return waited
