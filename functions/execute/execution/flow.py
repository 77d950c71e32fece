"""One signal's way from its delivery to an outcome: claim, decide, intend, send, record, each entered once.

Every step is on the record before the next one begins, so whoever comes after a crash reads where things stand and
goes on from there.
"""

from collections import Counter
from datetime import datetime, timedelta

from argo.domain.execution import Execution, ExecutionState
from argo.domain.ledger import Claim, Claimed, Held, LostLease, Settled, Settlement
from argo.domain.lists import UnreadableRecord
from argo.domain.metrics import Metric
from argo.domain.reasons import Obstacle, QuarantineReason
from argo.domain.signal import Signal
from argo.repeating import kept
from execution.account import AccountReader
from execution.backoff import backoff
from execution.intending import Intender
from execution.opposing import Opposition
from execution.outcomes import Outcome, expired
from execution.recording import Later
from execution.returning import Returner
from execution.wiring import Wiring


class Flow:
    """Carries signals of one batch to their outcomes at one account, which is read once."""

    def __init__(self, wiring: Wiring) -> None:
        self.reader = AccountReader(wiring)
        self._wiring = wiring
        self._asked = Counter[str]()
        self._opposition = Opposition(wiring, self.reader)
        self._intender = Intender(wiring, self.reader)
        self._sender = wiring.rules.sender(wiring)
        self._returner = Returner(wiring)
        self._recorder = wiring.rules.recorder(wiring, self.reader)

    async def handle(self, signal: Signal, receives: int) -> Later | None:
        """Claim a signal's execution and bring it as far as it will go; ``receives`` counts deliveries.

        Returns:
            When the message comes back; None where it can be acknowledged.
        """
        # A claim is known again by its time: of two messages of one signal in a batch, the second asks later.
        asked_at = self._wiring.ports.clock.now() + timedelta(microseconds=self._asked[signal.signal_id])
        self._asked[signal.signal_id] += 1
        try:
            claimed = await self._claim(signal, receives, asked_at)
            if not isinstance(claimed, Execution):
                return claimed
            return await self._recorder.record(await self._advance(signal, claimed), receives)
        except LostLease:
            return Later(self._wiring.limits.lease, "overtaken_by_another_worker")
        except self._wiring.rules.passing as obstacle:
            self.reader.changed()
            return await self._returner.give_back(signal, receives, asked_at, obstacle)

    async def dead_letter(self, signal_id: str, reason: QuarantineReason, detail: str) -> None:
        """End the execution of a signal whose message no retry can mend, where the ledger knows the signal.

        One that is settled, or that another worker has, stays as it is.
        """
        ports = self._wiring.ports
        try:
            stored = await ports.ledger.signal(signal_id)
        except UnreadableRecord:
            return  # The ledger's copy is of a version this code does not know either.
        if stored is None:
            return
        try:
            claim = await self._ask(stored.signal, ports.clock.now())
        except UnreadableRecord:
            return
        if isinstance(claim, Claimed) and claim.execution.state is ExecutionState.CLAIMED:
            learnt = Settlement(reason=reason, detail={"problem": detail})
            now = ports.clock.now()
            mine, dead = claim.execution, ExecutionState.DEAD_LETTERED
            await kept(lambda: ports.ledger.settle(mine, dead, learnt, now=now), ports.clock)

    async def _claim(self, signal: Signal, receives: int, now: datetime) -> Execution | Later | None:
        ports = self._wiring.ports
        try:
            claim = await self._ask(signal, now)
        except UnreadableRecord as error:
            # A newer worker's: the message comes back until one of those has it.
            ports.telemetry.count(Metric.UNREADABLE_RECORDS)
            ports.telemetry.log.warning("record_unreadable", record=error.found.name, why=error.found.why)
            patience = backoff(signal.signal_id, receives, self._wiring.limits.backoff)
            return Later(patience, Obstacle.RECORD_UNREADABLE)
        match claim:
            case Settled(execution=execution):
                ports.telemetry.count(Metric.DUPLICATE_DELIVERIES)
                self._wiring.tell("delivery_of_settled_signal", execution)
                return None
            case Held(until=until):
                # The holder's clock may be ahead: a moment more is enough, a whole backoff would lose an attempt.
                limits = self._wiring.limits.turned_away.after(receives, signal, now)
                patience = backoff(signal.signal_id, receives, limits)
                return Later(max(until - now, patience), "held_by_another_worker")
            case Claimed(execution=execution, taken_over=taken_over):
                if not taken_over:
                    ports.telemetry.count(Metric.SIGNALS_RECEIVED)
                return execution

    async def _ask(self, signal: Signal, now: datetime) -> Claim:
        ledger, lease = self._wiring.ports.ledger, self._wiring.limits.lease
        return await ledger.claim(signal, self._wiring.executor, now=now, lease=lease)

    async def _advance(self, signal: Signal, execution: Execution) -> Outcome:
        """Go on from where the record stands; a signal against an own position closes that first."""
        if execution.state is not ExecutionState.CLAIMED:
            return await self._sender.look_up(signal, execution)
        free = await self._opposition.close_opposed(signal, execution)
        if not isinstance(free, Execution):
            return free
        if self._wiring.rules.has_expired(signal, self._wiring.ports.clock.now()):
            return expired(free)
        intended = await self._intender.intend(signal, free)
        if not isinstance(intended, Execution):
            return intended
        return await self._sender.send(signal, intended)
