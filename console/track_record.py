"""How good each source's votes have been, computed from judged signals and nothing else."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from argo.domain.ledger import StoredSignal
from argo.domain.signal import Ending, Regime, SignalOutcome

CONSENSUS = "consensus"
"""The row of the signals themselves, beside those of the sources that voted for them."""

_STEP = 10
_FULL = 100


@dataclass(frozen=True, slots=True)
class Bucket:
    """The votes of one range of confidence, in percent: what they promised, and how often it came true."""

    confidence: str
    samples: int
    mean_confidence: float
    frequency: float


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """A source's judged votes in one regime; ``regime`` None is all of them. Shares are fractions.

    ``target``, ``stop`` and ``expiry`` count the signals with that ending; a vote was right when the target was
    met before the stop. ``average_r`` is the mean result in units of the risk taken, before costs. ``brier`` is
    the mean squared distance of confidence and truth: 0 is perfect, 0.25 what "50 %" earns (Brier 1950).
    ``calibration`` is confidence against frequency, by ranges of ten percent that have votes.
    """

    source: str
    regime: Regime | None
    samples: int
    target: int
    stop: int
    expiry: int
    hit_rate: float
    average_r: float
    brier: float
    calibration: Sequence[Bucket]


type _Judged = tuple[Decimal, SignalOutcome]
"""One confidence, in percent, and what became of it."""


def track_records(signals: Iterable[StoredSignal]) -> list[TrackRecord]:
    """Return every source's record over all regimes and in each, the consensus first.

    Signals without an outcome, or whose outcome nobody saw, count for nothing: they have no truth to compare with.
    """
    found: dict[tuple[str, Regime | None], list[_Judged]] = {}
    for stored in signals:
        signal, outcome = stored.signal, stored.outcome
        if outcome is None or outcome.ending is Ending.UNSEEN:
            continue
        voices = [(CONSENSUS, signal.confidence), *((vote.source, vote.confidence) for vote in signal.votes)]
        for source, confidence in voices:
            for regime in (None, signal.regime):
                found.setdefault((source, regime), []).append((confidence, outcome))
    ordered = sorted(found.items(), key=lambda each: (each[0][0] != CONSENSUS, each[0][0], each[0][1] or ""))
    return [_record(source, regime, votes) for (source, regime), votes in ordered]


def _record(source: str, regime: Regime | None, votes: Sequence[_Judged]) -> TrackRecord:
    endings = Counter(outcome.ending for _, outcome in votes)
    results = [outcome.realised_r for _, outcome in votes if outcome.realised_r is not None]
    errors = [float(confidence) / _FULL - (outcome.ending is Ending.TARGET) for confidence, outcome in votes]
    ranges: dict[int, list[_Judged]] = {}
    for confidence, outcome in votes:
        lowest = min(int(confidence) // _STEP * _STEP, _FULL - _STEP)
        ranges.setdefault(lowest, []).append((confidence, outcome))
    return TrackRecord(
        source,
        regime,
        samples=len(votes),
        target=endings[Ending.TARGET],
        stop=endings[Ending.STOP],
        expiry=endings[Ending.EXPIRY],
        hit_rate=endings[Ending.TARGET] / len(votes),
        average_r=float(sum(results, Decimal(0)) / len(results)),
        brier=sum(error**2 for error in errors) / len(votes),
        calibration=[_bucket(lowest, within) for lowest, within in sorted(ranges.items())],
    )


def _bucket(lowest: int, votes: Sequence[_Judged]) -> Bucket:
    return Bucket(
        f"{lowest}-{lowest + _STEP}",
        samples=len(votes),
        mean_confidence=float(sum((confidence for confidence, _ in votes), Decimal(0)) / len(votes)),
        frequency=sum(outcome.ending is Ending.TARGET for _, outcome in votes) / len(votes),
    )
