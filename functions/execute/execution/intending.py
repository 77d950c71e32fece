"""From a claim to an intent: what the gate decides is on the record, with money and symbol, before it is sent."""

from dataclasses import dataclass, field
from datetime import datetime

from argo.domain.account import AccountState
from argo.domain.execution import Execution, Leg
from argo.domain.faults import BrokerFault
from argo.domain.ledger import Intent, ReservationConflict, SymbolLocked
from argo.domain.outcome import Wait, waiting_for
from argo.domain.reasons import Denial, DenialReason, Obstacle
from argo.domain.signal import Signal
from argo.halts import breach_resumes_on, halt
from execution import checks, gate
from execution.account import AccountReader, Turn
from execution.outcomes import Denied, Outcome, Waiting
from execution.planning import Plan, plan_entry
from execution.view import AccountView
from execution.wiring import Wiring

_RESERVATION_TRIES = 8


@dataclass(slots=True)
class _Facts:
    """`gate.Facts` of one signal: from the first question on it has the account's turn."""

    wiring: Wiring
    reader: AccountReader
    turn: Turn
    signal: Signal
    closes: str | None
    seen: AccountView | None = field(default=None)

    async def ledger(self) -> AccountState:
        await self.turn.take()
        return await self.reader.state()

    async def account(self) -> AccountView:
        self.seen = await self.reader.view(self.signal)
        return self.seen

    def plan(self, account: AccountView) -> Plan | Denial:
        leg = Leg.FLIP if self.closes else Leg.ENTRY
        return plan_entry(self.signal, self.wiring.profile, account, executor=self.wiring.executor, leg=leg)

    def now(self) -> datetime:
        return self.wiring.ports.clock.now()


@dataclass(frozen=True, slots=True)
class Intender:
    """Decides on a batch's entries, one at a time, and reserves what they need."""

    wiring: Wiring
    reader: AccountReader

    async def intend(self, signal: Signal, execution: Execution) -> Execution | Outcome:
        """Bring a claim to its intent, SUBMITTING, or to what keeps it from one.

        Raises:
            LostLease: another worker has moved the execution.
        """
        async with self.reader.turn() as turn:
            facts = _Facts(self.wiring, self.reader, turn, signal, execution.closes)
            intended = await self._intend(facts, execution)
        match intended:
            case Denial():
                return _denied_or_waiting(execution, intended)
            case Wait():
                return Waiting(execution, intended)
            case Execution():
                return intended

    async def _intend(self, facts: _Facts, execution: Execution) -> Execution | Denial | Wait:
        for _ in range(_RESERVATION_TRIES):
            try:
                decided = await gate.decide(
                    facts.signal,
                    self.wiring.profile,
                    facts,
                    flips=execution.closes,
                    ledger_checks=self.wiring.rules.ledger_checks,
                )
                if isinstance(decided, gate.Entry):
                    return await self._reserve(execution, decided)
                await self._halt_on_breach(decided, facts)
            except BrokerFault as fault:
                return waiting_for(fault)
            except ReservationConflict:
                self.reader.changed()
            except SymbolLocked as holder:
                symbol = facts.signal.symbol
                return Denial(DenialReason.ALREADY_POSITIONED, {"symbol": symbol, "held_by": str(holder)})
            else:
                return decided
        return Wait(Obstacle.RESERVATION_CONTENDED)

    async def _halt_on_breach(self, denial: Denial, facts: _Facts) -> None:
        """Halt an account whose loss has used up a limit; what was known of it is out of date then."""
        limit = checks.breach_of(denial)
        if limit is None or facts.seen is None:
            return
        ports = self.wiring.ports
        on = breach_resumes_on(self.wiring.profile, limit, facts.seen.clock)
        why = f"{denial.reason}: {dict(denial.numbers)}"
        if await halt(
            ports.ledger, ports.telemetry, self.wiring.executor, why, now=ports.clock.now(), resumes_on=on
        ):
            self.reader.changed()

    async def _reserve(self, execution: Execution, entry: gate.Entry) -> Execution:
        """Write the intent; it holds for the account as it was decided on, whatever has been read since."""
        plan, ports = entry.plan, self.wiring.ports
        intent = Intent(
            client_order_id=plan.entry.client_order_id,
            order_body=plan.entry.body(),
            notional=plan.notional,
            risk=plan.entry.risk,
            planned_stop=plan.entry.stop_price,
            planned_target=plan.entry.target_price,
            detail=plan.arithmetic,
        )
        intended = await ports.ledger.intend(execution, intent, account=entry.state, now=ports.clock.now())
        self.reader.reserved(intended, intent, on=entry.state)
        return intended


def _denied_or_waiting(execution: Execution, denial: Denial) -> Outcome:
    met_refused_credentials = execution.obstacle == Obstacle.BROKER_UNAUTHORISED
    if denial.reason is DenialReason.HALTED and met_refused_credentials:
        return Waiting(execution, Wait(Obstacle.BROKER_UNAUTHORISED))
    if execution.closes is not None and denial.numbers.get("held_by") == checks.NOT_ARGOS:
        # A flip's exit has filled, and the broker's positions may not show it yet.
        return Waiting(execution, Wait(Obstacle.AWAITING_EXIT))
    return Denied(execution, denial)
