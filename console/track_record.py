"""How good each source's votes have been, computed from judged signals and nothing else."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from argo.domain.ledger import StoredSignal
from argo.domain.signal import Ending, Regime, SignalOutcome

CONSENSUS = "consensus"
"""The row of the signals themselves, beside those of the sources that voted for them."""

_STEP = 10
_FULL = 100


@dataclass(frozen=True, slots=True)
class Said:
    """One confidence, in percent, and what became of it."""

    confidence: Decimal
    outcome: SignalOutcome

    @property
    def was_right(self) -> bool:
        """True when the target was met before the stop; a signal that ran out was not right."""
        return self.outcome.ending is Ending.TARGET


@dataclass(frozen=True, slots=True)
class Bucket:
    """The votes of one range of confidence: what they promised, and how often it came true."""

    lowest: int
    samples: int
    mean_confidence: float
    frequency: float

    @property
    def name(self) -> str:
        """The range, in percent."""
        return f"{self.lowest}-{self.lowest + _STEP}"


@dataclass(slots=True)
class TrackRecord:
    """A source's judged votes in one regime; ``regime`` None is all of them."""

    source: str
    regime: Regime | None
    said: list[Said] = field(default_factory=list)

    @property
    def samples(self) -> int:
        """How many votes there are to judge by."""
        return len(self.said)

    def ended(self, ending: Ending) -> int:
        """Count the signals with an ending."""
        return sum(each.outcome.ending is ending for each in self.said)

    @property
    def hit_rate(self) -> float:
        """The share of votes that were right."""
        return sum(each.was_right for each in self.said) / self.samples

    @property
    def average_r(self) -> float:
        """The mean result in units of the risk taken, before costs."""
        results = [each.outcome.realised_r for each in self.said if each.outcome.realised_r is not None]
        return float(sum(results, Decimal(0)) / len(results))

    @property
    def brier(self) -> float:
        """The mean squared distance of confidence and truth: 0 is perfect, 0.25 what "50 %" earns (Brier 1950)."""
        return sum((float(each.confidence) / _FULL - each.was_right) ** 2 for each in self.said) / self.samples

    @property
    def calibration(self) -> list[Bucket]:
        """Return confidence against frequency, by ranges of ten percent that have votes."""
        ranges: dict[int, list[Said]] = {}
        for each in self.said:
            lowest = min(int(each.confidence) // _STEP * _STEP, _FULL - _STEP)
            ranges.setdefault(lowest, []).append(each)
        return [
            Bucket(
                lowest=lowest,
                samples=len(within),
                mean_confidence=float(sum((each.confidence for each in within), Decimal(0)) / len(within)),
                frequency=sum(each.was_right for each in within) / len(within),
            )
            for lowest, within in sorted(ranges.items())
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return the record as plain JSON; shares are fractions."""
        return {
            "source": self.source,
            "regime": self.regime,
            "samples": self.samples,
            "target": self.ended(Ending.TARGET),
            "stop": self.ended(Ending.STOP),
            "expiry": self.ended(Ending.EXPIRY),
            "hit_rate": self.hit_rate,
            "average_r": self.average_r,
            "brier": self.brier,
            "calibration": [
                {
                    "confidence": bucket.name,
                    "samples": bucket.samples,
                    "mean_confidence": bucket.mean_confidence,
                    "frequency": bucket.frequency,
                }
                for bucket in self.calibration
            ],
        }


def track_records(signals: Iterable[StoredSignal]) -> list[TrackRecord]:
    """Return every source's record over all regimes and in each, the consensus first.

    Signals without an outcome, or whose outcome nobody saw, count for nothing: they have no truth to compare with.
    """
    found: dict[tuple[str, Regime | None], TrackRecord] = {}
    for stored in signals:
        outcome = stored.outcome
        if outcome is None or outcome.ending is Ending.UNSEEN:
            continue
        for source, confidence in _voices(stored):
            for regime in (None, stored.signal.regime):
                record = found.setdefault((source, regime), TrackRecord(source, regime))
                record.said.append(Said(confidence, outcome))
    return sorted(found.values(), key=lambda each: (each.source != CONSENSUS, each.source, each.regime or ""))


def _voices(stored: StoredSignal) -> Iterator[tuple[str, Decimal]]:
    yield CONSENSUS, stored.signal.confidence
    for vote in stored.signal.votes:
        yield vote.source, vote.confidence
