"""Consensus: votes in, one side and its confidence out, or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Protocol

from argo.domain.config import Generation
from argo.domain.signal import Side

_CENT = Decimal("0.01")


class Ballot(Protocol):
    """What counts of a vote: its side, its confidence in percent, its weight, which is not 0."""

    @property
    def side(self) -> Side: ...
    @property
    def confidence(self) -> Decimal: ...
    @property
    def weight(self) -> Decimal: ...


@dataclass(frozen=True, slots=True)
class Consensus[B: Ballot]:
    """The side that all voters share, with the confidence in percent, 0-100."""

    side: Side
    confidence: Decimal
    votes: tuple[B, ...]


def consensus[B: Ballot](votes: Sequence[B], rules: Generation) -> Consensus[B] | None:
    """Agree on a side: the weighted mean of the votes, and a bonus for their number, capped.

    One vote against is no consensus. Anything milder either lets a contradicted signal look surer than an
    uncontradicted one (drop the weakest of three votes to the other side, and the mean of the rest rises) or
    leaves the range of the votes (FAILURES A29; docs/decisions.md). A tie is a special case of it.
    """
    if not votes:
        return None
    side = votes[0].side
    weights = weighted = Decimal(0)
    for vote in votes:
        if vote.side is not side:
            return None
        weights += vote.weight
        weighted += vote.confidence * vote.weight
    mean = weighted / weights
    needed = _nth(rules.minimum_confidence_by_votes, len(votes))
    raised = min(mean + _nth(rules.agreement_bonus, len(votes)), rules.confidence_cap)
    confidence = raised.quantize(_CENT, ROUND_HALF_EVEN)
    if confidence < needed:
        return None
    return Consensus(side, confidence, tuple(votes))


def _nth(steps: Sequence[Decimal], count: int) -> Decimal:
    """Return the step for ``count`` votes; the last one serves for more."""
    return steps[min(count, len(steps)) - 1]
