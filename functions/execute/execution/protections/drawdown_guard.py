"""The account rests after its realised profit has fallen."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from argo.domain.profile import DrawdownGuardRules
from argo.domain.reasons import DenialReason
from execution.protections.base import Lock, Question


@dataclass(frozen=True, slots=True)
class DrawdownGuard:
    """Locks every symbol once closed trades have lost too much of the equity within a time."""

    rules: DrawdownGuardRules
    reason = DenialReason.DRAWDOWN_LIMIT

    def lock(self, question: Question) -> Lock | None:
        """Lock from the trade on with which the fall reached its limit.

        The fall is from the highest point of the summed profits before it. An account whose equity nobody has
        observed yet counts as fallen with its first loss.
        """
        window = timedelta(minutes=self.rules.within_minutes)
        limit = (question.equity or Decimal(0)) * self.rules.drawdown_percent / 100
        trades = sorted(question.exits, key=lambda trade: trade.at)
        for last in reversed(range(len(trades))):
            ended = trades[last].at
            until = ended + timedelta(minutes=self.rules.lock_minutes)
            profits = [trade.profit for trade in trades[: last + 1] if ended - trade.at <= window]
            fall = _fall(profits)
            if until > question.now and fall > 0 and fall >= limit:
                return Lock(until, {"fall": f"{fall:.2f}", "limit": f"{limit:.2f}"})
        return None


def _fall(profits: list[Decimal]) -> Decimal:
    """Return how far the sum of profits has fallen from its highest point."""
    total = highest = Decimal(0)
    for profit in profits:
        total += profit
        highest = max(highest, total)
    return highest - total
