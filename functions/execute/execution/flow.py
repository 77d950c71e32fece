"""One signal's way from its delivery to an outcome: the effects, in the order that survives a crash.

Claim, gate, intent, one POST, outcome. Every step is on the record before the next one begins, so whoever
comes after a crash reads where things stand and goes on from there.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import ValidationError

from argo.domain.account import TradingState
from argo.domain.config import Profile
from argo.domain.execution import Execution, ExecutionState, OrderLeg
from argo.domain.faults import Ambiguous, BrokerFault, Unauthorised
from argo.domain.orders import BrokerOrder
from argo.domain.outcome import (
    MISSING_SINCE,
    Accept,
    LookUp,
    Reject,
    SendAgain,
    Wait,
    after_look_up,
    after_submit,
    waiting_for,
)
from argo.domain.reasons import Denial, DenialReason, Obstacle, QuarantineReason
from argo.domain.signal import Signal
from argo.observability import Metric, Telemetry
from argo.ports import (
    Broker,
    Claimed,
    Clock,
    Held,
    Intent,
    Ledger,
    LostLease,
    Release,
    ReservationConflict,
    Settled,
    Settlement,
    SymbolLocked,
)
from execution import gate
from execution.account import AccountDesk
from execution.backoff import BackoffLimits, backoff
from execution.planning import Plan, plan_entry

_RESERVATION_TRIES = 8


@dataclass(frozen=True, slots=True)
class Limits:
    """How long things may take.

    ``lease`` must outlast a worker: the function's timeout and the broker's read timeout are below it.
    ``quiescence`` is how long a sent order may be on its way before a look-up that finds nothing counts.
    """

    lease: timedelta = timedelta(seconds=45)
    quiescence: timedelta = timedelta(seconds=10)
    backoff: BackoffLimits = field(default_factory=BackoffLimits)


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
class Flow:
    """Carries signals of one batch to their outcomes at one account."""

    executor: str
    profile: Profile
    ledger: Ledger
    broker: Broker
    clock: Clock
    telemetry: Telemetry
    limits: Limits
    desk: AccountDesk

    async def handle(self, signal: Signal, receives: int) -> Handled:
        """Claim a signal's execution and bring it as far as it will go; ``receives`` counts deliveries."""
        now = self.clock.now()
        claim = await self.ledger.claim(signal, self.executor, now=now, lease=self.limits.lease)
        match claim:
            case Settled(execution=execution):
                self.telemetry.count(Metric.DUPLICATE_DELIVERIES)
                self._log("delivery_of_settled_signal", execution)
                return Done()
            case Held(until=until):
                return Later(until - now, "held_by_another_worker")
            case Claimed(execution=execution, taken_over=taken_over):
                if not taken_over:
                    self.telemetry.count(Metric.SIGNALS_RECEIVED)
                try:
                    return await self._advance(signal, execution, receives)
                except LostLease:
                    return Later(self.limits.lease, "overtaken_by_another_worker")

    async def dead_letter(self, signal_id: str, reason: QuarantineReason, detail: str) -> None:
        """End the execution of a signal whose message no retry can mend, where the ledger knows the signal.

        One that is settled, or that another worker has, stays as it is.
        """
        try:
            stored = await self.ledger.signal(signal_id)
        except ValidationError:
            return  # The ledger's copy is of a version this code does not know either.
        if stored is None:
            return
        now = self.clock.now()
        claim = await self.ledger.claim(stored.signal, self.executor, now=now, lease=self.limits.lease)
        if isinstance(claim, Claimed) and claim.execution.state is ExecutionState.CLAIMED:
            learnt = Settlement(reason=reason, detail={"problem": detail})
            await self.ledger.settle(claim.execution, ExecutionState.DEAD_LETTERED, learnt, now=now)

    async def _advance(self, signal: Signal, execution: Execution, receives: int) -> Handled:
        if execution.state is not ExecutionState.CLAIMED:
            return await self._look_up(signal, execution, receives)
        if signal.is_expired(self.clock.now()):
            return await self._expire(execution)
        denial = gate.before_account(signal, self.profile)
        if denial is not None:
            return await self._deny(execution, denial)
        async with self.desk.turn:
            intended = await self._intend(signal, execution)
        match intended:
            case Denial():
                return await self._deny_or_wait(signal, execution, intended, receives)
            case Wait():
                return await self._pause(signal, execution, intended, receives)
            case Execution():
                return await self._send(signal, intended, receives)

    async def _intend(self, signal: Signal, execution: Execution) -> Execution | Denial | Wait:
        for _ in range(_RESERVATION_TRIES):
            try:
                account = await self.desk.view()
            except BrokerFault as fault:
                return waiting_for(fault)
            denial = gate.with_account(signal, self.profile, account)
            if denial is not None:
                return denial
            plan = plan_entry(signal, self.profile, account, executor=self.executor)
            if isinstance(plan, Denial):
                return plan
            try:
                return await self._reserve(execution, plan)
            except ReservationConflict:
                self.desk.changed()
            except SymbolLocked as holder:
                return Denial(DenialReason.ALREADY_POSITIONED, {"symbol": signal.symbol, "held_by": str(holder)})
        return Wait(Obstacle.RESERVATION_CONTENDED)

    async def _reserve(self, execution: Execution, plan: Plan) -> Execution:
        account = await self.desk.view()
        intent = Intent(
            order_body=plan.entry.body(),
            notional=plan.notional,
            risk=plan.entry.risk,
            detail=plan.arithmetic,
        )
        intended = await self.ledger.intend(execution, intent, account=account.state, now=self.clock.now())
        self.desk.reserved(intent.notional, intent.risk)
        return intended

    async def _send(self, signal: Signal, execution: Execution, receives: int) -> Handled:
        sent_at = self.clock.now()
        answer = await self._post(execution)
        self.telemetry.record(Metric.BROKER_CALL, _milliseconds(sent_at, self.clock.now()))
        match after_submit(answer):
            case Accept(order=order):
                return await self._accept(execution, order, {})
            case Reject(reason=reason, detail=detail):
                return await self._reject(execution, reason, detail)
            case Wait() as wait:
                return await self._pause(signal, execution, wait, receives, withdraw=True)
            case LookUp(detail=detail):
                if isinstance(answer, Ambiguous):
                    self.telemetry.count(Metric.AMBIGUOUS_SUBMISSIONS)
                unknown = await self.ledger.pause(
                    execution,
                    Obstacle.OUTCOME_UNKNOWN,
                    until=execution.lease_until,
                    now=self.clock.now(),
                    state=ExecutionState.UNKNOWN,
                    detail=detail,
                )
                return await self._look_up(signal, unknown, receives)

    async def _post(self, execution: Execution) -> BrokerOrder | BrokerFault:
        try:
            return await self.broker.submit(execution.order_body or {})
        except BrokerFault as fault:
            return fault

    async def _look_up(self, signal: Signal, execution: Execution, receives: int) -> Handled:
        found: BrokerOrder | BrokerFault | None
        try:
            found = await self.broker.order_by_client_id(execution.client_order_id)
        except BrokerFault as fault:
            found = fault
        now = self.clock.now()
        expired = signal.is_expired(now)
        match after_look_up(found, execution, now=now, quiescence=self.limits.quiescence):
            case Accept(order=order, differences=differences):
                return await self._accept(execution, order, differences)
            case SendAgain() if expired:
                return await self._expire(execution)
            case SendAgain():
                again = await self._submitting_again(execution)
                return await self._send(signal, again, receives)
            case Wait(detail=detail) if expired:
                # Nothing will be sent any more; what is left is a look-up, and that is the reconciler's work.
                self._log("left_to_reconciler", execution, **detail)
                return Done()
            case Wait() as wait:
                return await self._pause(signal, execution, wait, receives)

    async def _submitting_again(self, execution: Execution) -> Execution:
        if execution.state is ExecutionState.SUBMITTING:
            return execution
        return await self.ledger.settle(
            execution, ExecutionState.SUBMITTING, Settlement(detail={MISSING_SINCE: ""}), now=self.clock.now()
        )

    async def _accept(self, execution: Execution, order: BrokerOrder, differences: dict[str, str]) -> Handled:
        now = self.clock.now()
        legs = tuple(OrderLeg(order_id=leg.order_id, role=leg.role, status=leg.status) for leg in order.legs)
        answered = {"request_id": order.request_id} if order.request_id else {}
        learnt = Settlement(order_id=order.order_id, legs=legs, detail=differences | answered)
        submitted = await self.ledger.settle(execution, ExecutionState.SUBMITTED, learnt, now=now)
        self.telemetry.count(Metric.ORDERS_SUBMITTED)
        self.telemetry.record(Metric.SIGNAL_TO_ORDER, _milliseconds(execution.created_at, now))
        self._log("order_submitted", submitted, order_id=order.order_id, **differences, **answered)
        return Done()

    async def _reject(self, execution: Execution, reason: str, detail: dict[str, str]) -> Handled:
        learnt = Settlement(reason=reason, detail=detail, release=Release.RESERVATION_AND_SYMBOL)
        rejected = await self.ledger.settle(execution, ExecutionState.REJECTED, learnt, now=self.clock.now())
        self.desk.changed()
        self.telemetry.count(Metric.ORDERS_REJECTED, reason=reason)
        self._log("order_rejected", rejected, **detail)
        return Done()

    async def _deny_or_wait(self, signal: Signal, execution: Execution, denial: Denial, receives: int) -> Handled:
        met_refused_credentials = execution.obstacle == Obstacle.BROKER_UNAUTHORISED
        if denial.reason is DenialReason.HALTED and met_refused_credentials:
            return await self._pause(signal, execution, Wait(Obstacle.BROKER_UNAUTHORISED), receives)
        return await self._deny(execution, denial)

    async def _deny(self, execution: Execution, denial: Denial) -> Handled:
        learnt = Settlement(reason=denial.reason, detail=dict(denial.numbers))
        denied = await self.ledger.settle(execution, ExecutionState.DENIED, learnt, now=self.clock.now())
        self.telemetry.count(Metric.SIGNALS_DENIED, reason=denial.reason)
        self._log("signal_denied", denied, **denial.numbers)
        return Done()

    async def _expire(self, execution: Execution) -> Handled:
        never_met = Obstacle.NONE if execution.epoch == 1 else Obstacle.WORKER_LOST
        obstacle = execution.obstacle or never_met
        held = execution.state is not ExecutionState.CLAIMED
        learnt = Settlement(reason=obstacle, release=Release.RESERVATION_AND_SYMBOL if held else Release.NOTHING)
        expired = await self.ledger.settle(execution, ExecutionState.EXPIRED, learnt, now=self.clock.now())
        self.telemetry.count(Metric.SIGNALS_EXPIRED, reason=obstacle)
        self._log("signal_expired", expired)
        return Done()

    async def _pause(
        self, signal: Signal, execution: Execution, wait: Wait, receives: int, *, withdraw: bool = False
    ) -> Handled:
        """Record the obstacle and give the message back; ``withdraw`` an intent that was certainly not sent."""
        now = self.clock.now()
        until = wait.until or now + backoff(signal.signal_id, receives, self.limits.backoff)
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
            await self._halt(wait)
        self._log("signal_waits", paused, until=until.isoformat(), **wait.detail)
        return Later(until - now, wait.obstacle)

    async def _halt(self, wait: Wait) -> None:
        account = await self.ledger.account(self.executor)
        if account.trading_state is TradingState.HALTED:
            return
        reason = f"{Unauthorised.__name__}: {wait.detail.get('message', wait.obstacle)}"
        await self.ledger.set_trading_state(
            self.executor, TradingState.HALTED, reason=reason, now=self.clock.now()
        )
        self.telemetry.log.error("account_halted", executor=self.executor, halted_because=reason)

    def _log(self, event: str, execution: Execution, **detail: str) -> None:
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


def _milliseconds(start: datetime, end: datetime) -> float:
    return (end - start) / timedelta(milliseconds=1)
