"""TA-Lib's indicators at the last bar, as plain floats; None while they are not warm."""

import math

import talib

from generation.series import BarSeries, Column

_SMALLEST_VOLATILITY, _LARGEST_VOLATILITY = 0.01, 0.10


def last(column: Column) -> float | None:
    """Return a column's last value; NaN, which TA-Lib writes while warming up, is None."""
    if not len(column) or math.isnan(column[-1]):
        return None
    return float(column[-1])


def sma(bars: BarSeries, period: int) -> float | None:
    """Simple moving average of the close, in USD."""
    return last(talib.SMA(bars.close, period))


def adx(bars: BarSeries, period: int = 14) -> float | None:
    """Average directional index, 0-100 (Wilder 1978)."""
    return last(talib.ADX(bars.high, bars.low, bars.close, period))


def rsi(bars: BarSeries, period: int = 14) -> float | None:
    """Relative strength index, 0-100 (Wilder 1978)."""
    return last(talib.RSI(bars.close, period))


def macd_histogram(bars: BarSeries) -> float | None:
    """MACD(12, 26) less its signal line (9), in USD (Appel)."""
    return last(talib.MACD(bars.close, 12, 26, 9)[2])


def atr(bars: BarSeries, period: int = 14) -> float | None:
    """Average true range, in USD (Wilder 1978)."""
    return last(talib.ATR(bars.high, bars.low, bars.close, period))


def volatility(bars: BarSeries, period: int = 20) -> float:
    """Mean true range over ``period`` bars as a fraction of the mean close, within 1-10 %; 2 % unless warm."""
    if len(bars) <= period:
        return 0.02
    true_range = talib.TRANGE(bars.high, bars.low, bars.close)[-period:]
    share = float(true_range.mean() / bars.close[-period:].mean())
    return min(max(share, _SMALLEST_VOLATILITY), _LARGEST_VOLATILITY)
