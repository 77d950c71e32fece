"""Mean reversion: the close is outside its Bollinger bands and the market is not trending."""

from argo.domain.signal import Side
from generation import indicators
from generation.series import BarSeries
from generation.sources.base import Opinion

_TRENDING = 25.0
_PER_HALF_WIDTH = 20.0
_SUREST = 12.0


class MeanReversion:
    """Votes against a close beyond the Bollinger bands (20, 2), unless the ADX shows a trend.

    The further beyond, measured in half-widths of the bands, and the more one-sided the RSI, the surer.
    """

    def vote(self, bars: BarSeries) -> Opinion | None:
        """Return the side back to the mean."""
        bands = indicators.bollinger(bars)
        if bands is None or bands.half_width <= 0:
            return None
        beyond = (bars.price - bands.middle) / bands.half_width
        if abs(beyond) <= 1:
            return None
        strength, direction = indicators.rsi(bars), indicators.adx(bars)
        if strength is None or direction is None or direction > _TRENDING:
            return None
        confidence = 72.0 + min((abs(beyond) - 1) * _PER_HALF_WIDTH, _SUREST)
        if (strength > 70 and beyond > 0) or (strength < 30 and beyond < 0):
            confidence += 8
        return Opinion(Side.SELL if beyond > 0 else Side.BUY, confidence)
