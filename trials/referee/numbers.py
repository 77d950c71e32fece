"""Numbers of orders beside an entry's own: one is used up only where something may have arrived at the broker."""

from collections import Counter, defaultdict
from datetime import datetime

from argo.domain.execution import Execution
from argo.domain.placements import Placement
from trials.effects import Call
from trials.referee.evidence import Evidence


class Numbers:
    """Sees which numbers of exits and guards are sent and refused, and which one follows."""

    def __init__(self, evidence: Evidence) -> None:
        """Have seen nothing yet."""
        self._evidence = evidence
        self._about_to_be_sent: defaultdict[str, set[datetime]] = defaultdict(set)
        self._refused: Counter[str] = Counter()

    def see_refusal(self, call: Call) -> None:
        """See the broker refuse an order."""
        match call.args:
            case ({"client_order_id": str() as client_order_id},):
                self._refused[client_order_id] += 1

    def see(self, call: Call) -> None:
        """See an effect just before it happens."""
        match call.name, call.args:
            case "record_exit" | "record_protection", (Execution() as execution, Placement() as planned):
                self._see_plan(execution, planned)

    def _see_plan(self, execution: Execution, planned: Placement) -> None:
        """A plan is about to be written; a sending of which nothing is known may have arrived all the same."""
        if planned.sent_at is not None and planned.order_id is None:
            self._about_to_be_sent[execution.client_order_id_of(planned)].add(planned.sent_at)
        known = execution.exit if planned.leg == "exit" else execution.protection
        if known is None or planned.attempt <= known.attempt:
            return
        name = execution.client_order_id_of(known)
        refused, account = self._refused[name], self._evidence.accounts[execution.executor].at_broker
        if not refused or len(self._about_to_be_sent[name]) > refused:
            return
        if all(order.client_order_id != name for order in account.orders.values()):
            self._evidence.violated("number_used_up", name, f"followed by number {planned.attempt}")
