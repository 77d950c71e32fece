from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo.domain.prices import tick
from argo.domain.signal import Side
from argo.domain.symbols import AssetClass
from generation.evaluation import levels
from tests.unit.generation.generator import rules
from tests.unit.strategies import decimals, sides

closes = st.one_of(st.floats(0.0001, 2), st.floats(2, 1000), st.floats(1000, 90_000))
shares = st.floats(0, 0.5)
asset_classes = st.sampled_from(AssetClass)


@st.composite
def generations(draw):
    narrowest, widest = sorted(draw(st.tuples(decimals("0.1", "30"), decimals("0.1", "30"))))
    return rules(
        stop_atr=draw(decimals("0.1", "10")),
        target_atr=draw(decimals("0.1", "10")),
        stop_percent_range=(narrowest, widest),
    )


def placed(side, close, share, asset_class=AssetClass.US_EQUITY, generation=None):
    return levels(
        side,
        close,
        close * share,
        asset_class,
        generation or rules(),
    )


@given(sides, closes, shares, asset_classes, generations())
def test_b11_every_level_is_on_tick(side, close, share, asset_class, generation):
    found = placed(side, close, share, asset_class, generation)

    for price in () if found is None else (found.entry, found.stop, found.target):
        assert price % tick(price, asset_class) == 0


@given(sides, closes, shares, asset_classes, generations())
def test_stop_entry_and_target_are_in_order(side, close, share, asset_class, generation):
    found = placed(side, close, share, asset_class, generation)

    if found is not None:
        first, last = (found.stop, found.target) if side is Side.BUY else (found.target, found.stop)
        assert 0 < first < found.entry < last


@given(sides, closes, shares, asset_classes, generations())
def test_the_stop_lies_within_its_clamp_but_for_a_tick_towards_the_entry(
    side, close, share, asset_class, generation
):
    found = placed(side, close, share, asset_class, generation)

    if found is not None:
        narrowest, widest = (found.entry * percent / 100 for percent in generation.stop_percent_range)
        distance = abs(found.entry - found.stop)
        assert narrowest - tick(found.stop, asset_class) < distance <= widest


@given(sides, closes, shares, asset_classes, generations())
def test_the_target_is_no_further_than_its_share_of_the_stops_distance(
    side, close, share, asset_class, generation
):
    found = placed(side, close, share, asset_class, generation)

    if found is not None:
        ratio = generation.target_atr / generation.stop_atr
        steps = max(tick(found.stop, asset_class), tick(found.target, asset_class))
        reward, risk = abs(found.target - found.entry), abs(found.stop - found.entry)
        assert (risk - steps) * ratio - steps <= reward <= (risk + steps) * ratio


@given(sides, closes, shares, asset_classes)
def test_the_entry_is_the_close_rounded_down(side, close, share, asset_class):
    found = placed(side, close, share, asset_class)

    if found is not None:
        exact = Decimal(repr(close))
        assert found.entry <= exact < found.entry + tick(exact, asset_class)


@given(sides, st.floats(5, 90_000), shares)
def test_a_stock_from_five_dollars_on_always_has_levels(side, close, share):
    found = placed(side, close, share)

    assert found is not None


@pytest.mark.parametrize(
    ("side", "stop", "target"), [(Side.BUY, "96.00", "106.00"), (Side.SELL, "104.00", "94.00")]
)
def test_stop_and_target_are_two_and_three_average_true_ranges_away(side, stop, target):
    found = placed(side, 100.0, 0.02)

    assert found is not None
    assert (found.entry, found.stop, found.target) == (Decimal(100), Decimal(stop), Decimal(target))


@pytest.mark.parametrize(("share", "stop"), [(0.0, "99.50"), (0.001, "99.50"), (0.06, "90.00"), (0.5, "90.00")])
def test_a_stop_outside_the_clamp_is_moved_to_its_edge(share, stop):
    found = placed(Side.BUY, 100.0, share)

    assert found is not None
    assert found.stop == Decimal(stop)


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("close", [0.00001, 0.0001, 0.0002])
def test_a30_a_price_of_a_few_ticks_gives_no_levels(side, close):
    found = placed(side, close, 0.02)

    assert found is None


@pytest.mark.parametrize(("side", "stop", "target"), [(Side.BUY, "0.48", "0.53"), (Side.SELL, "0.52", "0.47")])
def test_a_stock_below_a_dollar_has_levels_on_its_finer_ticks(side, stop, target):
    found = placed(side, 0.5, 0.02)

    assert found == (Decimal("0.5"), Decimal(stop), Decimal(target))


FAR, NEAR = {"target_atr": 40, "stop_atr": 1}, {"target_atr": 1, "stop_atr": 20}


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize(
    ("close", "share", "generation"),
    [
        (1.05, 0.0, rules(**FAR, stop_percent_range=(Decimal("0.1"), 1))),  # the stop is the entry
        (1.05, 1.0, rules(**NEAR, stop_percent_range=(1, 10))),  # the target is the entry
        (100.0, 1.0, rules(stop_atr=1, target_atr=2, stop_percent_range=(50, 50))),  # a sell's target is nothing
        (100.0, 1.0, rules(stop_atr=1, target_atr=1, stop_percent_range=(100, 100))),  # and a buy's stop
    ],
)
def test_levels_that_touch_are_not_in_order(side, close, share, generation):
    found = placed(side, close, share, generation=generation)

    nothing = 50 in generation.stop_percent_range and side is Side.BUY
    assert (found is not None) is nothing
