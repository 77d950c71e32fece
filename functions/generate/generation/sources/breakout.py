"""Volume breakout: the close leaves the range of the bars before it."""

from argo.domain.signal import Side
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
        before = slice(-_RANGE - 1, -1)
        if bars.price > bars.high[before].max():
            side = Side.BUY
        elif bars.price < bars.low[before].min():
            side = Side.SELL
        else:
            return None
        confidence = 72.0
        if bars.volume[-1] > _BUSY * bars.volume[before].mean():
            confidence += 10
        if abs(bars.price / bars.close[-6] - 1) > _FAST:
            confidence += 8
        return Opinion(side, confidence)
