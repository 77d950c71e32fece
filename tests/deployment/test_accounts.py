"""An account is its table in argo.toml: everything else that names it is written by `argo template`."""

import tomllib
from itertools import pairwise
from string import ascii_lowercase

import pytest

from argo.domain.config import parse_configuration
from argo.domain.tables import ConfigurationError
from argo.environment import load_configuration
from tests.deployment.conftest import transformed
from worlds.containers import SAMPLE_CONFIGURATION
from worlds.paths import CONFIGURATION, TEMPLATE
from worlds.rehearsal import RehearsalError, check_accounts
from worlds.rendering import MOST_ACCOUNTS, SAMCONFIG, rendered, with_accounts, with_credentials
from worlds.template import parse_template

OWN = CONFIGURATION.read_text("utf-8")
SAMPLE = SAMPLE_CONFIGURATION.read_text("utf-8")
SWING = """
[accounts.swing]
minimum_confidence = 80
base_size_percent = 5   # of buying power
size_cap_percent = 8

[accounts.swing.protections.cooldown]
minutes = 10
"""
TEN = ("argo", "prop_firm", *(f"number_{letter}" for letter in "abcdefgh"))


def test_the_template_is_what_the_accounts_of_argo_toml_make_of_it():
    assert TEMPLATE.read_text("utf-8") == rendered(load_configuration(CONFIGURATION).executors)


@pytest.mark.parametrize("executors", [("argo",), ("argo", "prop_firm", "swing"), TEN], ids=len)
def test_each_account_adds_the_same_resources(executors):
    counted = [
        len(parse_template(rendered(executors[:number]))["Resources"]) for number in range(1, len(executors) + 1)
    ]

    assert {after - before for before, after in pairwise(counted)} <= {26}


def test_a_template_of_one_account_names_no_other():
    assert "prop" not in rendered(["argo"]).lower().replace("properties", "")


def test_as_many_accounts_as_are_taken_are_within_cloudformations_500_resources():
    executors = [f"number_{letter}" for letter in ascii_lowercase]

    deployed = transformed(parse_template(rendered(executors[:MOST_ACCOUNTS])))

    assert 500 - 34 < len(deployed["Resources"]) <= 500
    with pytest.raises(ConfigurationError, match="enables 14 accounts, and a stack holds 13"):
        rendered(executors[: MOST_ACCOUNTS + 1])


def test_an_environment_that_names_an_accounts_parameter_names_every_accounts():
    changed = tomllib.loads(with_credentials(SAMCONFIG.read_text("utf-8"), ["argo", "prop_firm", "swing"]))

    overrides = changed["dev"]["deploy"]["parameters"]["parameter_overrides"]
    assert overrides.endswith(
        " LogRetentionDays=14 CredentialsParameterArgo=/argo-dev/argo/credentials "
        "CredentialsParameterPropFirm=/argo-dev/prop_firm/credentials "
        "CredentialsParameterSwing=/argo-dev/swing/credentials"
    )
    assert "Credentials" not in changed["prod"]["deploy"]["parameters"]["parameter_overrides"]


def test_a_parameter_that_a_person_has_renamed_stays_and_a_removed_accounts_goes():
    own = 'parameter_overrides = "Mode=paper CredentialsParameterArgo=/mine CredentialsParameterPropFirm=/its"\n'

    changed = with_credentials(own, ["argo"])

    assert changed == 'parameter_overrides = "Mode=paper CredentialsParameterArgo=/mine"\n'


def test_a_path_that_tells_of_no_account_is_not_given_to_a_second_one():
    own = 'parameter_overrides = "Mode=paper CredentialsParameterArgo=/mine"\n'

    with pytest.raises(ConfigurationError, match="CredentialsParameterArgo=/mine tells no path for account swing"):
        with_credentials(own, ["argo", "swing"])


def test_the_sample_keeps_its_own_rules_and_takes_a_new_accounts_from_argo_toml():
    changed = tomllib.loads(with_accounts(SAMPLE, OWN + SWING, ["argo", "swing"]))

    before = tomllib.loads(SAMPLE)
    assert changed["accounts"] == {
        "argo": before["accounts"]["argo"],
        "swing": tomllib.loads(SWING)["accounts"]["swing"],
    }
    assert {**changed, "accounts": None} == {**before, "accounts": None}


def test_the_sample_is_left_alone_when_the_accounts_are_the_same():
    assert with_accounts(SAMPLE, OWN, ["argo", "prop_firm"]) == SAMPLE


def test_an_account_in_another_form_is_named():
    with pytest.raises(ConfigurationError, match=r"accounts.swing is no table \[accounts.swing\]"):
        with_accounts(SAMPLE, "accounts = { swing = { minimum_confidence = 80 } }\n" + OWN, ["argo", "swing"])


def test_a_disabled_account_has_no_resources():
    disabled = OWN.replace("[accounts.prop_firm]\n", "[accounts.prop_firm]\nenabled = false\n")

    assert (
        rendered(parse_configuration(disabled).executors) == rendered(["argo"]) != rendered(["argo", "prop_firm"])
    )


def test_ten_accounts_have_their_table_and_queues_on_the_emulator(aws, tmp_path):
    path = tmp_path / "template.yaml"
    path.write_text(rendered(TEN), encoding="utf-8")

    made = aws.create_resources(path, "ten-accounts")

    assert tuple(made.queues) == tuple(made.dead_letter_queues) == TEN


def test_a_rehearsal_without_an_account_is_refused_before_it_deploys():
    with pytest.raises(RehearsalError, match=r"events/argo-sample.toml lacks \[accounts.swing\]"):
        check_accounts(("argo", "swing"), ("argo",))
