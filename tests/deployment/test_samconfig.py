"""samconfig.toml against the template that it deploys."""

import tomllib
from itertools import combinations
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SETTINGS = tomllib.loads((ROOT / "samconfig.toml").read_text())
ENVIRONMENTS = ("dev", "prod")


def overrides(environment):
    text = SETTINGS[environment]["deploy"]["parameters"]["parameter_overrides"]
    return dict(each.split("=", 1) for each in text.split())


def in_effect(environment, template):
    defaults = {name: each["Default"] for name, each in template["Parameters"].items()}
    return defaults | overrides(environment)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_override_is_a_parameter_with_a_value_it_allows(environment, template):
    for name, value in overrides(environment).items():
        allowed = template["Parameters"][name].get("AllowedValues")
        assert allowed is None or value in map(str, allowed)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_environment_trades_live_money_or_a_local_emulator_unasked(environment, template):
    effective = in_effect(environment, template)

    assert effective["Mode"] == "paper"
    assert effective["AlpacaTradingUrl"] == "https://paper-api.alpaca.markets"
    assert effective["LocalEndpointUrl"] == ""


@pytest.mark.parametrize(("one", "other"), list(combinations(ENVIRONMENTS, 2)))
def test_environments_share_neither_stack_nor_credentials_nor_artefacts(one, other, template):
    names = [name for name in template["Parameters"] if name.startswith("CredentialsParameter")]

    assert names
    assert all(in_effect(one, template)[name] != in_effect(other, template)[name] for name in names)
    for command, setting in (("global", "stack_name"), ("deploy", "s3_prefix")):
        assert SETTINGS[one][command]["parameters"][setting] != SETTINGS[other][command]["parameters"][setting]


def test_prod_asks_before_it_changes_anything_and_keeps_its_share_of_lambda(template):
    assert SETTINGS["prod"]["deploy"]["parameters"]["confirm_changeset"] is True
    assert in_effect("prod", template)["ReservedConcurrency"] == "yes"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_deployment_that_fails_is_rolled_back(environment):
    assert not SETTINGS[environment]["deploy"]["parameters"].get("disable_rollback")
