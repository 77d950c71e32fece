"""The market's regime at a symbol, and what it does to confidence (ORIGIN, regimes)."""

from collections.abc import Mapping
from decimal import Decimal

import numpy as np

from argo.domain.signal import Regime
from generation import indicators
from generation.series import BarSeries, Column

BARS_NEEDED = 200
_CRISIS = 1.5
_RECENT, _BEFORE = 20, 50

CONFIDENCE_FACTOR: Mapping[Regime, Decimal] = {
    Regime.BULL: Decimal(1),
    Regime.BEAR: Decimal("0.95"),
    Regime.CHOP: Decimal("0.90"),
    Regime.CRISIS: Decimal("0.85"),
    Regime.NOT_WARM: Decimal("0.85"),
}


def regime(bars: BarSeries) -> Regime:
    """Name the regime: crisis when volatility jumps, bull or bear by the order of SMA 20, 50 and 200.

    The jump is of the last 20 bars over the 50 **before** them: over the last 50, which hold the 20, the ratio
    can hardly reach 1.5 (docs/decisions.md). Warm-up is counted in bars, not in days (FAILURES A32).
    """
    if len(bars) < BARS_NEEDED:
        return Regime.NOT_WARM
    recent, before = bars.close[-_RECENT - 1 :], bars.close[-_RECENT - _BEFORE - 1 : -_RECENT]
    if _volatility(recent) > _CRISIS * _volatility(before):
        return Regime.CRISIS
    fast, middle, slow = (indicators.sma(bars, period) for period in (20, 50, 200))
    if fast is None or middle is None or slow is None:
        return Regime.NOT_WARM
    if fast > middle > slow:
        return Regime.BULL
    if fast < middle < slow:
        return Regime.BEAR
    return Regime.CHOP


def _volatility(close: Column) -> float:
    return float(np.std(np.diff(np.log(close))))
