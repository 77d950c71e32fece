"""The end of a signal's way: written to the ledger first, and then counted and logged."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from argo.domain.execution import ExecutionState
from argo.domain.faults import Unauthorised
from argo.domain.ledger import Release
from argo.domain.metrics import Metric
from argo.domain.reasons import Obstacle
from argo.halts import halt
from argo.repeating import kept
from execution.account import AccountReader
from execution.backoff import backoff, held_for
from execution.outcomes import Ended, LeftToReconciler, Outcome, Waiting

if TYPE_CHECKING:
    from execution.wiring import Wiring

_TOLD = {
    ExecutionState.SUBMITTED: ("order_submitted", Metric.ORDERS_SUBMITTED),
    ExecutionState.REJECTED: ("order_rejected", Metric.ORDERS_REJECTED),
    ExecutionState.DENIED: ("signal_denied", Metric.SIGNALS_DENIED),
    ExecutionState.CLOSED: ("position_closed_by_signal", Metric.ORDERS_SUBMITTED),
    ExecutionState.EXPIRED: ("signal_expired", Metric.SIGNALS_EXPIRED),
}
"""The event that an end in a state is logged as, and the metric that counts it."""


@dataclass(frozen=True, slots=True)
class Later:
    """The message comes back after ``delay``."""

    delay: timedelta
    obstacle: str


@dataclass(frozen=True, slots=True)
class Recorder:
    """Records what became of signals at one account."""

    wiring: "Wiring"
    reader: AccountReader

    async def record(self, outcome: Outcome, receives: int) -> Later | None:
        """Record an outcome; ``receives`` counts the message's deliveries.

        Returns:
            When the message comes back; None where it can be acknowledged.

        Raises:
            LostLease: another worker has moved the execution.
        """
        match outcome:
            case Waiting():
                return await self._wait(outcome, receives)
            case Ended():
                await self.end(outcome)
            case LeftToReconciler(execution=execution, wait=wait):
                self.wiring.tell("left_to_reconciler", execution, **wait.told)
        return None

    async def end(self, outcome: Ended) -> None:
        """Move an execution to its end, and give back what is not needed any more."""
        ports, learnt = self.wiring.ports, outcome.learnt
        now = ports.clock.now()
        ended = await kept(
            lambda: ports.ledger.settle(outcome.execution, outcome.state, learnt, now=now), ports.clock
        )
        if outcome.state is ExecutionState.REJECTED:
            self.reader.changed()
        event, metric = _TOLD[outcome.state]
        ports.telemetry.count(metric, reason=learnt.reason)
        told: dict[str, str | float] = {}
        if learnt.order_id is not None:
            waited = (ended.updated_at - ended.created_at) / timedelta(milliseconds=1)
            ports.telemetry.record(Metric.SIGNAL_TO_ORDER, waited)
            if outcome.state is ExecutionState.SUBMITTED:
                told["milliseconds"] = waited
            told["order_id"] = learnt.order_id
        self.wiring.tell(event, ended, **told, **learnt.detail)

    async def _wait(self, outcome: Waiting, receives: int) -> Later:
        """Record the obstacle and give the message back.

        It comes back no sooner than its backoff, however soon the obstacle may pass: a message that returned every
        two seconds would use up the queue's receive count within its signal's life.
        """
        execution, wait, ports = outcome.execution, outcome.wait, self.wiring.ports
        now, limits = ports.clock.now(), self.wiring.limits.backoff
        if wait.obstacle is Obstacle.AWS_UNAVAILABLE:
            limits = self.wiring.limits.unavailable
        soonest = now + backoff(execution.signal_id, receives, limits.after(receives, execution, now))
        until = max(wait.until or soonest, soonest)
        state = None
        if outcome.withdraw:
            state = ExecutionState.CLAIMED
        elif execution.state is ExecutionState.SUBMITTING:
            state = ExecutionState.UNKNOWN
        free = now + held_for(execution, state or execution.state, receives, limits, now)
        pause = partial(
            ports.ledger.pause,
            execution,
            wait.obstacle,
            until=max(wait.until or free, free),
            now=now,
            state=state,
            detail=wait.detail,
            release=Release.RESERVATION_AND_SYMBOL if outcome.withdraw else Release.NOTHING,
            missing_since=wait.missing_since,
        )
        paused = await kept(pause, ports.clock)
        self.reader.changed()
        if wait.obstacle is Obstacle.BROKER_UNAUTHORISED:
            reason = f"{Unauthorised.__name__}: {wait.detail.get('message', wait.obstacle)}"
            if await halt(ports, self.wiring.executor, reason):
                self.reader.changed()
        self.wiring.tell("signal_waits", paused, until=until.isoformat(), **wait.told)
        return Later(until - now, wait.obstacle)
