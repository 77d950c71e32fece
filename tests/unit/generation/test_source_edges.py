"""The built-in sources at the edges of their rules: a last bar's price, and indicators given to the digit."""

from math import inf, nan

import pytest

from argo.domain.signal import Side
from generation import indicators
from generation.sources.built_in import breakout, mean_reversion, momentum, trend
from tests.unit.generation.bars import series_of

BUY, SELL = Side.BUY, Side.SELL
KEYS = {
    "sma20": (indicators.sma, 20),
    "sma50": (indicators.sma, 50),
    "sma200": (indicators.sma, 200),
    "adx": (indicators.adx,),
    "rsi": (indicators.rsi,),
    "macd": (indicators.macd_histogram,),
    "half_width": (indicators._half_width, 20),
    "highest": (indicators.highest_before, 20),
    "lowest": (indicators.lowest_before, 20),
    "usual_volume": (indicators._mean_volume_before, 20),
}


def known(closes, **values):
    """Return bars whose indicators have been computed already, as these values; NaN is not warm."""
    bars = series_of(closes)
    for name, value in values.items():
        indicator, *period = KEYS[name]
        bars.computed[indicator.__wrapped__, tuple(period)] = [value]
    return bars


def vote(source, price, **values):
    opinion = source(known([*[100.0] * 25, price], **values))
    return opinion and (opinion.side, round(opinion.confidence, 6))


@pytest.mark.parametrize(
    ("price", "fast", "slow", "voted"),
    [
        (101, 100, 99, (BUY, 70)),
        (100, 100, 99, None),
        (101, 100, 100, None),
        (99, 100, 101, (SELL, 70)),
        (100, 100, 101, None),
        (99, 100, 100, None),
        (101, nan, 99, None),
        (101, 100, nan, None),
    ],
)
def test_a_trend_is_three_levels_in_strict_order(price, fast, slow, voted):
    assert vote(trend, price, sma20=fast, sma50=slow, adx=nan, sma200=nan) == voted


@pytest.mark.parametrize(("adx", "confidence"), [(nan, 70), (25, 70), (25.01, 80)])
@pytest.mark.parametrize(("sma200", "more"), [(nan, 0), (101.5, 0), (101, 0), (100.5, 8)])
def test_what_makes_a_rise_surer(adx, confidence, sma200, more):
    assert vote(trend, 101, sma20=100, sma50=99, adx=adx, sma200=sma200) == (BUY, confidence + more)


@pytest.mark.parametrize(("sma200", "confidence"), [(99.5, 78), (99, 78), (98.5, 70), (nan, 70)])
def test_what_makes_a_fall_surer(sma200, confidence):
    assert vote(trend, 99, sma20=100, sma50=101, adx=20, sma200=sma200) == (SELL, confidence)


@pytest.mark.parametrize(
    ("rsi", "macd", "voted"),
    [
        (54.99, 1, None),
        (55, 1, (BUY, 73)),
        (75, 1, (BUY, 93)),
        (75.01, 1, None),
        (45.01, -1, None),
        (45, -1, (SELL, 73)),
        (25, -1, (SELL, 93)),
        (24.99, -1, None),
        (60, -1, None),
        (60, 0, None),
        (40, 1, None),
        (nan, 1, None),
        (60, nan, None),
    ],
)
def test_momentum_is_a_strength_between_its_bounds_and_a_histogram_of_the_same_sign(rsi, macd, voted):
    assert vote(momentum, 100, rsi=rsi, macd=macd) == voted


@pytest.mark.parametrize(
    ("price", "half_width", "voted"),
    [
        (101, 1, None),
        (99, 1, None),
        (101.25, 1, (SELL, 77)),
        (98.75, 1, (BUY, 77)),
        (101.6, 1, (SELL, 84)),
        (105, 1, (SELL, 84)),
        (95, 1, (BUY, 84)),
        (102.5, 2, (SELL, 77)),
        (101, 0, None),
        (101, nan, None),
    ],
)
def test_a_way_back_is_as_sure_as_the_close_is_beyond_its_band_up_to_a_bound(price, half_width, voted):
    assert vote(mean_reversion, price, sma20=100, half_width=half_width, rsi=50, adx=20) == voted


@pytest.mark.parametrize(
    ("price", "rsi", "adx", "voted"),
    [
        (105, 70, 25, (SELL, 84)),
        (105, 70.01, 25, (SELL, 92)),
        (105, 29, 25, (SELL, 84)),
        (95, 30, 25, (BUY, 84)),
        (95, 29.99, 25, (BUY, 92)),
        (95, 29, 25, (BUY, 92)),
        (95, 71, 25, (BUY, 84)),
        (105, 70, 25.01, None),
        (105, 70, nan, None),
        (105, nan, 20, None),
    ],
)
def test_a_way_back_is_surer_when_all_went_one_way_and_none_in_a_trend(price, rsi, adx, voted):
    assert vote(mean_reversion, price, sma20=100, half_width=1, rsi=rsi, adx=adx) == voted


@pytest.mark.parametrize(
    ("price", "highest", "lowest", "voted"),
    [
        (101, 101, 99, None),
        (101, 100.99, 99, (BUY, 72)),
        (101, nan, 99, None),
        (99, 101, 99, None),
        (99, 101, 99.01, (SELL, 72)),
        (99, 101, nan, None),
        (100, 101, 101, (SELL, 72)),
    ],
)
def test_a_breakout_is_a_close_strictly_beyond_its_edge_on_the_side_of_its_move(price, highest, lowest, voted):
    assert vote(breakout, price, highest=highest, lowest=lowest, usual_volume=1000) == voted


@pytest.mark.parametrize(
    ("usual", "confidence"), [(1000, 72), (1000 / 1.2, 72), (833, 82), (500, 82), (0, 72), (nan, 72), (inf, 72)]
)
def test_a_breakout_on_more_than_a_fifth_above_the_usual_volume_is_surer(usual, confidence):
    assert vote(breakout, 101, highest=100, lowest=99, usual_volume=usual) == (BUY, confidence)


@pytest.mark.parametrize(
    ("closes", "confidence"),
    [
        ([100, 100, 100, 100, 100, 102.01], 80),
        ([100, 100, 100, 100, 100, 101.99], 72),
        ([90, 100, 100, 100, 100, 100, 101.99], 72),
        ([100, 90, 100, 100, 100, 100, 101.99], 80),
        ([100, 100, 90, 100, 100, 100, 101.99], 72),
    ],
)
def test_a_breakout_is_surer_after_more_than_two_percent_in_five_bars(closes, confidence):
    bars = known([100.0] * 20 + closes, highest=101.5, lowest=99, usual_volume=1000)

    assert breakout(bars).confidence == confidence


def test_a_breakouts_side_is_that_of_its_last_move():
    bars = known([*[100.0] * 24, 103.0, 102.0], highest=101, lowest=102.5, usual_volume=1000)

    assert breakout(bars).side is SELL


def test_a_breakouts_side_is_that_of_its_last_bar_alone():
    bars = known([*[100.0] * 2, 120.0, *[100.0] * 22, 101.0], highest=100.5, lowest=99, usual_volume=1000)

    assert breakout(bars).side is BUY
