"""argo.toml's [generation] and [sources.*]: what is read, and what is refused at load."""

from decimal import Decimal

import pytest

from argo.domain.config import parse_configuration
from argo.domain.signal import Regime
from argo.domain.tables import ConfigurationError
from generation.sources.registry import BUILT_IN
from worlds.paths import CONFIGURATION

ACCOUNTS = """
[accounts.argo]
minimum_confidence = 75
base_size_percent = 10
size_cap_percent = 15
"""


def parsed(generation="", source="weight = 1"):
    return parse_configuration(
        f'watchlist = ["AAPL", "BTC/USD"]\n[generation]\n{generation}\n[sources.trend]\n{source}\n{ACCOUNTS}'
    )


def test_what_is_left_out_has_its_default():
    rules = parsed().generation

    assert (rules.extended_hours, rules.source_seconds, rules.outcome_bars) == (False, 1, 60)


def test_weights_by_regime_are_read():
    source = parsed(source="weight = 2\nweight_in = { chop = 0.5, crisis = 0 }").sources["trend"]

    assert source.weight == 2
    assert source.weight_in == {Regime.CHOP: Decimal("0.5"), Regime.CRISIS: 0}


@pytest.mark.parametrize(
    ("generation", "source", "named"),
    [
        ("", "weight_in = { panic = 1 }", ["sources.trend.weight_in.panic"]),
        ("", "weight_in = { chop = -1 }", ["[sources.trend.weight_in] chop = -1"]),
        ("", "weight = 0", ["[sources.trend] weight = 0"]),
        ("outcome_bars = 0", "", ["[generation] outcome_bars = 0"]),
        ("outcome_bars = 201", "", ["[generation] outcome_bars = 201"]),
        ("source_seconds = 0", "", ["[generation] source_seconds = 0"]),
        ("extended_hours = 3", "", ["[generation] extended_hours = 3"]),
    ],
)
def test_what_is_wrong_is_refused_with_table_key_and_value(generation, source, named):
    with pytest.raises(ConfigurationError) as refused:
        parsed(generation, source)

    assert all(words in str(refused.value) for words in named)


def test_the_projects_own_file_asks_every_built_in_source():
    configuration = parse_configuration(CONFIGURATION.read_text("utf-8"))

    assert {name for name, source in configuration.sources.items() if source.enabled} == set(BUILT_IN)


def test_a_stops_clamp_runs_from_the_narrowest_to_the_widest():
    assert parsed("stop_percent_range = [2, 2]").generation.stop_percent_range == (2, 2)
    with pytest.raises(ConfigurationError, match=r"stop_percent_range \[3, 2\] is not a range"):
        parsed("stop_percent_range = [3, 2]")
