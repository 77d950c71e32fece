"""What must hold at the moment an effect happens: nobody sends, claims, reserves or learns what he may not."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from argo.domain.account import AccountState, TradingState
from argo.domain.execution import Execution, ExecutionState, Fill
from argo.domain.ledger import Settlement
from argo.domain.reasons import DenialReason
from argo.domain.signal import Signal
from trials.effects import Call
from trials.referee.evidence import ENTRIES, UNRESOLVED, Evidence, named
from trials.workers import SKEW

_READ_BY = timedelta(seconds=40)
"""Within this time every worker has read what was there before it began: the executor's timeout, and some skew."""

_KEEPS_EXITS = frozenset({DenialReason.ACCOUNT_BLOCKED, DenialReason.MARKET_CLOSED})


class EffectChecks:
    """Sees every effect just before it happens."""

    def __init__(self, evidence: Evidence) -> None:
        """Have seen nothing yet."""
        self._evidence = evidence
        self._held: dict[tuple[str, str], int] = {}
        self._planned_once: dict[str, dict[str, object]] = {}

    def see(self, call: Call) -> None:
        """See an effect; before it, what has become of the claim that was seen last."""
        if self._held:
            self._check_leases()
        match call.name, call.args:
            case "claim", (Signal() as signal, str() as executor):
                self._see_claim(signal, executor)
            case "submit", (Mapping() as body,):
                self._see_order(body, call.began)
            case "record_exit", (Execution() as execution, *_):
                self._see_plan(execution, "exit")
            case "record_protection", (Execution() as execution, *_):
                self._see_plan(execution, "guard")
            case "intend", (Execution() as execution, *_):
                self._see_intent(execution, call.kwargs["account"])
            case "settle", (Execution() as execution, state, Settlement() as settlement):
                if state is ExecutionState.DENIED:
                    self._see_denial(execution, settlement)
                self._see_fills(execution, settlement)

    def _see_claim(self, signal: Signal, executor: str) -> None:
        """An execution is asked for that another worker may still be at."""
        stored = self._evidence.ledger.find(signal.signal_id, executor)
        if stored is None or stored.state not in UNRESOLVED:
            return
        if stored.lease_until - self._evidence.clock.now() > 2 * SKEW:
            self._held[stored.key] = stored.epoch

    def _check_leases(self) -> None:
        """Whoever asked has got nothing: its holder's epoch is the last."""
        for key, epoch in self._held.items():
            stored = self._evidence.ledger.find(*key)
            if stored is not None and stored.epoch != epoch:
                said = f"at epoch {stored.epoch}, before the lease's end"
                self._evidence.violated("lease_taken", " ".join(key), said)
        self._held.clear()

    def _see_order(self, body: Mapping[str, object], began: float) -> None:
        """An order reaches the broker: it must be on the record, of a living execution, and in time."""
        evidence, client_id = self._evidence, str(body.get("client_order_id"))
        name, execution = named(client_id), evidence.execution_named(client_id)
        if name is None or execution is None:
            return evidence.violated("order_without_intent", client_id, "no execution")
        planned = _planned(execution, name.leg)
        if dict(body) not in (planned, self._planned_once.get(client_id)):
            evidence.violated("order_without_intent", client_id, f"the record plans {planned}")
        sent_at = evidence.clock.now() - timedelta(seconds=evidence.second() - began)
        if name.leg in ENTRIES and sent_at >= execution.expires_at + SKEW:
            evidence.violated("expired_sent", client_id, f"expired at {execution.expires_at:%H:%M:%S}")
        return None

    def _see_plan(self, execution: Execution, leg: str) -> None:
        """A plan may be overwritten: who read it before may still be about to send it."""
        stored = self._evidence.ledger.find(execution.signal_id, execution.executor)
        if stored is not None and (body := _planned(stored, leg)) is not None:
            self._planned_once[str(body["client_order_id"])] = body

    def _see_intent(self, execution: Execution, read: object) -> None:
        state = self._evidence.ledger.find_account(execution.executor)
        if state is None or not isinstance(read, AccountState) or state.version != read.version:
            return  # It will be refused.
        if state.trading_state is not TradingState.ACTIVE:
            said = f"{execution.executor} is {state.trading_state}"
            self._evidence.violated("risk_while_halted", execution.signal_id, said)

    def _see_fills(self, execution: Execution, settlement: Settlement) -> None:
        stored = self._evidence.ledger.find(execution.signal_id, execution.executor)
        if stored is None or settlement.fills is None:
            return
        if (stored.state, stored.epoch) != (execution.state, execution.epoch):
            return  # It will be refused.
        learnt, known = _filled(settlement.fills), _filled(stored.fills)
        if any(fill.paid is not None for fill in settlement.fills):
            # Some stand for the fills of several orders.
            learnt, known = _filled_by_leg(settlement.fills), _filled_by_leg(stored.fills)
        for name, quantity in known.items():
            if learnt[name] < quantity:
                said = f"{quantity} -> {learnt[name]} of {name}"
                self._evidence.violated("fills_shrank", execution.signal_id, said)

    def _see_denial(self, execution: Execution, denied: Settlement) -> None:
        """A signal against a position leaves it: nothing that limits new risk may stand in its way."""
        account = self._evidence.ledger.find_account(execution.executor)
        held = account.holdings.get(execution.symbol) if account is not None else None
        now = self._evidence.clock.now()
        if held is None or held.side is execution.side or now - held.since < _READ_BY:
            return  # It may have been read when nothing was held yet.
        if execution.closes is None and denied.reason not in _KEEPS_EXITS:
            said = f"{execution.executor} {execution.symbol}: {denied.reason}"
            self._evidence.violated("exit_denied", execution.signal_id, said)


def _planned(execution: Execution, leg: str) -> dict[str, object] | None:
    """Return the body that the record plans for a leg."""
    body = execution.order_body
    if leg not in ENTRIES:
        part = execution.exit if leg == "exit" else execution.protection
        body = part.order_body if part else None
    return dict(body) if body is not None else None


def _filled_by_leg(fills: tuple[Fill, ...]) -> defaultdict[str, Decimal]:
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for fill in fills:
        found[fill.leg] += fill.quantity
    return found


def _filled(fills: tuple[Fill, ...]) -> defaultdict[str, Decimal]:
    return defaultdict(Decimal, {fill.order_id: fill.quantity for fill in fills})
