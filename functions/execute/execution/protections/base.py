"""What a protection is asked and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from argo.domain.account import TradeExit
from argo.domain.reasons import DenialReason
from argo.domain.symbols import Symbol


@dataclass(frozen=True, slots=True)
class Question:
    """May this symbol be entered now? ``exits`` are the account's trades that ended lately, oldest first.

    ``equity`` in USD; None before the account was first observed.
    """

    symbol: Symbol
    now: datetime
    exits: Sequence[TradeExit]
    equity: Decimal | None


@dataclass(frozen=True, slots=True)
class Lock:
    """No entry before ``until``; ``why`` are the numbers that were compared."""

    until: datetime
    why: Mapping[str, str] = field(default_factory=dict)


class Protection(Protocol):
    """One protection with its options."""

    reason: DenialReason

    def lock(self, question: Question) -> Lock | None:
        """Return the lock that holds now, if any."""
        ...
