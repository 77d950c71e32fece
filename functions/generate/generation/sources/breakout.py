"""Volume breakout: the close leaves the range of the bars before it."""

from argo.domain.signal import Side
from generation import indicators
from generation.series import BarSeries
from generation.sources.base import Opinion

_RANGE = 20
_BUSY = 1.2
_FAST = 0.02


class Breakout:
    """Votes with a close beyond the last 20 bars' high or low (Donchian); volume and speed add confidence."""

    def vote(self, bars: BarSeries) -> Opinion | None:
        """Return the breakout's side."""
        if len(bars) <= _RANGE:
            return None
        price = bars.price
        if price > bars.close[-2]:
            side, edge = Side.BUY, indicators.highest_before(bars, _RANGE)
            is_beyond = edge is not None and price > edge
        else:
            side, edge = Side.SELL, indicators.lowest_before(bars, _RANGE)
            is_beyond = edge is not None and price < edge
        if not is_beyond:
            return None
        confidence = 72.0
        volume = indicators.relative_volume(bars, _RANGE)
        if volume is not None and volume > _BUSY:
            confidence += 10
        if abs(price / float(bars.close[-6]) - 1) > _FAST:
            confidence += 8
        return Opinion(side, confidence)
