"""Wrong ways from a signal to its order."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from argo.domain.account import AccountState
from argo.domain.client_order_ids import client_order_id
from argo.domain.execution import Execution, ExecutionState
from argo.domain.faults import Ambiguous, BrokerFault, Duplicate
from argo.domain.ledger import Claim, Intent, Release, Settled, Settlement
from argo.domain.orders import BrokerOrder
from argo.domain.outcome import AfterSubmit, Reject, Wait, after_submit
from argo.domain.profile import Profile
from argo.domain.reasons import Denial, Obstacle, RejectionReason
from argo.domain.signal import Signal
from argo.ports import Broker, GivenPorts, Ledger
from argo.ports.interposed import InterposedLedger
from execution import gate, ledger_checks
from execution.outcomes import Ended, Outcome, Waiting, expired, submitted
from execution.recording import Recorder
from execution.sending import Sender
from execution.view import AccountView
from execution.wiring import Rules
from trials.wrong_policies.policies import Policies, WrongPolicy


def straight[**P, T](
    _: str, method: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs
) -> Awaitable[T]:
    """Call a port's method."""
    return method(*args, **kwargs)


class OrderBeforeRecord(InterposedLedger):
    def __init__(self, port: Ledger, broker: Broker) -> None:
        super().__init__(port, straight)
        self._broker = broker

    async def intend(
        self, execution: Execution, intent: Intent, *, account: AccountState, now: datetime
    ) -> Execution:
        await self._broker.submit(intent.order_body)
        return await self.port.intend(execution, intent, account=account, now=now)


class ClaimReadAsDone(InterposedLedger):
    async def claim(self, signal: Signal, executor: str, *, now: datetime, lease: timedelta) -> Claim:
        known = await self.port.execution(signal.signal_id, executor)
        if known is not None:
            return Settled(known)
        return await self.port.claim(signal, executor, now=now, lease=lease)


class ReservationNotReleased(Recorder):
    async def end(self, outcome: Ended) -> None:
        if outcome.state is ExecutionState.REJECTED:
            outcome = replace(outcome, learnt=replace(outcome.learnt, release=Release.NOTHING))
        await Recorder.end(self, outcome)


class NewIdPerAttempt(Sender):
    async def post(self, execution: Execution) -> BrokerOrder:
        own = client_order_id(self.wiring.executor, execution.signal_id, attempt=execution.attempts)
        return await self.wiring.ports.broker.submit({**(execution.order_body or {}), "client_order_id": own})


class SentAgainAfterRestart(Sender):
    async def look_up(self, signal: Signal, execution: Execution) -> Outcome:  # noqa: ARG002 - that is what is wrong
        ports, again = self.wiring.ports, execution
        if execution.state is ExecutionState.UNKNOWN:
            now = ports.clock.now()
            again = await ports.ledger.settle(execution, ExecutionState.SUBMITTING, Settlement(), now=now)
        try:
            return submitted(again, await ports.broker.submit(again.order_body or {}), {})
        except BrokerFault as fault:
            return Waiting(again, Wait(Obstacle.OUTCOME_UNKNOWN, detail=fault.detail()))


class ExpiredWithoutLookUp(Sender):
    async def look_up(self, signal: Signal, execution: Execution) -> Outcome:
        if signal.is_expired(self.wiring.ports.clock.now()):
            return expired(execution)
        return await Sender.look_up(self, signal, execution)


def record_deleted_on_exception(answer: BrokerOrder | BrokerFault) -> AfterSubmit:
    return Wait(Obstacle.OUTCOME_UNKNOWN) if isinstance(answer, Ambiguous) else after_submit(answer)


def read_as_rejection(answer: BrokerOrder | BrokerFault, *, fault: type[BrokerFault]) -> AfterSubmit:
    if isinstance(answer, fault):
        return Reject(RejectionReason.OTHER, answer.detail())
    return after_submit(answer)


def exit_gated(signal: Signal, profile: Profile, account: AccountView) -> Denial | None:
    others = account.state.model_copy(update={"holdings": {}})
    by_signal = gate.first_denial(gate.SIGNAL_CHECKS, signal, profile)
    return by_signal or gate.first_denial(gate.LEDGER_CHECKS, signal, profile, others, account.read_at)


HALT_IGNORED = tuple(check for check in gate.LEDGER_CHECKS if check is not ledger_checks.trading_active)


def _by(wrong: str, failure: str = "", **changed: Any) -> WrongPolicy:  # noqa: ANN401 - each rule's own type
    return WrongPolicy(wrong, failure, Policies(execution=Rules(**changed)))


def _on(wrong: str, failure: str, ledger: Callable[[GivenPorts], Ledger]) -> WrongPolicy:
    return WrongPolicy(
        wrong, failure, Policies(executor_ports=lambda ports: GivenPorts.like(ports, ledger=ledger(ports)))
    )


EXECUTING = {
    "order_before_record": _on(
        "sends the order, then writes down that it will",
        "A07",
        lambda ports: OrderBeforeRecord(ports.ledger, ports.broker),
    ),
    "new_id_per_attempt": _by("gives every attempt an id of its own", "A12", sender=NewIdPerAttempt),
    "record_deleted_on_exception": _by(
        "forgets the order that raised an exception, and begins anew",
        "B05",
        after_submit=record_deleted_on_exception,
    ),
    "silence_read_as_rejection": _by(
        "takes a timed-out order for one that was refused",
        "A12, B02",
        after_submit=partial(read_as_rejection, fault=Ambiguous),
    ),
    "duplicate_read_as_rejection": _by(
        "takes a duplicate's refusal for the order's",
        "B03",
        after_submit=partial(read_as_rejection, fault=Duplicate),
    ),
    "sent_again_after_restart": _by(
        "after a restart sends again whatever it finds unfinished", "B06", sender=SentAgainAfterRestart
    ),
    "expired_without_look_up": _by(
        "lets an expired signal end without looking for its order", "B02", sender=ExpiredWithoutLookUp
    ),
    "expiry_unchecked": _by(
        "does not look at a signal's age when it comes back", "B07", has_expired=lambda *_: False
    ),
    "claim_read_as_done": _on(
        "takes a claim for the work that it announces",
        "B01",
        lambda ports: ClaimReadAsDone(ports.ledger, straight),
    ),
    "reservation_not_released": _by("keeps a rejected order's money and symbol", recorder=ReservationNotReleased),
    "exit_gated": _by(
        "asks the checks that limit new risk whether a position may be left", "A20", exit_checks=(exit_gated,)
    ),
    "halt_ignored": _by("does not ask whether the account is halted", "A19", ledger_checks=HALT_IGNORED),
    "failures_swallowed": WrongPolicy(
        "tells the queue that everything was handled",
        "A14",
        Policies(answered=lambda _: {"batchItemFailures": []}),
    ),
}
