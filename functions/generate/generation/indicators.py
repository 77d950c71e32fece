"""TA-Lib's indicators at the last bar, as plain floats; None while they are not warm.

TA-Lib takes one series at a time. Each indicator runs once over a symbol's bars, whoever asks for it and however
often, until a bar is added.
"""

from typing import NamedTuple

import talib

from generation.series import KEPT, BarSeries, Column, Columns

_SMALLEST_VOLATILITY, _LARGEST_VOLATILITY = 0.01, 0.10


class Bands(NamedTuple):
    """Bollinger bands, in USD: their middle and how far the upper and the lower one are from it."""

    middle: float
    half_width: float


def sma(bars: BarSeries, period: int) -> float | None:
    """Simple moving average of the close, in USD."""
    return bars.indicator(_sma, period)


def adx(bars: BarSeries, period: int = 14) -> float | None:
    """Average directional index, 0-100 (Wilder 1978)."""
    return bars.indicator(_adx, period)


def rsi(bars: BarSeries, period: int = 14) -> float | None:
    """Relative strength index, 0-100 (Wilder 1978)."""
    return bars.indicator(_rsi, period)


def macd_histogram(bars: BarSeries) -> float | None:
    """MACD(12, 26) less its signal line (9), in USD (Appel)."""
    return bars.indicator(_macd_histogram, 26)


def atr(bars: BarSeries, period: int = 14) -> float | None:
    """Average true range, in USD (Wilder 1978)."""
    return bars.indicator(_atr, period)


def bollinger(bars: BarSeries, period: int = 20) -> Bands | None:
    """Bands two standard deviations around the moving average (Bollinger)."""
    upper, middle = bars.indicator(_bands, period, 0), bars.indicator(_bands, period, 1)
    return None if upper is None or middle is None else Bands(middle, upper - middle)


def highest_before(bars: BarSeries, period: int) -> float | None:
    """Highest high of the ``period`` bars before the last, in USD (Donchian)."""
    return bars.indicator(_highest, period, back=1)


def lowest_before(bars: BarSeries, period: int) -> float | None:
    """Lowest low of the ``period`` bars before the last, in USD (Donchian)."""
    return bars.indicator(_lowest, period, back=1)


def relative_volume(bars: BarSeries, period: int) -> float | None:
    """The last bar's volume by the mean of the ``period`` bars before it; None where that is 0."""
    usual = bars.indicator(_mean_volume, period, back=1)
    return float(bars.volume[-1]) / usual if usual else None


def volatility(bars: BarSeries, period: int = 20) -> float:
    """Mean true range over ``period`` bars as a fraction of the mean close, within 1-10 %; 2 % unless warm."""
    if len(bars) <= period:
        return 0.02
    recent = slice(-period - 1, None)
    true_range = talib.TRANGE(bars.high[recent], bars.low[recent], bars.close[recent])[1:]
    share = float(true_range.mean() / bars.close[-period:].mean())
    return min(max(share, _SMALLEST_VOLATILITY), _LARGEST_VOLATILITY)


def _needed(column: Column, period: int) -> Column:
    """Return the part of a column that the ends of an indicator with a finite window depend on."""
    return column[1 - period - KEPT :]


def _sma(bars: BarSeries, period: int) -> Columns:
    return (talib.SMA(_needed(bars.close, period), period),)


def _adx(bars: BarSeries, period: int) -> Columns:
    return (talib.ADX(bars.high, bars.low, bars.close, period),)


def _rsi(bars: BarSeries, period: int) -> Columns:
    return (talib.RSI(bars.close, period),)


def _macd_histogram(bars: BarSeries, period: int) -> Columns:
    return (talib.MACD(bars.close, 12, period, 9)[2],)


def _atr(bars: BarSeries, period: int) -> Columns:
    return (talib.ATR(bars.high, bars.low, bars.close, period),)


def _bands(bars: BarSeries, period: int) -> Columns:
    upper, middle, _ = talib.BBANDS(_needed(bars.close, period), period, 2, 2)
    return upper, middle


def _highest(bars: BarSeries, period: int) -> Columns:
    return (talib.MAX(_needed(bars.high, period), period),)


def _lowest(bars: BarSeries, period: int) -> Columns:
    return (talib.MIN(_needed(bars.low, period), period),)


def _mean_volume(bars: BarSeries, period: int) -> Columns:
    return (talib.SMA(_needed(bars.volume, period), period),)
