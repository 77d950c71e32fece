"""What a source is, and what it answers."""

from collections.abc import Callable
from typing import NamedTuple

from argo.domain.signal import Side
from generation.series import BarSeries


class Opinion(NamedTuple):
    """A side and a confidence in percent, 0-100."""

    side: Side
    confidence: float


type Opine = Callable[[BarSeries], Opinion | None]
"""Looks at closed bars, oldest first; None without an opinion on the last one, or while too few are there."""
