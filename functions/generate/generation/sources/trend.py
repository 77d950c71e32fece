"""Trend: the order of moving averages, stronger when the trend has direction."""

from argo.domain.signal import Side
from generation import indicators
from generation.series import BarSeries
from generation.sources.base import Opinion

_TRENDING = 25.0


class Trend:
    """Votes with price > SMA 20 > SMA 50 (mirrored for sells); ADX above 25 and the SMA 200 add confidence."""

    def vote(self, bars: BarSeries) -> Opinion | None:
        """Return the trend's side."""
        fast, slow = indicators.sma(bars, 20), indicators.sma(bars, 50)
        if fast is None or slow is None:
            return None
        if bars.price > fast > slow:
            side = Side.BUY
        elif bars.price < fast < slow:
            side = Side.SELL
        else:
            return None
        confidence = 70.0
        strength = indicators.adx(bars)
        if strength is not None and strength > _TRENDING:
            confidence += 10
        long_term = indicators.sma(bars, 200)
        if long_term is not None and (bars.price > long_term) == (side is Side.BUY):
            confidence += 8
        return Opinion(side, confidence)
