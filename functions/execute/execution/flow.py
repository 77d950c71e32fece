"""One signal's way from its delivery to an outcome: claim, decide, intend, send, record, each entered once.

Every step is on the record before the next one begins, so whoever comes after a crash reads where things stand and
goes on from there.
"""

from dataclasses import dataclass
from typing import Self

from pydantic import ValidationError

from argo.domain.execution import Execution, ExecutionState
from argo.domain.ledger import Claim, Claimed, Held, LostLease, Settled, Settlement
from argo.domain.metrics import Metric
from argo.domain.reasons import QuarantineReason
from argo.domain.signal import Signal
from execution.account import AccountReader
from execution.backoff import backoff
from execution.intending import Intender
from execution.opposing import Opposition
from execution.outcomes import Expired, Outcome
from execution.recording import Done, Handled, Later, Recorder
from execution.sending import Sender
from execution.telling import tell
from execution.wiring import Wiring


@dataclass(frozen=True, slots=True)
class Flow:
    """Carries signals of one batch to their outcomes at one account."""

    wiring: Wiring
    opposition: Opposition
    intender: Intender
    sender: Sender
    recorder: Recorder

    @classmethod
    def of(cls, wiring: Wiring, reader: AccountReader) -> Self:
        """Return the flow of a batch that reads the account once."""
        return cls(
            wiring,
            Opposition(wiring, reader),
            Intender(wiring, reader),
            wiring.rules.sender(wiring),
            wiring.rules.recorder(wiring, reader),
        )

    async def handle(self, signal: Signal, receives: int) -> Handled:
        """Claim a signal's execution and bring it as far as it will go; ``receives`` counts deliveries."""
        claimed = await self._claim(signal, receives)
        if not isinstance(claimed, Execution):
            return claimed
        try:
            return await self.recorder.record(await self._advance(signal, claimed), receives)
        except LostLease:
            return Later(self.wiring.limits.lease, "overtaken_by_another_worker")

    async def dead_letter(self, signal_id: str, reason: QuarantineReason, detail: str) -> None:
        """End the execution of a signal whose message no retry can mend, where the ledger knows the signal.

        One that is settled, or that another worker has, stays as it is.
        """
        ports = self.wiring.ports
        try:
            stored = await ports.ledger.signal(signal_id)
        except ValidationError:
            return  # The ledger's copy is of a version this code does not know either.
        if stored is None:
            return
        claim = await self._ask(stored.signal)
        if isinstance(claim, Claimed) and claim.execution.state is ExecutionState.CLAIMED:
            learnt = Settlement(reason=reason, detail={"problem": detail})
            now = ports.clock.now()
            await ports.ledger.settle(claim.execution, ExecutionState.DEAD_LETTERED, learnt, now=now)

    async def _claim(self, signal: Signal, receives: int) -> Execution | Handled:
        telemetry = self.wiring.ports.telemetry
        now = self.wiring.ports.clock.now()
        match await self._ask(signal):
            case Settled(execution=execution):
                telemetry.count(Metric.DUPLICATE_DELIVERIES)
                tell(self.wiring, "delivery_of_settled_signal", execution)
                return Done()
            case Held(until=until):
                # The holder's clock may be ahead: a moment more is enough, a whole backoff would lose an attempt.
                patience = backoff(signal.signal_id, receives, self.wiring.limits.turned_away)
                return Later(max(until - now, patience), "held_by_another_worker")
            case Claimed(execution=execution, taken_over=taken_over):
                if not taken_over:
                    telemetry.count(Metric.SIGNALS_RECEIVED)
                return execution

    async def _ask(self, signal: Signal) -> Claim:
        wiring = self.wiring
        now = wiring.ports.clock.now()
        return await wiring.ports.ledger.claim(signal, wiring.executor, now=now, lease=wiring.limits.lease)

    async def _advance(self, signal: Signal, execution: Execution) -> Outcome:
        """Go on from where the record stands; a signal against an own position closes that first."""
        if execution.state is not ExecutionState.CLAIMED:
            return await self.sender.look_up(signal, execution)
        free = await self.opposition.close_opposed(signal, execution)
        if not isinstance(free, Execution):
            return free
        if self.wiring.rules.has_expired(signal, self.wiring.ports.clock.now()):
            return Expired(free)
        intended = await self.intender.intend(signal, free)
        if not isinstance(intended, Execution):
            return intended
        return await self.sender.send(signal, intended)
