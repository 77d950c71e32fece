"""The sources that come with Argo: trend, momentum, mean reversion and volume breakout."""

from argo.domain.signal import Side
from generation import indicators
from generation.series import BarSeries
from generation.sources.base import Opinion

_TRENDING = 25.0

_PER_HALF_WIDTH = 20.0
_SUREST = 12.0

_RANGE = 20
_BUSY = 1.2
_FAST = 0.02


def trend(bars: BarSeries) -> Opinion | None:
    """Vote with price > SMA 20 > SMA 50 (mirrored for sells); ADX above 25 and the SMA 200 add confidence."""
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


def momentum(bars: BarSeries) -> Opinion | None:
    """Vote with RSI 55-75 and a positive MACD histogram (mirrored for sells): a move that is not exhausted."""
    strength = indicators.rsi(bars)
    if strength is None or not 5 <= abs(lead := strength - 50) <= 25:
        return None
    rises, histogram = lead > 0, indicators.macd_histogram(bars)
    if histogram is None or rises != (histogram > 0):
        return None
    return Opinion(Side.BUY if rises else Side.SELL, 68 + abs(lead))


def mean_reversion(bars: BarSeries) -> Opinion | None:
    """Vote against a close beyond the Bollinger bands (20, 2), unless the ADX shows a trend.

    The further beyond, measured in half-widths of the bands, and the more one-sided the RSI, the surer.
    """
    bands = indicators.bollinger(bars)
    if bands is None or bands.half_width <= 0:
        return None
    beyond = (bars.price - bands.middle) / bands.half_width
    if abs(beyond) <= 1:
        return None
    strength, direction = indicators.rsi(bars), indicators.adx(bars)
    if strength is None or direction is None or direction > _TRENDING:
        return None
    side, is_one_sided = (Side.SELL, strength > 70) if beyond > 0 else (Side.BUY, strength < 30)
    confidence = 72.0 + min((abs(beyond) - 1) * _PER_HALF_WIDTH, _SUREST)
    return Opinion(side, confidence + 8 if is_one_sided else confidence)


def breakout(bars: BarSeries) -> Opinion | None:
    """Vote with a close beyond the last 20 bars' high or low (Donchian); volume and speed add confidence."""
    if len(bars) <= _RANGE:
        return None
    price = bars.price
    if price > bars.close[-2]:
        side, edge = Side.BUY, indicators.highest_before(bars, _RANGE)
        is_beyond = edge is not None and price > edge
    else:
        side, edge = Side.SELL, indicators.lowest_before(bars, _RANGE)
        is_beyond = edge is not None and price < edge
    if not is_beyond:
        return None
    confidence = 72.0
    volume = indicators.relative_volume(bars, _RANGE)
    if volume is not None and volume > _BUSY:
        confidence += 10
    if abs(price / float(bars.close[-6]) - 1) > _FAST:
        confidence += 8
    return Opinion(side, confidence)
