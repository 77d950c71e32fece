from decimal import Decimal
from pathlib import Path

import pytest

from argo.domain.config import parse_configuration
from argo.domain.orders import TimeInForce
from argo.domain.profile import Profile
from argo.domain.signal import Regime, Timeframe
from argo.domain.tables import ConfigurationError
from tests.unit.builders import a_profile

REPOSITORY = Path(__file__).parents[3]

WHOLE = """
watchlist = ["AAPL", "BTC-USD"]

[generation]
strategy = "consensus"
interval_seconds = 5
history_bars = 260
stop_atr = 2.5
confidence_cap = 98

[sources.trend]
weight = 1.5

[accounts.argo]
minimum_confidence = 75
base_size_percent = 10
size_cap_percent = 15
widest_stop_percent = 20

[accounts.prop_firm]
minimum_confidence = 82.5
base_size_percent = 3
size_cap_percent = 3
scale_size = false
excluded_regimes = ["crisis"]
symbols = ["SPY", "AAPL"]
"""


def refusal(old: str, new: str) -> str:
    assert old in WHOLE
    with pytest.raises(ConfigurationError) as refused:
        parse_configuration(WHOLE.replace(old, new, 1))
    return str(refused.value)


def test_a_whole_configuration_is_read():
    configuration = parse_configuration(WHOLE)

    assert configuration.watchlist == ("AAPL", "BTC/USD")
    assert configuration.generation.stop_atr == Decimal("2.5")
    assert configuration.generation.timeframe is Timeframe.MINUTE
    assert configuration.sources["trend"].weight == Decimal("1.5")
    assert configuration.profile("argo").minimum_confidence == 75
    assert configuration.profile("prop_firm").excluded_regimes == {Regime.CRISIS}
    assert configuration.profile("prop_firm").symbols == {"SPY", "AAPL"}


def test_the_repositorys_own_configuration_is_valid():
    text = (REPOSITORY / "argo.toml").read_text(encoding="utf-8")

    configuration = parse_configuration(text)

    assert {"argo", "prop_firm"} <= configuration.accounts.keys()
    argo, prop_firm = configuration.profile("argo"), configuration.profile("prop_firm")
    assert (argo.minimum_confidence, argo.base_size_percent, argo.size_cap_percent) == (75, 10, 15)
    assert (prop_firm.minimum_confidence, prop_firm.base_size_percent, prop_firm.size_cap_percent) == (82, 3, 3)
    assert (argo.scale_size, prop_firm.scale_size) == (True, False)
    assert (argo.widest_stop_percent, prop_firm.widest_stop_percent) == (20, Decimal("1.5"))
    assert prop_firm.excluded_regimes == {Regime.CRISIS}


def test_toml_decimals_are_read_exactly():
    configuration = parse_configuration(WHOLE.replace("stop_atr = 2.5", "stop_atr = 2.1"))

    assert str(configuration.generation.stop_atr) == "2.1"


def test_an_unknown_key_is_named_with_its_table_and_value():
    message = refusal("size_cap_percent = 15", "size_cap_percent = 15\nsize_kap = 7")

    assert message == "argo.toml: [accounts.argo] size_kap = 7: unknown key"


def test_an_unknown_table_is_named():
    message = refusal("[generation]", "[generator]\na = 1\n[generation]")

    assert message == "argo.toml: generator: unknown key"


def test_a04_a_threshold_given_as_a_fraction_is_named_with_its_table_and_value():
    message = refusal("minimum_confidence = 82.5", "minimum_confidence = 0.82")

    assert message.startswith("argo.toml: [accounts.prop_firm] minimum_confidence = ")
    assert message.endswith("0.82 looks like a fraction; give percent, 0-100 (75, not 0.75)")


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("base_size_percent = 10", "base_size_percent = -10", "[accounts.argo] base_size_percent = -10: "),
        ("base_size_percent = 10", "base_size_percent = 0", "[accounts.argo] base_size_percent = 0: "),
        ("size_cap_percent = 15", "size_cap_percent = 101", "[accounts.argo] size_cap_percent = 101: "),
        ("widest_stop_percent = 20", "widest_stop_percent = 0", "[accounts.argo] widest_stop_percent = 0: "),
        ("widest_stop_percent = 20", "slippage_percent = 6", "[accounts.argo] slippage_percent = 6: "),
        ("widest_stop_percent = 20", "slippage_percent = -1", "[accounts.argo] slippage_percent = -1: "),
        ("widest_stop_percent = 20", "risk_per_trade_percent = 0", "[accounts.argo] risk_per_trade_percent = 0: "),
        ("widest_stop_percent = 20", 'time_in_force = "ioc"', "[accounts.argo] time_in_force = 'ioc': "),
        ("minimum_confidence = 75", "minimum_confidence = -75", "[accounts.argo] minimum_confidence = -75: "),
        ("minimum_confidence = 75", "minimum_confidence = 750", "[accounts.argo] minimum_confidence = 750: "),
        (
            "minimum_confidence = 75",
            'minimum_confidence = "high"',
            "[accounts.argo] minimum_confidence = 'high': ",
        ),
        ('["crisis"]', '["panic"]', "[accounts.prop_firm.excluded_regimes] 0 = 'panic': "),
        ('["SPY", "AAPL"]', '["???"]', "[accounts.prop_firm.symbols] 0 = '???': "),
        ("weight = 1.5", "weight = 0", "[sources.trend] weight = 0: "),
        ("weight = 1.5", "weight = -1", "[sources.trend] weight = -1: "),
        ("interval_seconds = 5", "interval_seconds = 0", "[generation] interval_seconds = 0: "),
        ("interval_seconds = 5", "interval_seconds = 61", "[generation] interval_seconds = 61: "),
        ("interval_seconds = 5", "lifetime_seconds = 9", "[generation] lifetime_seconds = 9: "),
        ("interval_seconds = 5", "lifetime_seconds = 86401", "[generation] lifetime_seconds = 86401: "),
        ("history_bars = 260", "history_bars = 209", "[generation] history_bars = 209: "),
        ("history_bars = 260", 'feed = "otc"', "[generation] feed = 'otc': "),
        ("history_bars = 260", 'timeframe = "2Min"', "[generation] timeframe = '2Min': "),
        ("history_bars = 260", 'strategy_version = "1|2"', "[generation] strategy_version = '1|2': "),
        ('strategy = "consensus"', 'strategy = "Two Words"', "[generation] strategy = 'Two Words': "),
        ('"BTC-USD"', '"???"', "[watchlist] 1 = '???': "),
    ],
)
def test_a_value_out_of_range_is_named_with_its_table_and_key(old, new, named):
    message = refusal(old, new)

    assert message.startswith(f"argo.toml: {named}")
    assert len(message.splitlines()) == 1


