"""Market data: the closed bar."""

from dataclasses import dataclass
from datetime import datetime

from argo.domain.signal import Timeframe


@dataclass(frozen=True, slots=True)
class Bar:
    """One closed bar; ``time`` is its start, aware UTC.

    Prices are floats because indicators take floats; money made from them is converted to Decimal once,
    where a signal is built.
    """

    time: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float

    def is_closed(self, timeframe: Timeframe, now: datetime) -> bool:
        """Tell whether the bar has ended by ``now`` (FAILURES B14)."""
        return now - self.time >= timeframe.duration
