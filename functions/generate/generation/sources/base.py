"""What a source is, and what it answers."""

from dataclasses import dataclass
from typing import Protocol

from argo.domain.signal import Side
from generation.series import BarSeries


@dataclass(frozen=True, slots=True)
class Opinion:
    """A side and a confidence in percent, 0-100."""

    side: Side
    confidence: float


class Source(Protocol):
    """Looks at closed bars, oldest first, and has an opinion on the last one or none."""

    def vote(self, bars: BarSeries) -> Opinion | None:
        """Return an opinion, or None without one or while too few bars are there."""
        ...
