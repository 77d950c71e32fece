"""Mistakes in an account's table: refused at load, with table, key and value."""

from datetime import timedelta
from decimal import Decimal

import pytest

from argo.domain.profile import BreachEnds, DrawdownBasis, Profile, parse_profile
from argo.domain.signal import Regime
from argo.domain.tables import ConfigurationError
from tests.unit.builders import a_profile

WHOLE = """
[accounts.prop_firm]
minimum_confidence = 82
base_size_percent = 3
size_cap_percent = 3
scale_size = false
risk_per_trade_percent = 1
slippage_percent = 0.25
price_drift_percent = 0.5
widest_stop_percent = 1.5
excluded_regimes = ["crisis"]
symbols = ["SPY", "AAPL"]
shorts = true
flip = false
fractional = false
position_limit = 3
correlated_positions = 2
exposure_limit_percent = 20
orders_per_minute = 10
daily_loss_limit_percent = 4.5
daily_loss_ends = "next_trading_day"
drawdown_limit_percent = 2
drawdown_basis = "static"

[accounts.prop_firm.correlation_groups]
technology = ["AAPL", "msft"]

[accounts.prop_firm.protections.cooldown]
minutes = 30

[accounts.prop_firm.protections.stop_loss_guard]
stops = 3
within_minutes = 60
lock_minutes = 120

[accounts.prop_firm.protections.drawdown_guard]
drawdown_percent = 1.5
within_minutes = 60
lock_minutes = 240
"""


def refusal(old: str, new: str) -> str:
    assert old in WHOLE
    with pytest.raises(ConfigurationError) as refused:
        parse_profile(WHOLE.replace(old, new, 1), "prop_firm")
    return str(refused.value)


def test_every_rule_of_an_account_is_read():
    profile = parse_profile(WHOLE, "prop_firm")

    assert (profile.minimum_confidence, profile.base_size_percent, profile.size_cap_percent) == (82, 3, 3)
    assert (profile.price_drift_percent, profile.exposure_limit_percent) == (Decimal("0.5"), 20)
    assert (profile.position_limit, profile.correlated_positions, profile.orders_per_minute) == (3, 2, 10)
    assert (profile.daily_loss_limit_percent, profile.drawdown_limit_percent) == (Decimal("4.5"), 2)
    assert (profile.daily_loss_ends, profile.drawdown_basis) == (
        BreachEnds.NEXT_TRADING_DAY,
        DrawdownBasis.STATIC,
    )
    assert profile.excluded_regimes == {Regime.CRISIS}
    assert profile.correlation_groups == {"technology": {"AAPL", "MSFT"}}
    assert profile.protections.looks_back == timedelta(minutes=300)


def test_a_limit_that_is_left_out_does_not_exist():
    profile = a_profile()

    limits = {
        "position_limit",
        "correlated_positions",
        "exposure_limit_percent",
        "orders_per_minute",
        "daily_loss_limit_percent",
        "drawdown_limit_percent",
        "price_drift_percent",
    }
    assert {name for name in limits if getattr(profile, name) is not None} == set()
    assert profile.protections.model_dump() == {
        "cooldown": None,
        "stop_loss_guard": None,
        "drawdown_guard": None,
    }


PERCENTS = [
    ("minimum_confidence = 82", "minimum_confidence", "0.82"),
    ("base_size_percent = 3", "base_size_percent", "0.03"),
    ("size_cap_percent = 3", "size_cap_percent", "0.15"),
    ("risk_per_trade_percent = 1", "risk_per_trade_percent", "0.02"),
    ("price_drift_percent = 0.5", "price_drift_percent", "0.005"),
    ("widest_stop_percent = 1.5", "widest_stop_percent", "0.015"),
    ("exposure_limit_percent = 20", "exposure_limit_percent", "0.2"),
    ("daily_loss_limit_percent = 4.5", "daily_loss_limit_percent", "0.045"),
    ("drawdown_limit_percent = 2", "drawdown_limit_percent", "0.02"),
]


@pytest.mark.parametrize(("line", "key", "fraction"), PERCENTS, ids=[key for _, key, _ in PERCENTS])
def test_a04_a_percentage_given_as_a_fraction_is_named_with_table_key_and_value(line, key, fraction):
    message = refusal(line, f"{key} = {fraction}")

    assert message.startswith(f"argo.toml: [accounts.prop_firm] {key} = {fraction}: ")
    assert f"{fraction} looks like a fraction; give percent" in message
    assert len(message.splitlines()) == 1


def test_a04_a_guards_percentage_given_as_a_fraction_is_named_too():
    message = refusal("drawdown_percent = 1.5", "drawdown_percent = 0.015")

    assert message.startswith(
        "argo.toml: [accounts.prop_firm.protections.drawdown_guard] drawdown_percent = 0.015: 0.015 looks like"
    )


