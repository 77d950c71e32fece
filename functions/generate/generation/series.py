"""Closed bars of one symbol as numpy columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from argo.domain.market import Bar

type Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BarSeries:
    """Closed bars, oldest first; every column has the same length. ``time`` is the last bar's start, UTC."""

    time: datetime
    open: Column
    high: Column
    low: Column
    close: Column
    volume: Column

    def __len__(self) -> int:
        """Return the number of bars."""
        return len(self.close)

    @property
    def price(self) -> float:
        """The last close, in USD."""
        return float(self.close[-1])


def bar_series(bars: Sequence[Bar]) -> BarSeries:
    """Make columns of bars; there must be at least one."""
    table = np.array([(bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars], dtype=np.float64)
    columns = np.ascontiguousarray(table.T)
    return BarSeries(bars[-1].time, *columns)
