"""The outcomes of a signal's way, each written to the ledger first and then counted and logged."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial

from argo.domain.execution import Execution, ExecutionState
from argo.domain.faults import Unauthorised
from argo.domain.ledger import Release, Settlement, accepted
from argo.domain.metrics import Metric
from argo.domain.orders import BrokerOrder
from argo.domain.outcome import Wait
from argo.domain.reasons import Denial, Obstacle
from argo.halts import halt
from argo.ports import Clock, Ledger, Telemetry
from execution.account import AccountDesk
from execution.backoff import BackoffLimits, backoff


@dataclass(frozen=True, slots=True)
class Limits:
    """How long things may take.

    ``lease`` must outlast a worker: the function's timeout and the broker's read timeout are below it.
    ``turned_away`` is what a delivery waits at least whose signal another worker holds.
    """

    lease: timedelta = timedelta(seconds=45)
    backoff: BackoffLimits = field(default_factory=BackoffLimits)
    turned_away: BackoffLimits = field(default_factory=partial(BackoffLimits, cap=timedelta(seconds=8)))


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
    """Records what became of signals at one account.

    Every method raises `LostLease` where another worker has moved the execution.
    """

    executor: str
    ledger: Ledger
    clock: Clock
    telemetry: Telemetry
    limits: Limits
    desk: AccountDesk

    async def accept(self, execution: Execution, order: BrokerOrder, differences: dict[str, str]) -> Handled:
        """The broker has the order."""
        now = self.clock.now()
        learnt = accepted(order, differences)
        submitted = await self.ledger.settle(execution, ExecutionState.SUBMITTED, learnt, now=now)
        waited = milliseconds(execution.created_at, now)
        self.telemetry.count(Metric.ORDERS_SUBMITTED)
        self.telemetry.record(Metric.SIGNAL_TO_ORDER, waited)
        self.log("order_submitted", submitted, milliseconds=waited, order_id=order.order_id, **learnt.detail)
        return Done()

    async def reject(self, execution: Execution, reason: str, detail: dict[str, str]) -> Handled:
        """The broker will not have it."""
        learnt = Settlement(reason=reason, detail=detail, release=Release.RESERVATION_AND_SYMBOL)
        rejected = await self.ledger.settle(execution, ExecutionState.REJECTED, learnt, now=self.clock.now())
        self.desk.changed()
        self.telemetry.count(Metric.ORDERS_REJECTED, reason=reason)
        self.log("order_rejected", rejected, **detail)
        return Done()

    async def deny(self, execution: Execution, denial: Denial) -> Handled:
        """The gate or the sizing will not have it."""
        learnt = Settlement(reason=denial.reason, detail=dict(denial.numbers))
        denied = await self.ledger.settle(execution, ExecutionState.DENIED, learnt, now=self.clock.now())
        self.telemetry.count(Metric.SIGNALS_DENIED, reason=denial.reason)
        self.log("signal_denied", denied, **denial.numbers)
        return Done()

    async def close(self, execution: Execution, order_id: str) -> Handled:
        """The signal closed another's position; its order is that position's exit."""
        now = self.clock.now()
        closed = await self.ledger.settle(execution, ExecutionState.CLOSED, Settlement(order_id=order_id), now=now)
        self.telemetry.count(Metric.ORDERS_SUBMITTED)
        self.telemetry.record(Metric.SIGNAL_TO_ORDER, milliseconds(execution.created_at, now))
        self.log("position_closed_by_signal", closed, order_id=order_id)
        return Done()

    async def expire(self, execution: Execution) -> Handled:
        """The signal is too old; the last obstacle is the reason."""
        never_met = Obstacle.NONE if execution.epoch == 1 else Obstacle.WORKER_LOST
        obstacle = execution.obstacle or never_met
        held = execution.state is not ExecutionState.CLAIMED
        learnt = Settlement(reason=obstacle, release=Release.RESERVATION_AND_SYMBOL if held else Release.NOTHING)
        expired = await self.ledger.settle(execution, ExecutionState.EXPIRED, learnt, now=self.clock.now())
        self.telemetry.count(Metric.SIGNALS_EXPIRED, reason=obstacle)
        self.log("signal_expired", expired)
        return Done()

    async def pause(self, execution: Execution, wait: Wait, receives: int, *, withdraw: bool = False) -> Handled:
        """Record the obstacle and give the message back; ``withdraw`` an intent that was certainly not sent.

        It comes back no sooner than its backoff, however soon the obstacle may pass: a message that returned every
        two seconds would use up the queue's receive count within its signal's life.
        """
        now = self.clock.now()
        soonest = now + backoff(execution.signal_id, receives, self.limits.backoff)
        until = max(wait.until or soonest, soonest)
        state = None
        if withdraw:
            state = ExecutionState.CLAIMED
        elif execution.state is ExecutionState.SUBMITTING:
            state = ExecutionState.UNKNOWN
        paused = await self.ledger.pause(
            execution,
            wait.obstacle,
            until=until,
            now=now,
            state=state,
            detail=wait.detail,
            release=Release.RESERVATION_AND_SYMBOL if withdraw else Release.NOTHING,
        )
        self.desk.changed()
        if wait.obstacle is Obstacle.BROKER_UNAUTHORISED:
            await self.halt(f"{Unauthorised.__name__}: {wait.detail.get('message', wait.obstacle)}")
        self.log("signal_waits", paused, until=until.isoformat(), **wait.detail)
        return Later(until - now, wait.obstacle)

    async def halt(self, reason: str, *, resumes_on: date | None = None) -> None:
        """Halt the account; what was known of it is out of date then."""
        now = self.clock.now()
        if await halt(self.ledger, self.telemetry, self.executor, reason, now=now, resumes_on=resumes_on):
            self.desk.changed()

    def log(self, event: str, execution: Execution, **detail: str | float) -> None:
        """Log an event of an execution with the keys that every one of them has."""
        self.telemetry.log.info(
            event,
            signal_id=execution.signal_id,
            executor=self.executor,
            symbol=execution.symbol,
            state=execution.state,
            reason=execution.reason,
            detail=detail,
            stacklevel=2,
        )


def milliseconds(start: datetime, end: datetime) -> float:
    """Return the time between two moments, in milliseconds."""
    return (end - start) / timedelta(milliseconds=1)
