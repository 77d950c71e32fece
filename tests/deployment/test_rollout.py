"""New versions take over gradually and are taken back: what invokes, what is published, which alarms are asked."""

import json
import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest

from tests.deployment.conftest import transformed
from tests.deployment.session import ACCOUNTS, FUNCTIONS

ROOT = Path(__file__).parents[2]
ALIAS = "live"

GENERATOR = "GenerateErrors GeneratorSilent GenerateCredentials FeedFailing SourceFailing"
EXECUTOR = "SignalsWithoutOrders UnresolvedTooOld OldestMessage DeadLetters CredentialsRefused"
RECONCILER = "ReconcilerSilent ConservationGap UnprotectedPosition UnresolvedTooOld CredentialsRefused"
A_BAD_VERSION = {"GenerateFunction": set(GENERATOR.split()), "ApiFunction": {"ApiErrors"}} | {
    f"{kind}{account}Function": {f"{kind}{account}Errors"} | {f"{account}{each}" for each in told.split()}
    for account in ACCOUNTS.values()
    for kind, told in (("Execute", EXECUTOR), ("Reconcile", RECONCILER))
}
"""By which alarms a bad version of each function gives itself away."""


def versions(deployed):
    """Return each function's version resource: its logical id and its description."""
    return {
        each["Properties"]["FunctionName"]["Ref"]: (name, each["Properties"]["Description"])
        for name, each in deployed["Resources"].items()
        if each["Type"] == "AWS::Lambda::Version"
    }


def references(value):
    """Return the names that a value's references and substitutions have."""
    text = json.dumps(value)
    return set(re.findall(r'"Ref": "(\w+)"', text)) | set(re.findall(r"\$\{(\w+)\}", text))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_everything_that_invokes_a_function_invokes_its_alias(of_type, resources, name):
    invokers = chain(
        (each["FunctionName"] for each in of_type("AWS::Lambda::EventSourceMapping").values()),
        (each["FunctionName"] for each in of_type("AWS::Lambda::Permission").values()),
        (each["Target"]["Arn"] for each in of_type("AWS::Scheduler::Schedule").values()),
        (
            operation["x-amazon-apigateway-integration"]["uri"]
            for each in of_type("AWS::ApiGatewayV2::Api").values()
            for path in each["Body"]["paths"].values()
            for operation in path.values()
        ),
    )
    invoked = set().union(*map(references, invokers))

    assert name not in invoked
    assert f"{name}Alias{ALIAS}" in invoked
    assert of_type("AWS::Lambda::Alias")[f"{name}Alias{ALIAS}"]["Name"] == ALIAS
    assert resources[f"{name}Alias{ALIAS}"]["Properties"]["FunctionVersion"] == {
        "Fn::GetAtt": [versions({"Resources": resources})[name][0], "Version"]
    }


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_parameter_that_a_function_goes_by_publishes_a_new_version(template, of_type, name):
    """SAM's hash has parameters by name only; CloudFormation replaces a version whose description changes."""
    function = of_type("AWS::Lambda::Function")[name]
    versioned = {key: value for key, value in function.items() if key != "ReservedConcurrentExecutions"}
    conditional = {
        parameter
        for condition in re.findall(r'"Fn::If": \["(\w+)"', json.dumps(versioned))
        for parameter in references(template["Conditions"][condition])
    }
    wanted = (references(versioned) | conditional) & template["Parameters"].keys()

    assert {"Mode", "Architecture"} <= wanted
    assert references(versions({"Resources": _all(of_type)})[name][1]) >= wanted


def _all(of_type):
    return {
        name: {"Type": "AWS::Lambda::Version", "Properties": each}
        for name, each in of_type("AWS::Lambda::Version").items()
    }


def test_a_versions_description_is_not_too_long_for_lambda(template):
    longest = {name: each["Default"] for name, each in template["Parameters"].items()}
    longest |= {"AlpacaTradingUrl": "https://paper-api.alpaca.markets", "Architecture": "x86_64"}
    longest |= {name: f"/argo-staging{value}" for name, value in longest.items() if name.startswith("Credentials")}

    for _, description in versions(transformed(template)).values():
        text = re.sub(r"\$\{(\w+)\}", lambda found: longest[found[1]], description["Fn::Sub"])
        assert len(text) < 200  # of 256


