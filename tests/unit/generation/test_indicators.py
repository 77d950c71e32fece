import numpy as np
import pytest
import talib

from argo.domain.symbols import Symbol
from generation import indicators
from generation.series import bar_series
from tests.unit.generation.bars import AAPL, bars_of, real_bars, series_of

ENDS = [60, 200, 260, 1000, 3270]
EVERY = {
    "sma": (lambda bars: indicators.sma(bars, 20), 20),
    "adx": (indicators.adx, 28),
    "rsi": (indicators.rsi, 15),
    "macd_histogram": (indicators.macd_histogram, 34),
    "atr": (indicators.atr, 15),
}


def real_series(end):
    return bar_series(real_bars()[AAPL][:end])


def true_ranges(bars):
    before = bars.close[:-1]
    return np.maximum(bars.high[1:], before) - np.minimum(bars.low[1:], before)


def smoothed(values, period):
    """Smooth as Wilder does: a mean first, then one part in ``period`` of what is new."""
    level = values[:period].mean()
    for value in values[period:]:
        level += (value - level) / period
    return level


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("period", [20, 50])
def test_sma_is_the_mean_of_the_last_closes(end, period):
    bars = real_series(end)

    found = indicators.sma(bars, period)

    assert found == pytest.approx(bars.close[-period:].mean())


@pytest.mark.parametrize("end", ENDS)
def test_atr_is_wilders_mean_of_the_true_ranges(end):
    bars = real_series(end)

    found = indicators.atr(bars)

    assert found == pytest.approx(smoothed(true_ranges(bars), 14))


@pytest.mark.parametrize("end", ENDS)
def test_rsi_is_wilders_share_of_the_rises(end):
    bars = real_series(end)
    changes = np.diff(bars.close)
    rises, falls = (smoothed(np.clip(sign * changes, 0, None), 14) for sign in (1, -1))

    found = indicators.rsi(bars)

    assert found == pytest.approx(100 * rises / (rises + falls))


@pytest.mark.parametrize("end", ENDS)
def test_macd_and_adx_are_talibs(end):
    bars = real_series(end)

    found = indicators.macd_histogram(bars), indicators.adx(bars)

    line, signal, _ = talib.MACD(bars.close, fastperiod=12, slowperiod=26, signalperiod=9)
    strength = talib.ADX(bars.high, bars.low, bars.close, timeperiod=14)
    assert found == pytest.approx((line[-1] - signal[-1], strength[-1]))


@pytest.mark.parametrize("end", ENDS)
def test_volatility_is_the_mean_true_range_by_the_mean_close(end):
    bars = real_series(end)

    found = indicators.volatility(bars)

    share = true_ranges(bars)[-20:].mean() / bars.close[-20:].mean()
    assert found == pytest.approx(min(max(share, 0.01), 0.10))


@pytest.mark.parametrize(
    ("bars", "expected"),
    [
        (series_of([100.0] * 20), 0.02),
        (series_of([100.0] * 21, spread=0.1), 0.01),
        (series_of([100.0] * 21, spread=1.5), 0.03),
        (series_of([100.0] * 21, spread=20), 0.10),
    ],
    ids=["not warm", "calm", "between", "wild"],
)
def test_volatility_has_a_floor_a_ceiling_and_a_value_before_it_is_warm(bars, expected):
    found = indicators.volatility(bars)

    assert found == pytest.approx(expected)


@pytest.mark.parametrize("name", EVERY)
def test_a32_an_indicator_is_none_until_it_is_warm(name):
    indicator, needed = EVERY[name]

    found = [indicator(real_series(length)) is None for length in (1, needed - 1, needed)]

    assert found == [True, True, False]


def test_b14_an_indicator_does_not_know_the_bars_after_its_own():
    whole, known = real_series(400), real_series(300)

    found = [indicator(known) for indicator, _ in EVERY.values()]

    columns = [
        talib.SMA(whole.close, 20),
        talib.ADX(whole.high, whole.low, whole.close, 14),
        talib.RSI(whole.close, 14),
        talib.MACD(whole.close, 12, 26, 9)[2],
        talib.ATR(whole.high, whole.low, whole.close, 14),
    ]
    assert found == pytest.approx([column[299] for column in columns])


