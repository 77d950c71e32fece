from functools import cache
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo.domain.signal import Side
from generation import indicators
from generation.series import bar_series
from generation.sources.built_in import breakout, mean_reversion, momentum, trend
from generation.sources.registry import BUILT_IN
from tests.unit.generation.bars import bars_of, mirrored, real_bars, series_of

RISING = list(accumulate([0.5, 0.5, -0.5] * 86 + [0.6, 0.6, -0.2, 0.8], initial=100.0))
"""Two steps up, one down: a rise that is not exhausted, with a new high at its end."""

PLUNGED = [*(100 + 0.3 * (number % 4 - 1.5) for number in range(120)), 97.5]
"""A market without direction, and a close far below it: who follows the move sells, who reverts buys."""

BOUGHT = {"mean_reversion": PLUNGED}
WARM_AFTER = {"trend": 50, "momentum": 34, "mean_reversion": 28, "breakout": 21}
every_source = pytest.mark.parametrize("name", BUILT_IN)


def walks():
    """Make walks of steps up to 0.2 USD, each one drawn byte: a list of floats would take longer than the test."""
    moves = st.binary(min_size=60, max_size=230).map(lambda steps: [step / 127.5 - 1 for step in steps])
    return moves.map(lambda moves: bars_of([100 + 0.2 * level for level in accumulate(moves)], spread=0.05))


@cache
def real_series():
    """Return the sample's bars as a source sees them, every seventh day."""
    return [bar_series(bars[end - 260 : end]) for bars in real_bars().values() for end in range(260, len(bars), 7)]


@every_source
def test_a_rising_market_is_bought(name):
    opinion = BUILT_IN[name](bar_series(bars_of(BOUGHT.get(name, RISING))))

    assert opinion is not None
    assert opinion.side is Side.BUY


@every_source
def test_a_falling_market_is_sold(name):
    opinion = BUILT_IN[name](bar_series(mirrored(bars_of(BOUGHT.get(name, RISING)))))

    assert opinion is not None
    assert opinion.side is Side.SELL


@every_source
def test_a28_a_market_that_stands_still_is_no_vote(name):
    opinion = BUILT_IN[name](series_of([100.0] * 260))

    assert opinion is None


@every_source
def test_a32_too_few_bars_are_no_vote(name):
    bars = bars_of(BOUGHT.get(name, RISING))

    votes = [BUILT_IN[name](bar_series(bars[-length:])) for length in range(1, WARM_AFTER[name])]

    assert set(votes) == {None}


@every_source
@given(walks())
def test_buys_and_sells_are_mirror_images(name, bars):
    source = BUILT_IN[name]

    opinion, mirror = source(bar_series(bars)), source(bar_series(mirrored(bars, around=100)))

    assert (opinion is None) == (mirror is None)
    if opinion is not None and mirror is not None:
        assert opinion.side is mirror.side.opposite


@every_source
def test_a04_on_real_bars_every_opinion_is_in_percent(name):
    source = BUILT_IN[name]

    opinions = [source(bars) for bars in real_series()]

    found = [opinion for opinion in opinions if opinion is not None]
    assert {opinion.side for opinion in found} == set(Side)
    assert all(50 < opinion.confidence <= 100 for opinion in found)


@pytest.mark.parametrize(
    ("closes", "busy", "confidence"),
    [
        ([*[100.0] * 25, 101.0], 1, 72),
        ([*[100.0] * 25, 101.0], 1.2, 72),
        ([*[100.0] * 25, 101.0], 1.3, 82),
        ([*[100.0] * 25, 102.5], 1, 80),
        ([*[100.0] * 25, 102.5], 1.3, 90),
    ],
)
def test_volume_and_speed_make_a_breakout_surer(closes, busy, confidence):
    opinion = breakout(series_of(closes, busy=busy))

    assert opinion is not None
    assert opinion.confidence == confidence


@pytest.mark.parametrize(("close", "breaks_out"), [(100.5, False), (100.51, True), (99.5, False), (99.49, True)])
def test_a_breakout_is_beyond_the_range_of_the_twenty_bars_before(close, breaks_out):
    opinion = breakout(series_of([*[100.0] * 20, close]))

    assert (opinion is not None) == breaks_out


