"""Consensus: votes in, one side and its confidence out, or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from argo.domain.config import Generation
from argo.domain.signal import Side, Vote

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Consensus:
    """The side that all voters share, with the confidence in percent, 0-100."""

    side: Side
    confidence: Decimal
    votes: tuple[Vote, ...]


def consensus(votes: Sequence[Vote], rules: Generation) -> Consensus | None:
    """Agree on a side: the weighted mean of the votes, and a bonus for their number, capped.

    One vote against is no consensus. Anything milder either lets a contradicted signal look surer than an
    uncontradicted one (drop the weakest of three votes to the other side, and the mean of the rest rises) or
    leaves the range of the votes (FAILURES A29; docs/decisions.md). A tie is a special case of it.
    """
    if not votes or len({vote.side for vote in votes}) != 1:
        return None
    weights = sum((vote.weight for vote in votes), Decimal(0))
    mean = sum((vote.confidence * vote.weight for vote in votes), Decimal(0)) / weights
    needed = _nth(rules.minimum_confidence_by_votes, len(votes))
    raised = min(mean + _nth(rules.agreement_bonus, len(votes)), max(rules.confidence_cap, mean))
    confidence = raised.quantize(_CENT, ROUND_HALF_EVEN)
    if confidence < needed:
        return None
    return Consensus(votes[0].side, confidence, tuple(votes))


def _nth(steps: Sequence[Decimal], count: int) -> Decimal:
    """Return the step for ``count`` votes; the last one serves for more."""
    return steps[min(count, len(steps)) - 1]