def whole_columns(bars):
    """TA-Lib over all bars, by its plain calls: what each indicator must be at every bar."""
    high, low, close, volume = bars.high, bars.low, bars.close, bars.volume
    upper, middle, lower = talib.BBANDS(close, 20, 2, 2)
    return {
        "sma20": talib.SMA(close, 20),
        "sma50": talib.SMA(close, 50),
        "sma200": talib.SMA(close, 200),
        "adx": talib.ADX(high, low, close, 14),
        "rsi": talib.RSI(close, 14),
        "macd": talib.MACD(close, 12, 26, 9)[2],
        "atr": talib.ATR(high, low, close, 14),
        "middle": middle,
        "half_width": (upper - lower) / 2,
        "highest_before": np.roll(talib.MAX(high, 20), 1),
        "lowest_before": np.roll(talib.MIN(low, 20), 1),
        "relative_volume": volume / np.roll(talib.SMA(volume, 20), 1),
    }


def as_used(bars):
    """The same, as the sources ask for them."""
    bands = indicators.bollinger(bars)
    return {
        "sma20": indicators.sma(bars, 20),
        "sma50": indicators.sma(bars, 50),
        "sma200": indicators.sma(bars, 200),
        "adx": indicators.adx(bars),
        "rsi": indicators.rsi(bars),
        "macd": indicators.macd_histogram(bars),
        "atr": indicators.atr(bars),
        "middle": bands and bands.middle,
        "half_width": bands and bands.half_width,
        "highest_before": indicators.highest_before(bars, 20),
        "lowest_before": indicators.lowest_before(bars, 20),
        "relative_volume": indicators.relative_volume(bars, 20),
    }


@pytest.mark.parametrize("symbol", ["AAPL", "FB", "GOOG", "IBM", "MSFT"])
def test_indicators_as_used_are_talibs_on_the_real_bars(symbol):
    bars = real_bars()[Symbol(symbol)]
    whole = whole_columns(bar_series(bars))

    for end in range(220, len(bars), 37):
        found = as_used(bar_series(bars[:end]))
        assert found == pytest.approx({name: column[end - 1] for name, column in whole.items()}, rel=1e-9)


@pytest.mark.parametrize("symbol", ["AAPL", "IBM"])
def test_b14_the_series_a_bar_earlier_reads_what_that_bar_knew(symbol):
    bars = real_bars()[Symbol(symbol)]

    for end in range(240, len(bars), 97):
        window = bar_series(bars[end - 240 : end])
        for earlier in (window.before(), read_first(window).before()):
            known = bar_series(bars[end - 240 : end - 1])
            assert as_used(earlier) == pytest.approx(as_used(known), rel=1e-9)
            assert (len(earlier), earlier.time, earlier.price) == (len(known), known.time, known.price)


def read_first(bars):
    """Return the series once everything has been computed for its last bar."""
    as_used(bars)
    return bars


def test_an_indicator_is_computed_once_whoever_asks():
    bars = real_series(300)

    for view in (bars, bars.before(), bars, bars.before()):
        as_used(view)

    names = [compute.__name__ for compute, *_ in bars.computed]
    assert len(names) == len(set(bars.computed)) == 11
    assert names.count("sma") == 3
    assert {len(ends) for ends in bars.computed.values()} == {3}  # whole columns would be kept for every symbol


def test_columns_hold_what_the_bars_hold():
    bars = bars_of([100.0, 101.5, 99.25], volume=7)

    series = bar_series(bars)

    assert (len(series), series.price, series.time) == (3, 99.25, bars[-1].time)
    for name in ("open", "high", "low", "close", "volume"):
        assert list(getattr(series, name)) == [getattr(bar, name) for bar in bars]


def test_a_period_may_be_named():
    bars = real_series(300)

    assert indicators.adx(bars, period=20) == indicators.adx(bars, 20) != indicators.adx(bars)


def test_a_series_is_extended_in_the_room_that_there_is_as_often_as_it_is_long():
    bars = bars_of([100.0 + number for number in range(21)])
    each = [bar_series(bars[:10])]

    for bar in bars[10:]:
        each.append(each[-1].extended([bar], 10))

    assert [series._room is each[0]._room for series in each] == [True] * 11 + [False]
    for number, series in enumerate(each):
        assert list(series.close) == [bar.close for bar in bars[number : number + 10]]


@pytest.mark.parametrize(
    "bars", [series_of([100.0]), series_of([100.0, 101.0]).before()], ids=["one", "two, before"]
)
def test_a32_of_no_bars_before_the_last_there_is_no_range(bars):
    assert (indicators.highest_before(bars, 20), indicators.lowest_before(bars, 20)) == (None, None)
    assert indicators.relative_volume(bars, 20) is None