def test_a_bar_before_the_last_twenty_does_not_count_for_the_range():
    opinion = breakout(series_of([150.0, *[100.0] * 21, 101.0]))

    assert opinion is not None


def test_the_further_beyond_its_bands_the_surer_the_way_back():
    closes = (99.2, 99.0, 97.5, 94.0)

    opinions = [mean_reversion(bar_series(bars_of([*PLUNGED[:-1], last]))) for last in closes]

    assert {opinion and opinion.side for opinion in opinions} == {Side.BUY}
    near, further, far, oversold = (opinion.confidence for opinion in opinions if opinion)
    assert 72 < near < further < far == 84
    assert oversold == 92


@pytest.mark.parametrize("last", [99.6, 100.0, 100.4])
def test_within_its_bands_a_market_has_nowhere_to_revert_to(last):
    opinion = mean_reversion(bar_series(bars_of([*PLUNGED[:-1], last])))

    assert opinion is None


def test_a_trending_market_is_not_expected_to_revert():
    trending = [100.0 + number for number in range(60)]

    opinion = mean_reversion(bar_series(bars_of([*trending, trending[-1] + 20])))

    assert opinion is None


def test_an_exhausted_rise_has_no_momentum():
    opinion = momentum(series_of([100.0 + number for number in range(60)]))

    assert opinion is None


def rsi_of(gained, lost):
    """Return bars that stood still, then gained and lost so much: an RSI of Wilder's averages of two moves."""
    return series_of([5000.0] * 60 + [5000.0 + gained, 5000.0 + gained - lost])


@pytest.mark.parametrize(
    ("gained", "lost", "strength", "confidence"),
    [(588, 182, 75, 93), (588, 181, None, None), (-588, -182, 25, 93), (-588, -181, None, None)],
)
def test_a_move_with_an_rsi_of_75_is_not_exhausted_and_beyond_it_is(gained, lost, strength, confidence):
    bars = rsi_of(gained, lost)

    opinion = momentum(bars)

    assert (opinion and opinion.confidence) == confidence
    assert strength is None or indicators.rsi(bars) == strength


@pytest.mark.parametrize(("lost", "votes"), [(-1638, True), (-1639, False)])
def test_a_move_with_an_rsi_of_45_is_momentum_and_nearer_to_the_middle_is_not(lost, votes):
    bars = rsi_of(-2156, lost)

    assert (momentum(bars) is not None) is votes
    assert not votes or indicators.rsi(bars) == 45


def test_momentum_is_as_sure_as_the_strength_is_far_from_fifty():
    bars = bar_series(bars_of(RISING))

    opinion = momentum(bars)

    assert opinion is not None
    strength = indicators.rsi(bars)
    assert strength is not None
    assert opinion.confidence == 68 + (strength - 50)


@pytest.mark.parametrize("step", [1, -1])
@pytest.mark.parametrize(("length", "confidence"), [(60, 80), (199, 80), (200, 88), (260, 88)])
def test_direction_and_the_long_average_make_a_trend_surer(step, length, confidence):
    opinion = trend(series_of([400.0 + step * number for number in range(length)]))

    assert opinion is not None
    assert (opinion.side, opinion.confidence) == (Side.BUY if step > 0 else Side.SELL, confidence)


def test_a_trend_against_the_long_average_is_less_sure():
    fallen = [400.0 - number for number in range(200)]
    recovering = [200.0 + number for number in range(45)]

    opinion = trend(series_of([*fallen, *recovering]))

    assert opinion is not None
    assert (opinion.side, opinion.confidence) == (Side.BUY, 80)


@pytest.mark.parametrize("turned", [list, mirrored])
def test_a_move_that_slows_down_has_no_momentum_however_one_sided_it_is(turned):
    slowing = list(accumulate([1.0, 1.0, -0.8] * 30 + [0.4, 0.4, -0.32] * 6, initial=100.0))
    bars = bar_series(turned(bars_of(slowing)))

    assert 5 <= abs(indicators.rsi(bars) - 50) <= 25
    assert (indicators.rsi(bars) > 50) != (indicators.macd_histogram(bars) > 0)
    assert momentum(bars) is None
