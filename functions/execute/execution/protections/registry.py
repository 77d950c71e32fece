"""The protections in the order in which they are asked."""

from collections.abc import Sequence
from datetime import datetime

from argo.domain.account import AccountState
from argo.domain.profile import Profile
from argo.domain.profile import Protections as ProtectionRules
from argo.domain.reasons import Denial
from argo.domain.signal import Signal
from execution.protections.base import Protection, Question
from execution.protections.cooldown import Cooldown
from execution.protections.drawdown_guard import DrawdownGuard
from execution.protections.stop_loss_guard import StopLossGuard


def protections(rules: ProtectionRules) -> Sequence[Protection]:
    """Return the protections that a profile has switched on."""
    found: list[Protection] = []
    if rules.cooldown is not None:
        found.append(Cooldown(rules.cooldown))
    if rules.stop_loss_guard is not None:
        found.append(StopLossGuard(rules.stop_loss_guard))
    if rules.drawdown_guard is not None:
        found.append(DrawdownGuard(rules.drawdown_guard))
    return found


def locked(signal: Signal, profile: Profile, state: AccountState, now: datetime) -> Denial | None:
    """Return the denial of the first protection that locks the signal's symbol."""
    question = Question(signal.symbol, now, state.exits, state.equity)
    for protection in protections(profile.protections):
        lock = protection.lock(question)
        if lock is not None:
            return Denial(protection.reason, {"until": lock.until.isoformat(), **lock.why})
    return None
