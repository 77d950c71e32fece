"""The referee: witness of every effect, on his rounds again and again, and judge of the end."""

from collections.abc import Callable
from datetime import datetime

from trials.faults import Call
from trials.referee import final_checks
from trials.referee.effect_checks import Witness
from trials.referee.evidence import UNRESOLVED, Evidence, Violation
from trials.referee.recurring_checks import Rounds


class Referee:
    """Watches one run from outside.

    Attributes:
        witness: sees an effect just before it happens.
    """

    def __init__(self, evidence: Evidence) -> None:
        """Begin to watch."""
        self._evidence = evidence
        self._rounds = Rounds(evidence)
        self._peace_since: datetime | None = None
        self.witness: Callable[[Call], None] = Witness(evidence).see

    @property
    def violations(self) -> list[Violation]:
        """What was found, in the order of finding."""
        return self._evidence.violations

    def look(self) -> None:
        """Look everything over in the middle of the run."""
        self._rounds.look()

    def expect_peace(self) -> None:
        """Learn that nothing fails from now on: whoever has the time must come to his order."""
        self._peace_since = self._evidence.clock.now()

    def settle(self) -> None:
        """Settle everything at the end, long after the last fault."""
        self._rounds.look()
        final_checks.settle(self._evidence, peace_since=self._peace_since)

    def unresolved(self) -> int:
        """Count what has not come to an end yet: executions, messages, signals in the outbox."""
        ledger, accounts = self._evidence.ledger, self._evidence.accounts
        executions = sum(execution.state in UNRESOLVED for execution in ledger.every_execution)
        messages = sum(len(books.queue) for books in accounts.values())
        return executions + messages + sum(bool(stored.awaiting) for stored in ledger.every_signal)

    def written(self) -> int:
        """Count what the executions' histories have seen: as long as it grows, somebody is at work."""
        return sum(len(execution.history) for execution in self._evidence.ledger.every_execution)

    def add(self, rule: str, about: str, detail: str) -> None:
        """Note what somebody else has seen."""
        self._evidence.violated(rule, about, detail)
