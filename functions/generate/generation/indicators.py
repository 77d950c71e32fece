"""TA-Lib's indicators at the last bar, as plain floats; None while they are not warm.

TA-Lib takes one series at a time. Each indicator runs once over a symbol's bars, whoever asks for it and however
often, until a bar is added.
"""

from typing import NamedTuple

import talib

from generation.series import KEPT, BarSeries, Column, at_last_bar

_SMALLEST_VOLATILITY, _LARGEST_VOLATILITY = 0.01, 0.10


@at_last_bar
def sma(bars: BarSeries, period: int) -> Column:
    """Simple moving average of the close, in USD."""
    return talib.SMA(_needed(bars.close, period), period)


@at_last_bar
def adx(bars: BarSeries, period: int = 14) -> Column:
    """Average directional index, 0-100 (Wilder 1978)."""
    return talib.ADX(bars.high, bars.low, bars.close, period)


@at_last_bar
def rsi(bars: BarSeries, period: int = 14) -> Column:
    """Relative strength index, 0-100 (Wilder 1978)."""
    return talib.RSI(bars.close, period)


@at_last_bar
def macd_histogram(bars: BarSeries) -> Column:
    """MACD(12, 26) less its signal line (9), in USD (Appel)."""
    return talib.MACD(bars.close, 12, 26, 9)[2]


@at_last_bar
def atr(bars: BarSeries, period: int = 14) -> Column:
    """Average true range, in USD (Wilder 1978)."""
    return talib.ATR(bars.high, bars.low, bars.close, period)


@at_last_bar
def highest_before(bars: BarSeries, period: int) -> Column:
    """Highest high of the ``period`` bars before the last, in USD (Donchian)."""
    return talib.MAX(_needed(bars.high, period), period)[:-1]


@at_last_bar
def lowest_before(bars: BarSeries, period: int) -> Column:
    """Lowest low of the ``period`` bars before the last, in USD (Donchian)."""
    return talib.MIN(_needed(bars.low, period), period)[:-1]


class Bands(NamedTuple):
    """Bollinger bands, in USD: their middle and how far the upper and the lower one are from it."""

    middle: float
    half_width: float


def bollinger(bars: BarSeries, period: int = 20) -> Bands | None:
    """Bands two standard deviations around the moving average (Bollinger)."""
    middle, half_width = sma(bars, period), _half_width(bars, period)
    return None if middle is None or half_width is None else Bands(middle, half_width)


@at_last_bar
def _half_width(bars: BarSeries, period: int) -> Column:
    upper, middle, _ = talib.BBANDS(
        _needed(bars.close, period), period
    )  # two deviations, unless it is told others
    return upper - middle


def relative_volume(bars: BarSeries, period: int) -> float | None:
    """The last bar's volume by the mean of the ``period`` bars before it; None where that is 0."""
    usual = _mean_volume_before(bars, period)
    return float(bars.volume[-1]) / usual if usual else None


@at_last_bar
def _mean_volume_before(bars: BarSeries, period: int) -> Column:
    return talib.SMA(_needed(bars.volume, period), period)[:-1]


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
