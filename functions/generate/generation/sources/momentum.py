"""Momentum: RSI and MACD agree, and the move is not exhausted."""

from argo.domain.signal import Side
from generation import indicators
from generation.series import BarSeries
from generation.sources.base import Opinion


class Momentum:
    """Votes with RSI 55-75 and a positive MACD histogram (mirrored for sells)."""

    def vote(self, bars: BarSeries) -> Opinion | None:
        """Return the momentum's side."""
        strength, histogram = indicators.rsi(bars), indicators.macd_histogram(bars)
        if strength is None or histogram is None:
            return None
        lead = abs(strength - 50)
        if not 5 <= lead <= 25 or (strength > 50) != (histogram > 0):
            return None
        return Opinion(Side.BUY if strength > 50 else Side.SELL, 68 + lead)