def test_a_new_layer_publishes_every_function_anew_and_an_old_one_none(template):
    """argo.toml is in the layer: otherwise its change would reach no function."""
    before, same, after = (
        {name: version for name, (version, _) in versions(transformed(template, layer=uri)).items()}
        for uri in ("s3://bucket/old", "s3://bucket/old", "s3://bucket/new")
    )

    assert before == same
    assert before.keys() == set(FUNCTIONS)
    assert not before.items() & after.items()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_version_is_taken_back_when_an_alarm_tells_that_it_is_bad(resources, name):
    group = resources[f"{name}DeploymentGroup"]["Properties"]
    asked = {each["Name"]["Ref"].removesuffix("Alarm") for each in group["AlarmConfiguration"]["Alarms"]}

    assert asked == A_BAD_VERSION[name]
    assert len(asked) <= 10  # CodeDeploy's limit
    assert all(f"{alarm}Alarm" in resources for alarm in asked)
    assert group["AlarmConfiguration"]["Enabled"]
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    assert resources[f"{name}Alias{ALIAS}"]["UpdatePolicy"] == {
        "CodeDeployLambdaAliasUpdate": {
            "ApplicationName": {"Ref": "ServerlessDeploymentApplication"},
            "DeploymentGroupName": {"Ref": f"{name}DeploymentGroup"},
        }
    }


def test_a_share_of_the_ticks_grows_long_enough_for_two_of_them_to_fail(resources):
    """An alarm of errors hears two in five minutes; a tick comes once a minute."""
    for name in FUNCTIONS:
        (shift,) = resources[f"{name}DeploymentGroup"]["Properties"]["DeploymentConfigName"]["Fn::Sub"][1].values()
        tenths, minutes = re.fullmatch(r"Linear(\d+)PercentEvery(\d+)Minutes", shift).groups()
        steps = [share / 100 for share in range(int(tenths), 100, int(tenths))]

        ticks = [share for share in steps for _ in range(int(minutes))]
        missed = min(_at_most_one(ticks[number : number + 5]) for number in range(len(ticks) - 5))
        assert missed < 0.01


def _at_most_one(shares):
    """Return how likely it is that at most one of some ticks goes to the new version."""
    none, one = 1.0, 0.0
    for share in shares:
        none, one = none * (1 - share), one * (1 - share) + none * share
    return none + one


@pytest.mark.deep
def test_what_is_only_there_when_rollouts_are_gradual_is_valid_too(deployed):
    from cfnlint.api import lint  # noqa: PLC0415 - slow, and one process of a run needs it

    assert not [str(each) for each in lint(json.dumps(deployed)) if each.rule.severity == "error"]


def test_at_once_there_is_no_code_deploy_and_still_an_alias(template):
    kinds = {each["Type"] for each in transformed(template, GradualRollout="false")["Resources"].values()}

    assert "AWS::Lambda::Alias" in kinds
    assert not [kind for kind in kinds if kind.startswith("AWS::CodeDeploy")]


def test_prod_rolls_out_gradually_and_can_do_without():
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text())
    usual, at_once = (
        dict(each.split("=") for each in settings[name]["deploy"]["parameters"].pop("parameter_overrides").split())
        for name in ("prod", "prod-at-once")
    )

    assert usual.pop("GradualRollout") == "true"
    assert at_once.pop("GradualRollout") == "false"
    assert usual == at_once
    for command in ("global", "build", "deploy"):
        assert settings["prod"][command] == settings["prod-at-once"][command]


def test_schedules_of_two_stacks_can_stand_in_one_aws_account(of_type):
    names = [each["Name"] for each in of_type("AWS::Scheduler::Schedule").values()]

    assert len(names) == 1 + len(ACCOUNTS)
    assert all(each["Fn::Sub"].startswith("${AWS::StackName}-") for each in names)
