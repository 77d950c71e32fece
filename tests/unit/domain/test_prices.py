from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo.domain.prices import CRYPTO_STEP, WHOLE_SHARE, Rounding, floor_to, on_tick, tick
from argo.domain.symbols import AssetClass
from tests.unit.strategies import decimals, prices

asset_classes = st.sampled_from(AssetClass)
roundings = st.sampled_from(Rounding)


@pytest.mark.parametrize(
    ("price", "step"),
    [("0.5", "0.0001"), ("0.9999", "0.0001"), ("1", "0.01"), ("1.0001", "0.01"), ("250", "0.01")],
)
def test_a_stocks_tick_is_a_cent_from_one_dollar(price, step):
    found = tick(Decimal(price), AssetClass.US_EQUITY)

    assert found == Decimal(step)


@pytest.mark.parametrize("price", ["0.00001", "1", "65000"])
def test_a_coins_tick_does_not_depend_on_its_price(price):
    found = tick(Decimal(price), AssetClass.CRYPTO)

    assert found == Decimal("0.000000001")


@pytest.mark.parametrize(
    ("price", "rounding", "expected"),
    [
        ("187.1234", Rounding.DOWN, "187.12"),
        ("187.1234", Rounding.UP, "187.13"),
        ("187.12", Rounding.UP, "187.12"),
        ("0.12345", Rounding.DOWN, "0.1234"),
        ("0.12345", Rounding.UP, "0.1235"),
        ("0.99995", Rounding.UP, "1"),
        ("1.0099", Rounding.DOWN, "1"),
        ("0.00004", Rounding.DOWN, "0"),
    ],
)
def test_b11_a_sub_penny_price_lands_on_a_tick(price, rounding, expected):
    rounded = on_tick(Decimal(price), AssetClass.US_EQUITY, rounding)

    assert rounded == Decimal(expected)


@given(prices, roundings)
def test_b11_a_stocks_price_has_no_more_decimals_than_the_broker_takes(price, rounding):
    rounded = on_tick(price, AssetClass.US_EQUITY, rounding)

    steps_a_dollar = 100 if rounded >= 1 else 10_000
    assert rounded * steps_a_dollar == int(rounded * steps_a_dollar)


@given(prices, asset_classes)
def test_a_price_moves_down_or_up_by_less_than_a_tick(price, asset_class):
    step = tick(price, asset_class)

    down, up = (on_tick(price, asset_class, rounding) for rounding in (Rounding.DOWN, Rounding.UP))

    assert price - step < down <= price <= up < price + step


@given(prices, asset_classes, roundings)
def test_a_price_on_tick_stays(price, asset_class, rounding):
    rounded = on_tick(price, asset_class, rounding)

    again = [on_tick(rounded, asset_class, each) for each in Rounding]

    assert again == [rounded, rounded]


@given(prices, prices, asset_classes, roundings)
def test_rounding_keeps_the_order_of_prices(one, other, asset_class, rounding):
    lower, higher = sorted((one, other))

    rounded = [on_tick(price, asset_class, rounding) for price in (lower, higher)]

    assert rounded == sorted(rounded)


@given(decimals("0", "1000000", 9), st.sampled_from([WHOLE_SHARE, CRYPTO_STEP, Decimal("0.01")]))
def test_a22_a_quantity_is_never_rounded_up(value, step):
    floored = floor_to(value, step)

    assert floored <= value < floored + step
    assert floored % step == 0


@given(decimals("0", "1000000", 9))
def test_a24_a_coins_quantity_keeps_its_fraction(value):
    floored = floor_to(value, CRYPTO_STEP)

    assert floored == value
