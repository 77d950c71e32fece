"""The market's regime at a symbol, and what it does to confidence (ORIGIN, regimes)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np

from argo.domain.signal import Regime
from argo.domain.symbols import Symbol
from generation import indicators
from generation.series import BarSeries, Column

BARS_NEEDED = 200
_CRISIS = 1.5
_RECENT, _BEFORE = 20, 50
_NO_VARIANCE = 1e-14
"""What rounding leaves of the variance of equal returns."""

CONFIDENCE_FACTOR: Mapping[Regime, Decimal] = {
    Regime.BULL: Decimal(1),
    Regime.BEAR: Decimal("0.95"),
    Regime.CHOP: Decimal("0.90"),
    Regime.CRISIS: Decimal("0.85"),
    Regime.NOT_WARM: Decimal("0.85"),
}


def regimes(market: Mapping[Symbol, BarSeries]) -> dict[Symbol, Regime]:
    """Name the regime at the last bar of each symbol, in one pass over all.

    Crisis when volatility jumps, bull or bear by the order of SMA 20, 50 and 200. The jump is of the last 20 bars
    over the 50 **before** them: over the last 50, which hold the 20, the ratio can hardly reach 1.5
    (docs/decisions.md). Warm-up is counted in bars, not in days (FAILURES A32).
    """
    warm = {symbol: bars for symbol, bars in market.items() if len(bars) >= BARS_NEEDED}
    found = dict.fromkeys(market, Regime.NOT_WARM)
    for (symbol, bars), is_crisis in zip(warm.items(), _crises([*warm.values()]), strict=True):
        found[symbol] = Regime.CRISIS if is_crisis else _order(bars)
    return found


def _crises(series: Sequence[BarSeries]) -> list[bool]:
    if not series:
        return []
    logarithms = np.log(np.array([bars.close[-_RECENT - _BEFORE - 1 :] for bars in series]))
    recent, before = _variances(logarithms[:, _BEFORE:]), _variances(logarithms[:, : _BEFORE + 1])
    jumped: list[bool] = (recent > _CRISIS**2 * np.maximum(before, _NO_VARIANCE)).tolist()
    return jumped


def _variances(logarithms: Column) -> Column:
    """Return the variance of the returns between the prices of each row."""
    returns = logarithms[:, 1:] - logarithms[:, :-1]
    # As mean() does; for a handful of symbols its own preparations cost more than the sums.
    count = returns.shape[1]
    around = returns - np.add.reduce(returns, axis=1, keepdims=True) / count
    variances: Column = np.add.reduce(around * around, axis=1) / count
    return variances


def _order(bars: BarSeries) -> Regime:
    match indicators.sma(bars, 20), indicators.sma(bars, 50), indicators.sma(bars, 200):
        case float(fast), float(middle), float(slow) if fast > middle > slow:
            return Regime.BULL
        case float(fast), float(middle), float(slow) if fast < middle < slow:
            return Regime.BEAR
    return Regime.CHOP
