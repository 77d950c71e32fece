"""One signal's way from its delivery to an outcome: the effects, in the order that survives a crash.

Claim, gate, intent, one POST, outcome. Every step is on the record before the next one begins, so whoever
comes after a crash reads where things stand and goes on from there.
"""

from dataclasses import dataclass

from pydantic import ValidationError

from argo.domain.account import AccountState
from argo.domain.execution import Execution, ExecutionState, Leg
from argo.domain.faults import Ambiguous, BrokerFault
from argo.domain.ledger import (
    Claimed,
    Held,
    Intent,
    LostLease,
    ReservationConflict,
    Settled,
    Settlement,
    SymbolLocked,
)
from argo.domain.metrics import Metric
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
from argo.domain.profile import Profile
from argo.domain.reasons import Denial, DenialReason, Obstacle, QuarantineReason
from argo.domain.signal import Signal
from argo.halts import breach_resumes_on
from argo.ports import Broker, Clock, Ledger, Telemetry
from execution import gate
from execution.account import AccountDesk
from execution.backoff import backoff
from execution.closing import LEAVES, Closing
from execution.planning import Plan, plan_entry
from execution.recording import Done, Handled, Later, Limits, Recorder, milliseconds

_RESERVATION_TRIES = 8


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
    record: Recorder
    closing: Closing

    async def handle(self, signal: Signal, receives: int) -> Handled:
        """Claim a signal's execution and bring it as far as it will go; ``receives`` counts deliveries."""
        now = self.clock.now()
        claim = await self.ledger.claim(signal, self.executor, now=now, lease=self.limits.lease)
        match claim:
            case Settled(execution=execution):
                self.telemetry.count(Metric.DUPLICATE_DELIVERIES)
                self.record.log("delivery_of_settled_signal", execution)
                return Done()
            case Held(until=until):
                # The holder's clock may be ahead: a moment more is enough, a whole backoff would lose an attempt.
                patience = backoff(signal.signal_id, receives, self.limits.turned_away)
                return Later(max(until - now, patience), "held_by_another_worker")
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
        try:
            holder = await self.closing.held_by(signal, execution)
        except ReservationConflict:
            return await self.record.pause(execution, Wait(Obstacle.RESERVATION_CONTENDED), receives)
        if holder is not None:
            closed = await self.closing.close(signal, execution, holder, receives)
            if not isinstance(closed, Execution):
                return closed
            execution = closed
        return await self._enter(signal, execution, receives)

    async def _enter(self, signal: Signal, execution: Execution, receives: int) -> Handled:
        if signal.is_expired(self.clock.now()):
            return await self.record.expire(execution)
        denial = gate.before_account(signal, self.profile)
        if denial is not None:
            return await self.record.deny(execution, denial)
        async with self.desk.turn:
            intended = await self._intend(signal, execution)
        match intended:
            case Denial():
                return await self._deny_or_wait(execution, intended, receives)
            case Wait():
                return await self.record.pause(execution, intended, receives)
            case Execution():
                return await self._send(signal, intended, receives)

    async def _intend(self, signal: Signal, execution: Execution) -> Execution | Denial | Wait:
        for _ in range(_RESERVATION_TRIES):
            try:
                decided = await self._decide(signal, execution)
                return decided if isinstance(decided, Denial) else await self._reserve(execution, *decided)
            except BrokerFault as fault:
                return waiting_for(fault)
            except ReservationConflict:
                self.desk.changed()
            except SymbolLocked as holder:
                return Denial(DenialReason.ALREADY_POSITIONED, {"symbol": signal.symbol, "held_by": str(holder)})
        return Wait(Obstacle.RESERVATION_CONTENDED)

    async def _decide(self, signal: Signal, execution: Execution) -> tuple[Plan, AccountState] | Denial:
        """Ask the gate, from cheap to dear, and size what passes.

        Returns:
            The plan with the account's record that it was decided on: the reservation holds for that one, whatever
            a sibling's outcome has made the desk read meanwhile.
        """
        left = execution.detail.get(LEAVES)
        state = await self.desk.state()
        if (denial := self._with_ledger(signal, state, left)) is not None:
            return denial
        account = await self.desk.view(signal)
        if account.state is not state and (denial := self._with_ledger(signal, account.state, left)) is not None:
            return denial
        if (denial := gate.with_account(signal, self.profile, account)) is not None:
            if (limit := gate.breach_of(denial)) is not None:
                on = breach_resumes_on(self.profile, limit, account.clock)
                await self.record.halt(f"{denial.reason}: {dict(denial.numbers)}", resumes_on=on)
            return denial
        leg = Leg.FLIP if left else Leg.ENTRY
        plan = plan_entry(signal, self.profile, account, executor=self.executor, leg=leg)
        if isinstance(plan, Denial):
            return plan
        return gate.within_exposure(plan.notional, self.profile, account) or (plan, account.state)

    def _with_ledger(self, signal: Signal, state: AccountState, left: str | None) -> Denial | None:
        """Ask the checks that need no broker; the trade that a flip has just ended locks nothing for it."""
        others = tuple(trade for trade in state.exits if trade.signal_id != left)
        seen = state if left is None else state.model_copy(update={"exits": others})
        return gate.with_ledger(signal, self.profile, seen, self.clock.now())

    async def _reserve(self, execution: Execution, plan: Plan, account: AccountState) -> Execution:
        intent = Intent(
            client_order_id=plan.entry.client_order_id,
            order_body=plan.entry.body(),
            notional=plan.notional,
            risk=plan.entry.risk,
            detail=plan.arithmetic | ({LEAVES: execution.detail[LEAVES]} if LEAVES in execution.detail else {}),
        )
        intended = await self.ledger.intend(execution, intent, account=account, now=self.clock.now())
        self.desk.reserved(intended, intent, on=account)
        return intended

    async def _send(self, signal: Signal, execution: Execution, receives: int) -> Handled:
        sent_at = self.clock.now()
        if signal.is_expired(sent_at):
            # The gate and the ledger took their time; nothing of this attempt is at the broker.
            return await self.record.expire(execution)
        answer = await self._post(execution)
        self.telemetry.record(Metric.BROKER_CALL, milliseconds(sent_at, self.clock.now()))
        match after_submit(answer):
            case Accept(order=order):
                return await self.record.accept(execution, order, {})
            case Reject(reason=reason, detail=detail):
                return await self.record.reject(execution, reason, detail)
            case Wait() as wait:
                # An earlier attempt of unknown fate may still arrive: then this one's answer settles nothing.
                never_unknown = MISSING_SINCE not in execution.detail
                return await self.record.pause(execution, wait, receives, withdraw=never_unknown)
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
        match after_look_up(found, execution, now=now):
            case Accept(order=order, differences=differences):
                return await self.record.accept(execution, order, differences)
            case SendAgain() if expired:
                return await self.record.expire(execution)
            case SendAgain():
                again = await self._submitting_again(execution)
                return await self._send(signal, again, receives)
            case Wait(detail=detail) if expired:
                # Nothing will be sent any more; what is left is a look-up, and that is the reconciler's work.
                self.record.log("left_to_reconciler", execution, **detail)
                return Done()
            case Wait() as wait:
                return await self.record.pause(execution, wait, receives)

    async def _submitting_again(self, execution: Execution) -> Execution:
        if execution.state is ExecutionState.SUBMITTING:
            return execution
        return await self.ledger.settle(
            execution,
            ExecutionState.SUBMITTING,
            Settlement(detail={MISSING_SINCE: ""}),
            now=self.clock.now(),
        )

    async def _deny_or_wait(self, execution: Execution, denial: Denial, receives: int) -> Handled:
        met_refused_credentials = execution.obstacle == Obstacle.BROKER_UNAUTHORISED
        if denial.reason is DenialReason.HALTED and met_refused_credentials:
            return await self.record.pause(execution, Wait(Obstacle.BROKER_UNAUTHORISED), receives)
        if LEAVES in execution.detail and denial.numbers.get("held_by") == gate.NOT_ARGOS:
            # A flip's exit has filled, and the broker's positions may not show it yet.
            return await self.record.pause(execution, Wait(Obstacle.AWAITING_EXIT), receives)
        return await self.record.deny(execution, denial)
