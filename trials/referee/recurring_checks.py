"""What must hold at any time, or soon again: looked over again and again while the run goes on."""

from collections.abc import Iterator
from datetime import timedelta

from simulation.broker import Order
from trials.referee.evidence import Evidence

LINGERS = timedelta(minutes=12)
"""How long an order may outlive its execution, or a position go without a stop, while faults strike.

A run of the reconciler whose reads of the account fail repairs nothing, and with the worst rates most of them do.
"""


class Rounds:
    """Looks over the accounts and the signals; remembers since when something is not as it should be."""

    def __init__(self, evidence: Evidence) -> None:
        """Have seen nothing yet."""
        self._evidence = evidence
        self._since: dict[tuple[str, str, str], float] = {}
        self._on_record: set[tuple[str, str]] = set()

    def look(self) -> None:
        """Look everything over."""
        for executor in self._evidence.accounts:
            self._check_limits(executor)
        self._check_nothing_is_lost()
        self._check_nothing_lingers()

    def _check_limits(self, executor: str) -> None:
        """Positions stay within the account's limit: the ledger's locks are all of them, and those to come."""
        limit = self._evidence.accounts[executor].profile.position_limit
        state = self._evidence.ledger.find_account(executor)
        if limit is not None and state is not None and len(state.holdings) > limit:
            self._evidence.violated("position_limit", executor, f"{len(state.holdings)} of {limit}")

    def _check_nothing_is_lost(self) -> None:
        """Every signal is, for every account it is meant for, in the outbox, in a queue, or on the record."""
        evidence = self._evidence
        in_queues: dict[str, set[str | None]] = {}
        for stored in evidence.ledger.every_signal:
            signal_id = stored.signal.signal_id
            for executor in stored.published_to - stored.awaiting:
                if (signal_id, executor) in self._on_record:
                    continue
                if evidence.ledger.find(signal_id, executor) is not None:
                    self._on_record.add((signal_id, executor))
                    continue
                if executor not in in_queues:
                    bodies = evidence.accounts[executor].queue.every_body
                    in_queues[executor] = {evidence.signal_in(body) for body in bodies}
                if signal_id not in in_queues[executor]:
                    evidence.violated("lost", signal_id, f"{executor} never hears of it")

    def _check_nothing_lingers(self) -> None:
        """An order ends with its execution, and a position has a stop: soon, if not at once."""
        now = self._evidence.second()
        seen = {each for executor in self._evidence.accounts for each in self._lingering(executor)}
        self._since = {each: self._since.get(each, now) for each in sorted(seen)}
        for (rule, executor, what), since in self._since.items():
            if now - since > LINGERS.total_seconds():
                self._evidence.violated(rule, f"{executor} {what}", f"for {now - since:.0f} s")

    def _lingering(self, executor: str) -> Iterator[tuple[str, str, str]]:
        open_orders = self._evidence.accounts[executor].at_broker.open_orders
        for order in open_orders:
            if self._has_outlived(order):
                yield "live_but_ended", executor, order.root.client_order_id
        for symbol in self._evidence.naked(executor, open_orders):
            yield "naked", executor, symbol

    def _has_outlived(self, order: Order) -> bool:
        execution = self._evidence.execution_named(order.root.client_order_id)
        return execution is not None and execution.state.is_terminal
