"""Momentum: RSI and MACD agree, and the move is not exhausted."""

from argo.domain.signal import Side
from generation import indicators
from generation.series import BarSeries
from generation.sources.base import Opinion


class Momentum:
    """Votes with RSI 55-75 and a positive MACD histogram (mirrored for sells)."""

    def vote(self, bars: BarSeries) -> Opinion | None:
        """Return the momentum's side."""
        strength = indicators.rsi(bars)
        if strength is None or not 5 <= (lead := abs(strength - 50)) <= 25:
            return None
        histogram = indicators.macd_histogram(bars)
        if histogram is None or (strength > 50) != (histogram > 0):
            return None
        return Opinion(Side.BUY if strength > 50 else Side.SELL, 68 + lead)
