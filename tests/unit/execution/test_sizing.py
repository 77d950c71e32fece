from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo.domain.reasons import Denial, DenialReason
from execution.sizing import Size, position_size, size_percent
from tests.unit.builders import a_profile, a_sizing_input
from tests.unit.strategies import confidences, profiles, sizing_inputs, volatilities


def shares(given, profile) -> Decimal:
    size = position_size(given, profile)
    return size.shares if isinstance(size, Size) else Decimal(0)


@pytest.mark.parametrize(
    ("confidence", "volatility", "percent"),
    [
        (75, "0.02", "10"),
        (100, "0.02", "15"),
        ("87.5", "0.02", "12.5"),
        (80, "0.02", "11"),
        (75, "0.04", "5"),
        (75, "0.08", "2.5"),
        (75, "0.016", "12.5"),
        (75, "0.001", "15"),
        (75, "0", "15"),
        (100, "0.01", "15"),
        ("74.99", "0.02", "7.5"),
        (0, "0.02", "7.5"),
        (50, "0.01", "11.25"),
    ],
)
def test_the_size_is_the_base_scaled_by_confidence_and_volatility_within_the_cap(confidence, volatility, percent):
    profile = a_profile(base_size_percent=10, size_cap_percent=15)

    found = size_percent(Decimal(confidence), Decimal(volatility), profile)

    assert found == Decimal(percent)


@pytest.mark.parametrize(("confidence", "volatility"), [(0, "0.5"), (75, "0.02"), (100, "0.001"), (100, "0")])
def test_a_fixed_size_depends_on_nothing(confidence, volatility):
    profile = a_profile(base_size_percent=3, size_cap_percent=3, scale_size=False)

    found = size_percent(Decimal(confidence), Decimal(volatility), profile)

    assert found == 3


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 100),
        ({"unit_cost": Decimal("100.01")}, 99),
        ({"confidence": Decimal(100)}, 150),
        ({"buying_power": Decimal(50_000)}, 50),
        ({"unit_risk": Decimal(40)}, 50),
        ({"equity": Decimal(10_000)}, 40),
        ({"unreserved_buying_power": Decimal(5000)}, 47),
        ({"unit_cost": Decimal(9500), "unit_risk": Decimal(1), "unreserved_buying_power": Decimal(10_000)}, 1),
    ],
)
def test_the_smallest_of_the_caps_decides(changes, expected):
    given = a_sizing_input(**changes)

    size = position_size(given, a_profile())

    assert isinstance(size, Size)
    assert size.shares == expected
    assert size.arithmetic["shares"] == str(expected)


def test_the_arithmetic_of_a_size_is_told_with_every_cap():
    given = a_sizing_input(
        unit_cost=Decimal(80),
        unit_risk=Decimal(16),
        equity=Decimal(90_000),
        buying_power=Decimal(120_000),
        unreserved_buying_power=Decimal(110_000),
    )

    size = position_size(given, a_profile(risk_per_trade_percent=2))

    assert isinstance(size, Size)
    assert size.arithmetic == {
        "size_percent": "10.0000",
        "shares_by_percent": "150.0000",
        "shares_by_risk": "112.5000",
        "shares_by_buying_power": "1306.2500",
        "unit_cost": "80",
        "unit_risk": "16",
        "buying_power": "120000",
        "unreserved_buying_power": "110000",
        "shares": "112",
    }


def test_a22_an_expensive_share_is_denied_and_not_rounded_up_to_one():
    given = a_sizing_input(unit_cost=Decimal("10000.01"))

    size = position_size(given, a_profile())

    assert isinstance(size, Denial)
    assert size.reason is DenialReason.SIZE_BELOW_MINIMUM
    assert size.numbers["shares_by_percent"] == "1.0000"
    assert size.numbers["unit_cost"] == "10000.01"


@pytest.mark.parametrize(
    "changes",
    [{"unit_cost": Decimal(0)}, {"unit_cost": Decimal(-1)}, {"unit_risk": Decimal(0)}, {"unit_risk": Decimal(-1)}],
)
def test_a_price_or_a_risk_of_nothing_is_denied_before_any_arithmetic(changes):
    given = a_sizing_input(**changes)

    size = position_size(given, a_profile())

    assert isinstance(size, Denial)
    assert size.reason is DenialReason.INVALID_PRICES
    assert size.numbers == {"unit_cost": str(given.unit_cost), "unit_risk": str(given.unit_risk)}


@pytest.mark.parametrize("power", ["0", "105.26", "-5000"])
def test_too_little_buying_power_for_one_share_is_denied_at_once(power):
    given = a_sizing_input(unreserved_buying_power=Decimal(power))

    size = position_size(given, a_profile())

    assert isinstance(size, Denial)
    assert size.reason is DenialReason.INSUFFICIENT_BUYING_POWER
    assert size.numbers == {"usable": str(Decimal(power) * Decimal("0.95")), "unit_cost": "100"}


def test_an_account_without_equity_takes_no_risk():
    given = a_sizing_input(equity=Decimal(-1))

    size = position_size(given, a_profile())

    assert isinstance(size, Denial)
    assert size.reason is DenialReason.SIZE_BELOW_MINIMUM


def test_a_vanishing_volatility_is_sized_by_the_largest_factor():
    given = a_sizing_input(volatility=Decimal("1E-1000010"))

    size = position_size(given, a_profile())

    assert isinstance(size, Size)


