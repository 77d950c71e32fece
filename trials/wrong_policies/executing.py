"""Wrong ways from a signal to its order."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from argo.domain.account import AccountState, TradingState
from argo.domain.execution import Execution, ExecutionState, client_order_id
from argo.domain.faults import Ambiguous, BrokerFault, Duplicate
from argo.domain.ledger import Settlement
from argo.domain.orders import BrokerOrder
from argo.domain.outcome import (
    AfterSubmit,
    Reject,
    Wait,
    after_submit,
)
from argo.domain.profile import Profile
from argo.domain.reasons import Denial, Obstacle, RejectionReason
from argo.domain.signal import Signal
from execution import flow, gate
from execution.batch import execute_batch
from execution.flow import Flow
from execution.planning import Plan
from execution.recording import Done, Handled, Recorder
from execution.view import AccountView
from execution.wiring import Wiring
from trials import world
from trials.wrong_policies.wrong_policy import instead_of

_handle, _look_up, _reserve = Flow.handle, Flow._look_up, Flow._reserve  # noqa: SLF001 - what is replaced
_with_ledger = gate.with_ledger


@instead_of((Flow, "_reserve"), wrong="sends the order, then writes down that it will", failure="A07")
async def order_before_record(self: Flow, execution: Execution, plan: Plan, account: AccountState) -> Execution:
    await self.broker.submit(plan.entry.body())
    return await _reserve(self, execution, plan, account)


@instead_of((Flow, "_post"), wrong="gives every attempt an id of its own", failure="A12")
async def new_id_per_attempt(self: Flow, execution: Execution) -> BrokerOrder | BrokerFault:
    own = client_order_id(self.executor, execution.signal_id, attempt=execution.attempts)
    try:
        return await self.broker.submit({**(execution.order_body or {}), "client_order_id": own})
    except BrokerFault as fault:
        return fault


@instead_of(
    (flow, "after_submit"), wrong="forgets the order that raised an exception, and begins anew", failure="B05"
)
def record_deleted_on_exception(answer: BrokerOrder | BrokerFault) -> AfterSubmit:
    return Wait(Obstacle.OUTCOME_UNKNOWN) if isinstance(answer, Ambiguous) else after_submit(answer)


@instead_of((flow, "after_submit"), wrong="takes a timed-out order for one that was refused", failure="A12, B02")
def silence_read_as_rejection(answer: BrokerOrder | BrokerFault) -> AfterSubmit:
    if isinstance(answer, Ambiguous):
        return Reject(RejectionReason.OTHER, answer.detail())
    return after_submit(answer)


@instead_of((flow, "after_submit"), wrong="takes a duplicate's refusal for the order's", failure="B03")
def duplicate_read_as_rejection(answer: BrokerOrder | BrokerFault) -> AfterSubmit:
    if isinstance(answer, Duplicate):
        return Reject(RejectionReason.OTHER, answer.detail())
    return after_submit(answer)


@instead_of((Flow, "_look_up"), wrong="after a restart sends again whatever it finds unfinished", failure="B06")
async def sent_again_after_restart(self: Flow, _: Signal, execution: Execution, receives: int) -> Handled:
    again = execution
    if execution.state is ExecutionState.UNKNOWN:
        again = await self.ledger.settle(execution, ExecutionState.SUBMITTING, Settlement(), now=self.clock.now())
    try:
        return await self.record.accept(again, await self.broker.submit(again.order_body or {}), {})
    except BrokerFault as fault:
        return await self.record.pause(again, Wait(Obstacle.OUTCOME_UNKNOWN, detail=fault.detail()), receives)


@instead_of((Flow, "_look_up"), wrong="lets an expired signal end without looking for its order", failure="B02")
async def expired_without_look_up(self: Flow, signal: Signal, execution: Execution, receives: int) -> Handled:
    if signal.is_expired(self.clock.now()):
        return await self.record.expire(execution)
    return await _look_up(self, signal, execution, receives)


@instead_of((Signal, "is_expired"), wrong="does not look at a signal's age when it comes back", failure="B07")
def expiry_unchecked(self: Signal, now: datetime) -> bool:  # noqa: ARG001 - that is what is wrong
    return False


@instead_of((Flow, "handle"), wrong="takes a claim for the work that it announces", failure="B01")
async def claim_read_as_done(self: Flow, signal: Signal, receives: int) -> Handled:
    if await self.ledger.execution(signal.signal_id, self.executor) is not None:
        return Done()
    return await _handle(self, signal, receives)


@instead_of((Recorder, "reject"), wrong="keeps a rejected order's money and symbol")
async def reservation_not_released(
    self: Recorder, execution: Execution, reason: str, detail: dict[str, str]
) -> Handled:
    learnt = Settlement(reason=reason, detail=detail)
    await self.ledger.settle(execution, ExecutionState.REJECTED, learnt, now=self.clock.now())
    return Done()


@instead_of(
    (gate, "for_exit"), wrong="asks the checks that limit new risk whether a position may be left", failure="A20"
)
def exit_gated(signal: Signal, profile: Profile, account: AccountView) -> Denial | None:
    others = account.state.model_copy(update={"holdings": {}})
    return gate.before_account(signal, profile) or gate.with_ledger(signal, profile, others, account.read_at)


@instead_of((gate, "with_ledger"), wrong="does not ask whether the account is halted", failure="A19")
def halt_ignored(signal: Signal, profile: Profile, state: AccountState, now: datetime) -> Denial | None:
    active = state.model_copy(update={"trading_state": TradingState.ACTIVE})
    return _with_ledger(signal, profile, active, now)


@instead_of((world, "execute_batch"), wrong="tells the queue that everything was handled", failure="A14")
async def failures_swallowed(
    event: Mapping[str, Any], wiring: Wiring, *, seconds_left: Callable[[], float]
) -> dict[str, list[dict[str, str]]]:
    await execute_batch(event, wiring, seconds_left=seconds_left)
    return {"batchItemFailures": []}
