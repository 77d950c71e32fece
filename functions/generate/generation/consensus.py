"""Consensus: votes in, one side and its confidence out, or nothing."""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from argo.domain.config import Generation
from argo.domain.signal import Side

_CENT = Decimal("0.01")


class Ballot(NamedTuple):
    """A source's vote on a symbol: the confidence in percent, 0-100, and its weight there, which is not 0."""

    source: str
    side: Side
    confidence: Decimal
    weight: Decimal


class Consensus(NamedTuple):
    """The side that all voters share, with the confidence in percent, 0-100."""

    side: Side
    confidence: Decimal
    votes: Sequence[Ballot]


def consensus(votes: Sequence[Ballot], rules: Generation) -> Consensus | None:
    """Agree on a side: the weighted mean of the votes, and a bonus for their number, capped.

    One vote against is no consensus. Anything milder either lets a contradicted signal look surer than an
    uncontradicted one (drop the weakest of three votes to the other side, and the mean of the rest rises) or
    leaves the range of the votes (FAILURES A29; docs/decisions.md). A tie is a special case of it.
    """
    if not votes:
        return None
    side, largest = votes[0].side, votes[0].confidence
    for vote in votes:
        if vote.side is not side:
            return None
        largest = max(largest, vote.confidence)
    needed = _nth(rules.minimum_confidence_by_votes, len(votes))
    bonus = _nth(rules.agreement_bonus, len(votes))
    if largest + bonus < needed:
        return None  # The mean is no larger: most votes end here.
    weights = sum((vote.weight for vote in votes), Decimal(0))
    mean = sum((vote.confidence * vote.weight for vote in votes), Decimal(0)) / weights
    confidence = min(mean + bonus, rules.confidence_cap).quantize(_CENT, ROUND_HALF_EVEN)
    return Consensus(side, confidence, votes) if confidence >= needed else None


def _nth(steps: Sequence[Decimal], count: int) -> Decimal:
    """Return the step for ``count`` votes; the last one serves for more."""
    return steps[min(count, len(steps)) - 1]