FRACTIONS = {"step": Decimal("0.000000001"), "minimum_notional": Decimal(1)}
COINS = {"step": Decimal("0.000000001"), "minimum_notional": Decimal(10)}


def test_a24_a_fraction_of_a_share_is_bought_to_nine_places_and_no_further():
    given = a_sizing_input(unit_cost=Decimal(30_000), unit_risk=Decimal(1), **FRACTIONS)

    assert shares(given, a_profile()) == Decimal("0.333333333")


def test_a_coin_is_bought_to_nine_places():
    given = a_sizing_input(unit_cost=Decimal(64_123), unit_risk=Decimal(600), **COINS)

    assert str(shares(given, a_profile())) == "0.155950283"


@pytest.mark.parametrize(
    ("kind", "power", "reason"),
    [
        (FRACTIONS, "10.00", None),
        (FRACTIONS, "9.99", DenialReason.SIZE_BELOW_MINIMUM),
        (FRACTIONS, "1.05", DenialReason.INSUFFICIENT_BUYING_POWER),
        (COINS, "100", None),
        (COINS, "99.99", DenialReason.SIZE_BELOW_MINIMUM),
        (COINS, "10.52", DenialReason.INSUFFICIENT_BUYING_POWER),
    ],
)
def test_an_order_below_the_brokers_minimum_is_denied_and_not_raised_to_it(kind, power, reason):
    amounts = dict.fromkeys(("buying_power", "unreserved_buying_power"), Decimal(power))
    given = a_sizing_input(unit_cost=Decimal(50_000), unit_risk=Decimal(1), **amounts, **kind)

    size = position_size(given, a_profile())

    assert (size.reason if isinstance(size, Denial) else None) is reason


@given(sizing_inputs(), profiles(), st.sampled_from([FRACTIONS, COINS]))
def test_a22_a_part_of_a_share_or_coin_is_rounded_down_and_stays_within_every_cap(given, profile, kind):
    given = replace(given, **kind)

    held = shares(given, profile)

    exact = Fraction(held)
    percent = size_percent(given.confidence, given.volatility, profile)
    assert exact * Fraction(given.unit_cost) <= Fraction(given.buying_power) * Fraction(percent) / 100
    assert exact * Fraction(given.unit_cost) <= Fraction(given.unreserved_buying_power) * 95 / 100
    assert exact * Fraction(given.unit_risk) <= (
        Fraction(given.equity) * Fraction(profile.risk_per_trade_percent) / 100
    )
    assert exact % Fraction(given.step) == 0
    assert held == 0 or exact * Fraction(given.unit_cost) >= given.minimum_notional


@given(sizing_inputs(), profiles(), confidences, volatilities, st.sampled_from([FRACTIONS, COINS]))
def test_a_part_of_a_share_grows_with_confidence_and_shrinks_with_volatility(
    given, profile, confidence, volatility, kind
):
    given = replace(given, **kind)
    surer = replace(given, confidence=max(given.confidence, confidence))
    wilder = replace(given, volatility=max(given.volatility, volatility))

    held = shares(given, profile)

    assert shares(wilder, profile) <= held <= shares(surer, profile)


@given(sizing_inputs(), profiles())
def test_a26_no_size_exceeds_any_cap(given, profile):
    held = Fraction(shares(given, profile))

    cost = held * Fraction(given.unit_cost)
    risk = held * Fraction(given.unit_risk)
    assert cost <= Fraction(given.buying_power) * Fraction(profile.size_cap_percent) / 100
    assert cost <= Fraction(given.unreserved_buying_power) * 95 / 100
    assert risk <= Fraction(given.equity) * Fraction(profile.risk_per_trade_percent) / 100
    assert held == int(held) >= 0


@given(sizing_inputs(), profiles())
def test_a22_a_size_is_as_large_as_the_caps_allow_and_never_rounded_up(given, profile):
    held = shares(given, profile)

    percent = size_percent(given.confidence, given.volatility, profile)
    room = [
        (given.buying_power * percent / 100, given.unit_cost),
        (given.equity * profile.risk_per_trade_percent / 100, given.unit_risk),
        (given.unreserved_buying_power * Decimal("0.95"), given.unit_cost),
    ]
    assert all(held * unit <= limit for limit, unit in room)
    assert any((held + 1) * unit > limit for limit, unit in room)


@given(sizing_inputs(), profiles(), confidences)
def test_more_confidence_never_makes_a_smaller_position(given, profile, confidence):
    lower, higher = sorted((given.confidence, confidence))

    sizes = [shares(replace(given, confidence=each), profile) for each in (lower, higher)]

    assert sizes == sorted(sizes)


@given(sizing_inputs(), profiles(), volatilities)
def test_more_volatility_never_makes_a_larger_position(given, profile, volatility):
    calmer, wilder = sorted((given.volatility, volatility))

    sizes = [shares(replace(given, volatility=each), profile) for each in (wilder, calmer)]

    assert sizes == sorted(sizes)


@given(sizing_inputs(), profiles())
def test_a_denied_size_names_one_of_three_reasons_with_its_numbers(given, profile):
    size = position_size(given, profile)

    if isinstance(size, Denial):
        assert size.reason in {DenialReason.INSUFFICIENT_BUYING_POWER, DenialReason.SIZE_BELOW_MINIMUM}
        assert size.numbers
    else:
        assert size.shares >= 1
