"""From a claim to an intent: what the gate decides is on the record, with money and symbol, before it is sent.

The gate is the one way to an entry (FAILURES A18). Its checks are asked from cheap to dear, and the first denial
wins: what the signal alone decides, what the ledger's record of the account decides, what the broker has to be
asked for, what needs the plan. Each fact is asked for when its first check needs it.
"""

from dataclasses import dataclass

from argo.domain.account import AccountState
from argo.domain.client_order_ids import Leg
from argo.domain.execution import Execution
from argo.domain.faults import BrokerFault
from argo.domain.ledger import Intent, ReservationConflict, SymbolLocked
from argo.domain.metrics import Metric
from argo.domain.outcome import Wait, waiting_for
from argo.domain.reasons import Denial, DenialReason, Obstacle
from argo.domain.signal import Signal
from argo.halts import breach_resumes_on, halt
from execution import checks, gate
from execution.account import AccountReader
from execution.outcomes import Outcome, Waiting, denied
from execution.planning import Plan, plan_entry
from execution.view import AccountView
from execution.wiring import Wiring

_RESERVATION_TRIES = 8


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
        intended: Execution | Denial | Wait | None
        intended = gate.first_denial(gate.SIGNAL_CHECKS, signal, self.wiring.profile)
        if intended is None:
            # From the first question to the reservation made on the answers, the account is this signal's.
            async with self.reader.turn:
                intended = await self._in_turn(signal, execution)
        match intended:
            case Denial():
                return _denied_or_waiting(execution, intended)
            case Wait():
                return Waiting(execution, intended)
            case Execution():
                return intended

    async def _in_turn(self, signal: Signal, execution: Execution) -> Execution | Denial | Wait:
        for _ in range(_RESERVATION_TRIES):
            try:
                return await self._decide(signal, execution)
            except BrokerFault as fault:
                return waiting_for(fault)
            except ReservationConflict:
                self.reader.changed()
            except SymbolLocked as holder:
                return Denial.of(DenialReason.ALREADY_POSITIONED, symbol=signal.symbol, held_by=holder)
        return Wait(Obstacle.RESERVATION_CONTENDED)

    async def _decide(self, signal: Signal, execution: Execution) -> Execution | Denial | Wait:
        """Ask every check, and return the first denial, or the intent on the record.

        What the account's record holds and this code cannot read may be a position: it waits for newer code.

        Raises:
            BrokerFault: the broker did not tell, which means no new risk (FAILURES A19).
            ReservationConflict: the account kept changing while it was read, or has changed since.
            SymbolLocked: another execution has taken the symbol since.
        """
        profile = self.wiring.profile
        state = await self.reader.state()
        if state.unreadable:
            self.wiring.ports.telemetry.count(Metric.UNREADABLE_RECORDS, len(state.unreadable))
            return Wait(Obstacle.RECORD_UNREADABLE, detail={each.name: each.why for each in state.unreadable})
        if denial := self._ledger_denial(signal, execution, state):
            return denial
        account = await self.reader.view(signal)
        # A sibling's outcome may have let the record be read again: what is reserved goes by the later one.
        if denial := self._ledger_denial(signal, execution, account.state):
            return denial
        if denial := gate.first_denial(gate.ACCOUNT_CHECKS, signal, profile, account):
            await self._halt_on_breach(denial, account)
            return denial
        leg = Leg.FLIP if execution.closes else Leg.ENTRY
        plan = plan_entry(signal, profile, account, executor=self.wiring.executor, leg=leg)
        if isinstance(plan, Denial):
            return plan
        if denial := checks.within_exposure(plan, profile, account):
            return denial
        return await self._reserve(execution, plan, account.state)

    def _ledger_denial(self, signal: Signal, execution: Execution, state: AccountState) -> Denial | None:
        # The end of the trade that this signal has just closed itself locks nothing here.
        others = tuple(trade for trade in state.exits if trade.signal_id != execution.closes)
        state, now = state.model_copy(update={"exits": others}), self.wiring.ports.clock.now()
        return gate.first_denial(self.wiring.rules.ledger_checks, signal, self.wiring.profile, state, now)

    async def _halt_on_breach(self, denial: Denial, account: AccountView) -> None:
        """Halt an account whose loss has used up a limit; what was known of it is out of date then."""
        limit = checks.LOSS_LIMITS.get(denial.reason)
        if limit is None:
            return
        on = breach_resumes_on(self.wiring.profile, limit, account.clock)
        why = f"{denial.reason}: {dict(denial.numbers)}"
        if await halt(self.wiring.ports, self.wiring.executor, why, resumes_on=on):
            self.reader.changed()

    async def _reserve(self, execution: Execution, plan: Plan, state: AccountState) -> Execution:
        """Write the intent; it holds for the account as it was decided on, whatever has been read since."""
        ports = self.wiring.ports
        intent = Intent(
            client_order_id=plan.entry.client_order_id,
            order_body=plan.entry.body(),
            notional=plan.notional,
            risk=plan.entry.risk,
            planned_stop=plan.entry.stop_price,
            planned_target=plan.entry.target_price,
            detail=plan.arithmetic,
        )
        intended = await ports.ledger.intend(execution, intent, account=state, now=ports.clock.now())
        self.reader.reserved(intended, intent, on=state)
        return intended


def _denied_or_waiting(execution: Execution, denial: Denial) -> Outcome:
    met_refused_credentials = execution.obstacle == Obstacle.BROKER_UNAUTHORISED
    if denial.reason is DenialReason.HALTED and met_refused_credentials:
        return Waiting(execution, Wait(Obstacle.BROKER_UNAUTHORISED))
    if execution.closes is not None and denial.numbers.get("held_by") == checks.NOT_ARGOS:
        # A flip's exit has filled, and the broker's positions may not show it yet.
        return Waiting(execution, Wait(Obstacle.AWAITING_EXIT))
    return denied(execution, denial)