def test_a_missing_key_is_named_with_its_table():
    message = refusal("minimum_confidence = 75\n", "")

    assert message == "argo.toml: [accounts.argo] minimum_confidence: missing"


def test_a_configuration_without_accounts_is_refused():
    without = WHOLE.partition("[accounts.argo]")[0]

    with pytest.raises(ConfigurationError) as refused:
        parse_configuration(without)

    assert str(refused.value) == "argo.toml: accounts: missing"


def test_an_empty_table_says_no_more_than_which_keys_it_lacks():
    message = refusal("[accounts.argo]", "[accounts.argo.protections.cooldown]\n[accounts.argo]")

    assert message == "argo.toml: [accounts.argo.protections.cooldown] minutes: missing"


def test_an_empty_table_of_accounts_is_refused():
    without = WHOLE.partition("[accounts.argo]")[0] + "[accounts]\n"

    with pytest.raises(ConfigurationError, match=r"accounts = \{\}: "):
        parse_configuration(without)


def test_an_account_without_a_table_is_named_with_those_that_have_one():
    configuration = parse_configuration(WHOLE)

    with pytest.raises(ConfigurationError) as refused:
        configuration.profile("hedge")

    assert str(refused.value) == "no table [accounts.hedge] in argo.toml; it has argo, prop_firm"


@pytest.mark.parametrize("name", ["a_much_too_long_name", "Argo", "1st"])
def test_an_account_name_that_would_break_an_order_id_is_refused(name):
    message = refusal("[accounts.argo]", f"[accounts.{name}]")

    assert name in message
    assert "accounts" in message


def test_a_base_size_above_its_cap_is_refused_with_both():
    message = refusal("base_size_percent = 10", "base_size_percent = 16")

    assert "argo" in message
    assert message.endswith("base_size_percent 16 is above size_cap_percent 15")


@pytest.mark.parametrize("spelling", ["AAPL", "aapl", " AAPL "])
def test_a24_a_symbol_watched_twice_is_refused_however_it_is_written(spelling):
    message = refusal('"BTC-USD"', f'"{spelling}"')

    assert message.endswith("watchlist names AAPL more than once")


def test_an_empty_watchlist_is_refused():
    message = refusal('["AAPL", "BTC-USD"]', "[]")

    assert message.startswith("argo.toml: watchlist = []: ")


def test_every_problem_is_named_at_once():
    broken = WHOLE.replace("minimum_confidence = 75", "minimum_confidence = 0.75").replace(
        "weight = 1.5", "wait = 2"
    )

    with pytest.raises(ConfigurationError) as refused:
        parse_configuration(broken)

    lines = str(refused.value).splitlines()
    assert [line.split(" = ")[0] for line in lines] == [
        "argo.toml: [sources.trend] wait",
        "argo.toml: [accounts.argo] minimum_confidence",
    ]


def test_what_is_not_toml_is_refused_with_the_files_name():
    with pytest.raises(ConfigurationError, match=r"^/etc/argo\.toml: not TOML: "):
        parse_configuration("watchlist = [", "/etc/argo.toml")


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_a_number_that_is_none_is_refused(number):
    message = refusal("stop_atr = 2.5", f"stop_atr = {number}")

    assert message.startswith("argo.toml: [generation] stop_atr = ")


@pytest.mark.parametrize(("number", "said"), [("9" * 5_000, "5000 digits"), ("1e" + "9" * 30, "beyond what")])
def test_a_number_that_nobody_can_read_is_refused(number, said):
    with pytest.raises(ConfigurationError, match=rf"^argo\.toml: not TOML: .*{said}"):
        parse_configuration(WHOLE.replace("stop_atr = 2.5", f"stop_atr = {number}"))


@pytest.mark.parametrize("value", ["0x" + "f" * 5_000, "99." + "1" * 5_000, f"'{'x' * 5_000}'"])
def test_a_value_that_nobody_would_read_to_its_end_is_cut(value):
    message = refusal("stop_atr = 2.5", f"stop_atr = {value}")

    assert message.startswith("argo.toml: [generation] stop_atr = ")
    assert len(message) < 1_000


def test_b08_an_exit_works_until_cancelled_unless_the_profile_says_otherwise():
    profile = a_profile()

    assert profile.time_in_force is TimeInForce.GTC


def test_a_profile_cannot_be_changed():
    profile = a_profile()

    with pytest.raises(ValueError, match="frozen"):
        profile.minimum_confidence = Decimal(1)


def test_a_profile_survives_json():
    profile = a_profile(symbols={"AAPL", "btcusd"}, excluded_regimes={"crisis"}, slippage_percent="0.25")

    read = Profile.model_validate_json(profile.model_dump_json())

    assert read == profile