def test_every_percentage_of_an_account_is_tried_above():
    percentages = {name for name in Profile.model_fields if name.endswith(("_percent", "_confidence"))}

    assert percentages - {key for _, key, _ in PERCENTS} == {"slippage_percent"}


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ("position_limit = 3", "position_limit", "-3"),
        ("position_limit = 3", "position_limit", "0"),
        ("position_limit = 3", "position_limit", "2.5"),
        ("correlated_positions = 2", "correlated_positions", "-1"),
        ("orders_per_minute = 10", "orders_per_minute", "-10"),
        ("orders_per_minute = 10", "orders_per_minute", "1001"),
        ("exposure_limit_percent = 20", "exposure_limit_percent", "-20"),
        ("exposure_limit_percent = 20", "exposure_limit_percent", "1001"),
        ("daily_loss_limit_percent = 4.5", "daily_loss_limit_percent", "-4.5"),
        ("drawdown_limit_percent = 2", "drawdown_limit_percent", "-2"),
        ("drawdown_limit_percent = 2", "drawdown_limit_percent", "0"),
        ("price_drift_percent = 0.5", "price_drift_percent", "-0.5"),
        ("slippage_percent = 0.25", "slippage_percent", "-0.25"),
        ('drawdown_basis = "static"', "drawdown_basis", "'fixed'"),
        ('daily_loss_ends = "next_trading_day"', "daily_loss_ends", "'tomorrow'"),
        ("flip = false", "flip", "'sometimes'"),
    ],
)
def test_a_limit_out_of_range_is_named_with_table_key_and_value(line, key, value):
    message = refusal(line, f"{key} = {value}")

    assert message.startswith(f"argo.toml: [accounts.prop_firm] {key} = {value}: ")
    assert len(message.splitlines()) == 1


def test_an_unknown_key_is_named_with_table_and_value():
    message = refusal("position_limit = 3", "positions_limit = 3")

    assert message == "argo.toml: [accounts.prop_firm] positions_limit = 3: unknown key"


def test_a_misspelt_protection_is_named_and_not_left_out_silently():
    message = refusal("protections.cooldown]", "protections.cool_down]")

    assert message == "argo.toml: [accounts.prop_firm.protections] cool_down: unknown key"


def test_a_misspelt_table_of_protections_is_named():
    message = refusal("protections.cooldown]", "protection.cooldown]")

    assert message == "argo.toml: [accounts.prop_firm] protection: unknown key"


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("minutes = 30", "minuets = 30", "protections.cooldown] minuets = 30: unknown key"),
        ("minutes = 30", "minutes = 0", "protections.cooldown] minutes = 0: "),
        ("minutes = 30", "minutes = -30", "protections.cooldown] minutes = -30: "),
        ("stops = 3", "stops = 0", "protections.stop_loss_guard] stops = 0: "),
        ("lock_minutes = 240", "lock_minutes = 10081", "protections.drawdown_guard] lock_minutes = 10081: "),
        ('["AAPL", "msft"]', '["???"]', "correlation_groups.technology] 0 = '???': "),
    ],
)
def test_a_mistake_within_a_tables_table_is_named_where_it_is(old, new, named):
    message = refusal(old, new)

    assert f"[accounts.prop_firm.{named}" in message


@pytest.mark.parametrize("key", ["stops", "within_minutes", "lock_minutes"])
def test_a_guard_that_lacks_a_number_is_refused(key):
    line = next(line for line in WHOLE.partition("stop_loss_guard")[2].splitlines() if line.startswith(key))

    message = refusal(f"{line}\n", "") if key == "stops" else _without_in_stop_loss_guard(line)

    assert message == f"argo.toml: [accounts.prop_firm.protections.stop_loss_guard] {key}: missing"


def _without_in_stop_loss_guard(line: str) -> str:
    before, name, after = WHOLE.partition("stop_loss_guard")
    with pytest.raises(ConfigurationError) as refused:
        parse_profile(before + name + after.replace(f"{line}\n", "", 1), "prop_firm")
    return str(refused.value)


@pytest.mark.parametrize(
    ("text", "known"),
    [(WHOLE, "prop_firm"), ("", "none"), ("accounts = 7", "none"), ("[accounts]", "none")],
)
def test_an_account_without_a_table_is_named_with_those_that_have_one(text, known):
    with pytest.raises(ConfigurationError) as refused:
        parse_profile(text, "argo")

    assert str(refused.value) == f"no table [accounts.argo] in argo.toml; it has {known}"


def test_an_account_reads_its_own_table_and_no_other():
    profile = parse_profile(
        WHOLE + "\n[accounts.argo]\nnonsense = true\n[generation]\nnonsense = 1\n", "prop_firm"
    )

    assert profile.minimum_confidence == 82


def test_a_profile_with_every_limit_survives_json():
    profile = parse_profile(WHOLE, "prop_firm")

    assert Profile.model_validate_json(profile.model_dump_json()) == profile
