"""The referee: sees every effect, looks everything over again and again, and judges the end."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from argo.domain.account import TradingState
from trials.effects import Call
from trials.referee import final_checks
from trials.referee.delays import Delays
from trials.referee.effect_checks import EffectChecks
from trials.referee.evidence import UNRESOLVED, Evidence
from trials.referee.numbers import Numbers
from trials.referee.record_checks import RecordChecks
from trials.unreliable_queue import signal_in

LINGERS = timedelta(minutes=12)
"""How long an order may outlive its execution, or a position go without a stop, while faults strike.

A run of the reconciler whose reads of the account fail repairs nothing, and with the worst rates most of them do.
"""


class Referee:
    """Watches one run from outside.

    Attributes:
        delays: sees what AWS lets fail.
        numbers: sees what the broker refuses.
    """

    def __init__(self, evidence: Evidence) -> None:
        """Begin to watch."""
        self._evidence = evidence
        self.delays, self.numbers = Delays(evidence), Numbers(evidence)
        self._all = EffectChecks(evidence), RecordChecks(evidence), self.numbers, self.delays
        self._confirmed: set[str] = set()
        self._since: dict[tuple[str, str, str], float] = {}
        self._on_record: set[tuple[str, str]] = set()
        self._peace_since: datetime | None = None

    def see(self, call: Call) -> None:
        """See an effect just before it happens."""
        for each in self._all:
            each.see(call)
        if call.name == "intend":
            self._check_halts()

    def confirmed(self, executor: str) -> None:
        """Learn that a person was told that an account is halted."""
        self._confirmed.add(executor)

    def takes_back(self, executor: str) -> None:
        """Learn that a person is about to let an account trade again."""
        self._confirmed.discard(executor)

    def look(self) -> None:
        """Look everything over in the middle of the run."""
        for executor in self._evidence.accounts:
            self._check_limits(executor)
        self._check_nothing_is_lost()
        self._check_nothing_lingers()
        self._check_halts()

    def expect_peace(self) -> None:
        """Learn that nothing fails from now on: whoever has the time must come to his order."""
        self._peace_since = self._evidence.clock.now()

    def settle(self) -> None:
        """Settle everything at the end, long after the last fault."""
        self.look()
        final_checks.settle(self._evidence, peace_since=self._peace_since)

    def unresolved(self) -> int:
        """Count what has not come to an end yet: executions, messages, signals in the outbox."""
        ledger, accounts = self._evidence.ledger, self._evidence.accounts
        executions = sum(execution.state in UNRESOLVED for execution in ledger.every_execution)
        messages = sum(len(books.queue) for books in accounts.values())
        signals = sum(bool(stored.awaiting or self._evidence.unclaimed(stored)) for stored in ledger.every_signal)
        return executions + messages + signals

    def written(self) -> int:
        """Count what was written to executions: as long as it grows, somebody is at work."""
        return sum(execution.revision for execution in self._evidence.ledger.every_execution)

    def _check_limits(self, executor: str) -> None:
        """The ledger's locks are all positions, and those to come."""
        limit = self._evidence.accounts[executor].profile.position_limit
        state = self._evidence.ledger.find_account(executor)
        if limit is not None and state is not None and len(state.holdings) > limit:
            self._evidence.violated("position_limit", executor, f"{len(state.holdings)} of {limit}")

    def _check_halts(self) -> None:
        for executor in sorted(self._confirmed):
            state = self._evidence.ledger.read(executor).trading_state
            if state is not TradingState.HALTED:
                self._evidence.violated("halt_lost", executor, f"it is {state}")

    def _check_nothing_is_lost(self) -> None:
        evidence = self._evidence
        in_queues: dict[str, set[str | None]] = {}
        for stored in evidence.ledger.every_signal:
            signal_id = stored.signal.signal_id
            for executor in sorted(stored.published_to - stored.awaiting):
                if (signal_id, executor) in self._on_record:
                    continue
                if evidence.ledger.find(signal_id, executor) is not None:
                    self._on_record.add((signal_id, executor))
                    continue
                if executor not in in_queues:
                    bodies = evidence.accounts[executor].queue.every_body
                    in_queues[executor] = {signal_in(body) for body in bodies}
                purged = evidence.accounts[executor].queue.purged
                if signal_id not in in_queues[executor] and signal_id not in purged:
                    evidence.violated("lost", signal_id, f"{executor} never hears of it")

    def _check_nothing_lingers(self) -> None:
        now = self._evidence.second()
        seen = {each for executor in self._evidence.accounts for each in self._lingering(executor)}
        self._since = {each: self._since.get(each, now) for each in sorted(seen)}
        for (rule, executor, what), since in self._since.items():
            if now - since > LINGERS.total_seconds():
                self._evidence.violated(rule, f"{executor} {what}", f"for {now - since:.0f} s")

    def _lingering(self, executor: str) -> Iterator[tuple[str, str, str]]:
        for order in self._evidence.accounts[executor].at_broker.open_orders:
            client_order_id = order.root.client_order_id
            execution = self._evidence.execution_named(client_order_id)
            if execution is not None and execution.state.is_terminal:
                yield "live_but_ended", executor, client_order_id
        for symbol in self._evidence.unprotected(executor):
            yield "unprotected", executor, symbol
