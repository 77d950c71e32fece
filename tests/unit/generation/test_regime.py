from datetime import date
from decimal import Decimal

import pytest

from argo.domain.signal import Regime
from argo.domain.symbols import Symbol
from generation.regime import CONFIDENCE_FACTOR, regimes
from generation.series import bar_series
from tests.unit.generation.bars import real_bars, series_of

RISING = [100 + 0.2 * number for number in range(260)]
FALLING = RISING[::-1]
FLAT = [100 + (number % 2) for number in range(260)]
SHOCK = [*RISING[:-20], *(RISING[-20] + (-1) ** number * 15 for number in range(20))]
TURNING = [*RISING[:210], *(RISING[210] - 0.4 * number for number in range(50))]


def regime(bars):
    return regimes({"IBM": bars})["IBM"]


@pytest.mark.parametrize(
    ("closes", "expected"),
    [
        (RISING, Regime.BULL),
        (FALLING, Regime.BEAR),
        (TURNING, Regime.CHOP),
        (SHOCK, Regime.CRISIS),
        (RISING[:199], Regime.NOT_WARM),
    ],
)
def test_every_regime_is_reached(closes, expected):
    found = regime(series_of(closes))

    assert found is expected


@pytest.mark.parametrize(
    ("averages", "expected"),
    [
        ((106, 103, 100), Regime.BULL),
        ((103, 103, 100), Regime.CHOP),
        ((103, 100, 100), Regime.CHOP),
        ((94, 97, 100), Regime.BEAR),
        ((97, 97, 100), Regime.CHOP),
        ((97, 100, 100), Regime.CHOP),
    ],
)
def test_averages_of_which_two_are_the_same_make_no_trend(averages, expected):
    last_20, last_50, last_200 = averages
    before_20, before_50 = (50 * last_50 - 20 * last_20) / 30, (200 * last_200 - 50 * last_50) / 150
    swinging = [level + (-1) ** number * 3 for number, level in enumerate([before_50] * 150 + [before_20] * 30)]

    found = regime(series_of([*swinging, *[last_20] * 20]))

    assert found is expected


def test_a_market_that_goes_nowhere_is_no_crisis():
    found = regime(series_of(FLAT))

    assert found is not Regime.CRISIS


@pytest.mark.parametrize("length", [1, 50, 199])
def test_a32_fewer_than_two_hundred_bars_are_named_not_warm(length):
    found = regime(series_of(RISING[:length]))

    assert found is Regime.NOT_WARM


def test_a32_two_hundred_bars_are_warm():
    found = regime(series_of(RISING[:200]))

    assert found is Regime.BULL


def test_a32_on_thirteen_years_of_real_bars_every_regime_is_seen_and_all_are_warm():
    windows = [bars[end - 260 : end] for bars in real_bars().values() for end in range(260, len(bars), 5)]

    seen = {regime(bar_series(window)) for window in windows}

    assert seen == {Regime.BULL, Regime.BEAR, Regime.CHOP, Regime.CRISIS}


def test_the_autumn_of_2008_was_a_crisis():
    ibm = real_bars()[Symbol("IBM")]
    end = next(number for number, bar in enumerate(ibm) if bar.time.date() == date(2008, 10, 15))

    found = regime(bar_series(ibm[end - 260 : end]))

    assert found is Regime.CRISIS


@pytest.mark.parametrize(("swing", "crisis"), [(1.01, False), (1.014, False), (1.017, True), (1.04, True)])
def test_a_volatility_one_and_a_half_times_that_of_the_bars_before_is_a_crisis(swing, crisis):
    calm = [100 * 1.01 ** (number % 2) for number in range(240)]
    recent = [100 * swing ** (number % 2) for number in range(20)]

    found = regime(series_of([*calm, *recent]))

    assert (found is Regime.CRISIS) == crisis


@pytest.mark.parametrize(("times", "crisis"), [(1.495, False), (1.505, True)])
def test_the_last_twenty_bars_are_none_of_those_before(times, crisis):
    calm = [100 * 1.01 ** (number % 2) for number in range(241)]
    recent = [100 * 1.01 ** (times * (number % 2)) for number in range(1, 21)]

    found = regime(series_of([*calm, *recent]))

    assert (found is Regime.CRISIS) == crisis


@pytest.mark.parametrize(("ago", "crisis"), [(20, True), (21, False), (70, False), (71, True)])
def test_a_jump_counts_on_the_side_of_the_twenty_bars_on_which_it_was_and_not_beyond_the_fifty_before(ago, crisis):
    calm = [100 * 1.01 ** (number % 2) for number in range(241)]
    recent = [100 * 1.01 ** (1.7 * (number % 2)) for number in range(1, 21)]
    closes = [*calm, *recent]

    found = regime(series_of([*closes[:-ago], *(1.1 * close for close in closes[-ago:])]))

    assert (found is Regime.CRISIS) == crisis


def test_a_steady_climb_is_no_crisis_however_far_it_goes():
    swinging = [100 * 1.005 ** (number % 2) for number in range(240)]
    climbing = [100 * 1.005**number for number in range(1, 21)]

    found = regime(series_of([*swinging, *climbing]))

    assert found is Regime.BULL


def test_no_regime_adds_confidence_and_the_ones_not_understood_cost_most():
    factors = CONFIDENCE_FACTOR

    assert set(factors) == set(Regime)
    assert max(factors.values()) == factors[Regime.BULL] == 1
    assert min(factors.values()) == factors[Regime.CRISIS] == factors[Regime.NOT_WARM] == Decimal("0.85")


def test_many_series_are_named_in_one_pass_as_each_alone():
    markets = [RISING, RISING[:199], FALLING, SHOCK, FLAT, TURNING, RISING[:10]]

    found = [*regimes({number: series_of(closes) for number, closes in enumerate(markets)}).values()]

    assert found == [regime(series_of(closes)) for closes in markets]
    assert len(set(found)) == 5


def test_no_series_is_no_regime():
    assert regimes({}) == {}


@pytest.mark.parametrize("swing", [1, -1])
@pytest.mark.parametrize(
    ("higher", "expected"),
    [
        ({20: 2}, Regime.BULL),
        ({21: 2}, Regime.CHOP),
        ({1: 2, 50: -3}, Regime.CHOP),
        ({1: 2, 51: -3}, Regime.BULL),
        ({1: 2, 200: 10}, Regime.CHOP),
        ({1: 2, 201: 10}, Regime.BULL),
    ],
)
def test_a_close_counts_in_the_averages_of_its_last_twenty_fifty_and_two_hundred_bars(swing, higher, expected):
    closes = [100 + swing * (-1) ** ago + higher.get(ago, 0) for ago in range(260, 0, -1)]

    assert regime(series_of(closes)) is expected
