"""The market's regime at a symbol, and what it does to confidence (ORIGIN, regimes)."""

from collections.abc import Mapping
from decimal import Decimal

import numpy as np

from argo.domain.signal import Regime
from generation import indicators
from generation.series import BarSeries, Column

BARS_NEEDED = 200
_CRISIS = 1.5

CONFIDENCE_FACTOR: Mapping[Regime, Decimal] = {
    Regime.BULL: Decimal(1),
    Regime.BEAR: Decimal("0.95"),
    Regime.CHOP: Decimal("0.90"),
    Regime.CRISIS: Decimal("0.85"),
    Regime.NOT_WARM: Decimal("0.85"),
}


def regime(bars: BarSeries) -> Regime:
    """Name the regime: crisis when volatility jumps, bull or bear by the order of SMA 20, 50 and 200.

    Warm-up is counted in bars, not in days (FAILURES A32).
    """
    if len(bars) < BARS_NEEDED:
        return Regime.NOT_WARM
    if _volatility(bars.close, 20) > _CRISIS * _volatility(bars.close, 50):
        return Regime.CRISIS
    fast, middle, slow = (indicators.sma(bars, period) for period in (20, 50, 200))
    if fast is None or middle is None or slow is None:
        return Regime.NOT_WARM
    if fast > middle > slow:
        return Regime.BULL
    if fast < middle < slow:
        return Regime.BEAR
    return Regime.CHOP


def _volatility(close: Column, period: int) -> float:
    window = close[-period - 1 :]
    return float(np.std(np.diff(np.log(window))))
