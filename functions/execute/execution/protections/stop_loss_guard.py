"""The account rests after too many stop losses."""

from dataclasses import dataclass
from datetime import timedelta

from argo.domain.profile import StopLossGuardRules
from argo.domain.reasons import DenialReason
from execution.protections.base import Lock, Question


@dataclass(frozen=True, slots=True)
class StopLossGuard:
    """Locks every symbol once stop losses have come too close together."""

    rules: StopLossGuardRules
    reason = DenialReason.STOP_LOSS_GUARD

    def lock(self, question: Question) -> Lock | None:
        """Lock from the stop loss on that was one too many within the time."""
        stops = sorted(trade.at for trade in question.exits if trade.leg == "stop_loss")
        window = timedelta(minutes=self.rules.within_minutes)
        count = self.rules.stops
        for first, last in reversed(list(zip(stops, stops[count - 1 :], strict=False))):
            until = last + timedelta(minutes=self.rules.lock_minutes)
            if last - first <= window and until > question.now:
                return Lock(until, {"stop_losses": str(count), "since": first.isoformat()})
        return None
