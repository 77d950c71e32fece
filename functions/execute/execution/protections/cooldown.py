"""A symbol rests after its last trade."""

from dataclasses import dataclass
from datetime import timedelta

from argo.domain.profile import CooldownRules
from argo.domain.reasons import DenialReason
from execution.protections.base import Lock, Question


@dataclass(frozen=True, slots=True)
class Cooldown:
    """Locks a symbol for some minutes after its last trade was closed."""

    rules: CooldownRules
    reason = DenialReason.COOLDOWN

    def lock(self, question: Question) -> Lock | None:
        """Lock from the symbol's last exit on."""
        ended = [trade.at for trade in question.exits if trade.symbol == question.symbol]
        if not ended:
            return None
        until = max(ended) + timedelta(minutes=self.rules.minutes)
        return Lock(until, {"last_exit": max(ended).isoformat()}) if until > question.now else None
