"""The template's parameters and rule, on an emulator that applies both."""

import json
from itertools import count

import pytest
from botocore.exceptions import ClientError

from argo.domain.addresses import DATA_URL, LIVE_URL, PAPER_URL
from tests.unit.domain.test_addresses import SPELLINGS
from worlds.paths import TEMPLATE
from worlds.template import read_template

_stacks = count()
LOCAL = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def deploys(aws):
    """Call with parameters: whether CloudFormation takes them for this template."""
    whole = read_template(TEMPLATE)
    kept = {name: whole[name] for name in ("AWSTemplateFormatVersion", "Parameters", "Rules")}
    body = json.dumps(kept | {"Resources": {"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}})

    def try_it(**parameters):
        cloudformation = aws.client("cloudformation")
        try:
            cloudformation.create_stack(
                StackName=f"rule{next(_stacks)}",
                TemplateBody=body,
                Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            return False
        return True

    return try_it


@pytest.mark.parametrize("mode", ["paper", "simulated"])
def test_c80_no_spelling_of_the_live_address_deploys_in_another_mode(deploys, mode):
    assert [url for url in SPELLINGS if deploys(Mode=mode, AlpacaTradingUrl=url, AlpacaDataUrl=LOCAL)] == []


def test_c80_only_one_spelling_of_the_live_address_deploys_at_all(deploys):
    assert [url for url in SPELLINGS if deploys(Mode="live", AlpacaTradingUrl=url)] == [LIVE_URL]


@pytest.mark.parametrize(
    ("mode", "trading", "data", "expected"),
    [
        ("paper", PAPER_URL, DATA_URL, True),
        ("simulated", LOCAL, LOCAL, True),
        ("simulated", "http://host.docker.internal:8000", "http://172.17.0.1:8000", True),
        ("simulated", PAPER_URL, LOCAL, False),
        ("live", PAPER_URL, DATA_URL, False),
        ("live", LOCAL, DATA_URL, False),
        ("paper", f"{PAPER_URL}/", DATA_URL, False),
        ("paper", PAPER_URL, f"{DATA_URL}/v2", False),
        ("paper", PAPER_URL, "http://data.alpaca.markets", False),
        ("paper", PAPER_URL, LIVE_URL, False),
        ("paper", "http://93.184.215.14:8000", DATA_URL, False),
    ],
)
def test_c80_mode_and_addresses_deploy_together_or_not_at_all(deploys, mode, trading, data, expected):
    assert deploys(Mode=mode, AlpacaTradingUrl=trading, AlpacaDataUrl=data) == expected


def test_c80_the_defaults_deploy(deploys):
    assert deploys()
