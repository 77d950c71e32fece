"""What a run did, as its result and its metrics say."""

from collections import Counter
from dataclasses import dataclass, field

from argo.domain.conservation import Conserved


@dataclass(slots=True)
class Report:
    """Counts of one run; ``problems`` are what a person has to look at, by signal id or symbol."""

    open: int = 0
    looked_at: int = 0
    left_for_next: int = 0
    moved: Counter[str] = field(default_factory=Counter)
    repairs: Counter[str] = field(default_factory=Counter)
    returned: int = 0
    unanswered: int = 0
    broker_requests: int = 0
    unprotected_seconds: list[float] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    conserved: Conserved | None = None

    def as_dict(self) -> dict[str, object]:
        """Return the report as plain JSON."""
        return {
            "open": self.open,
            "looked_at": self.looked_at,
            "left_for_next": self.left_for_next,
            "moved": dict(self.moved),
            "repairs": dict(self.repairs),
            "returned": self.returned,
            "unanswered": self.unanswered,
            "broker_requests": self.broker_requests,
            "longest_naked_seconds": max(self.unprotected_seconds, default=0.0),
            "problems": self.problems,
            "conservation": self._conservation(),
        }

    def _conservation(self) -> dict[str, object]:
        if self.conserved is None:
            return {}
        total = self.conserved.total
        return {
            "gap": total.gap,
            "signals": total.signals,
            "with_order": total.with_order,
            "unresolved": len(self.conserved.unresolved),
            "execution_rate": total.execution_rate,
        }
