"""What must hold of a record between one effect and the next: who may take it, and what a write may do to it."""

from collections import defaultdict
from decimal import Decimal

from argo.domain.execution import Execution
from argo.domain.ledger import Settlement
from argo.domain.placements import Fill
from argo.domain.signal import Signal
from trials.effects import Call
from trials.referee.evidence import UNRESOLVED, Evidence
from trials.workers import SKEW


class RecordChecks:
    """Sees every effect just before it happens, and what has become of the one before."""

    def __init__(self, evidence: Evidence) -> None:
        """Have seen nothing yet."""
        self._evidence = evidence
        self._held: dict[tuple[str, str], int] = {}
        self._older: dict[tuple[str, str], Execution] = {}
        self._learning: dict[tuple[str, str], tuple[Fill, ...]] = {}

    def see(self, call: Call) -> None:
        """See an effect; before it, what has become of the record that the last one was about."""
        if self._held:
            self._check_leases()
        if self._older:
            self._check_older_views()
        if self._learning:
            self._check_fills()
        match call.name, call.args:
            case "claim", (Signal() as signal, str() as executor):
                self._see_claim(signal, executor)
            case "record_exit" | "record_protection", (Execution() as execution, *_):
                self._see_kept_state(execution)
            case "pause", (Execution() as execution, *_):
                if call.kwargs.get("state") in {None, execution.state}:
                    self._see_kept_state(execution)
            case "settle", (Execution() as execution, state, Settlement() as settlement):
                self._see_fills(execution, settlement)
                if state is execution.state:
                    self._see_kept_state(execution)

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

    def _see_kept_state(self, execution: Execution) -> None:
        """Somebody writes what neither state nor epoch can fence, and knows an older record."""
        stored = self._evidence.ledger.find(execution.signal_id, execution.executor)
        if stored is not None and stored.revision != execution.revision:
            self._older[stored.key] = stored

    def _check_older_views(self) -> None:
        """Whoever knew an older record has written nothing."""
        for key, stored in self._older.items():
            if self._evidence.ledger.find(*key) is not stored:
                said = f"in {stored.state} from an older view"
                self._evidence.violated("out_of_turn", " ".join(key), said)
        self._older.clear()

    def _see_fills(self, execution: Execution, settlement: Settlement) -> None:
        stored = self._evidence.ledger.find(execution.signal_id, execution.executor)
        if stored is not None and settlement.fills is not None:
            self._learning[stored.key] = stored.fills

    def _check_fills(self) -> None:
        """Whoever learnt has forgotten nothing, or has been refused."""
        for key, before in self._learning.items():
            stored = self._evidence.ledger.find(*key)
            if stored is None or stored.fills is before:
                continue
            learnt, known = _filled(stored.fills), _filled(before)
            if any(fill.paid is not None for fill in stored.fills):
                # Some stand for the fills of several orders.
                learnt, known = _filled_by_leg(stored.fills), _filled_by_leg(before)
            for name, quantity in known.items():
                if learnt[name] < quantity:
                    said = f"{quantity} -> {learnt[name]} of {name}"
                    self._evidence.violated("fills_shrank", stored.signal_id, said)
        self._learning.clear()


def _filled_by_leg(fills: tuple[Fill, ...]) -> defaultdict[str, Decimal]:
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for fill in fills:
        found[fill.leg] += fill.quantity
    return found


def _filled(fills: tuple[Fill, ...]) -> defaultdict[str, Decimal]:
    return defaultdict(Decimal, {fill.order_id: fill.quantity for fill in fills})
