"""Market data: the closed bar."""

from dataclasses import dataclass
from datetime import datetime
from math import inf

from argo.domain.signal import Timeframe

_LIMIT = 1e9
"""USD that nothing costs: the dearest share is below a million."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One closed bar as a feed tells it; ``time`` is its start, aware UTC.

    Prices are floats because indicators take floats; money made from them is converted to Decimal once,
    where a signal is built.
    """

    time: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float

    @property
    def is_sound(self) -> bool:
        """Tell whether these are prices and a volume that can have been traded (FAILURES C18).

        A number that is none, or is not there, is NaN.
        """
        in_order = 0 < self.low <= self.high < _LIMIT
        return in_order and 0 < self.open < _LIMIT and 0 < self.close < _LIMIT and 0 <= self.volume < inf

    def is_closed(self, timeframe: Timeframe, now: datetime) -> bool:
        """Tell whether the bar has ended by ``now`` (FAILURES B14)."""
        return now - self.time >= timeframe.duration
