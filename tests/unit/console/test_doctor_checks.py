"""Checks on facts alone: what a whole deployment cannot easily be brought to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError, TokenRetrievalError

from argo.domain.naming import logical_name
from argo.domain.tables import ConfigurationError
from argo.environment import load_configuration
from console.deployment import Deployment
from console.doctor import account_checks, deployment_checks
from console.doctor.account_facts import DeployedAccountFacts
from console.doctor.attempts import NotKnown, attempt, demand, known
from console.doctor.checks import Check, examine
from console.doctor.facts import FunctionFacts, Identity, StackFacts
from console.doctor.finding import Level, ok
from console.stacks import Stack
from tests.unit.domain.test_addresses import SPELLINGS
from worlds.embedded_aws import Resources
from worlds.paths import CONFIGURATION

NOW = datetime(2026, 11, 21, 14, tzinfo=UTC)
UNREAD = NotKnown("anything", "not asked for", "")
AN_HOUR_AGO = NOW - timedelta(hours=1)


def a_stack(**changes):
    stack = Stack(
        name="argo-dev",
        status="UPDATE_COMPLETE",
        updated_at=AN_HOUR_AGO,
        outputs={"TableName": "table"},
        parameters={"Mode": "paper", "LocalEndpointUrl": ""},
        tags={},
        resources={},
    )
    return replace(stack, **changes)


def a_function(**changes):
    function = {
        "FunctionName": "argo-dev-execute",
        "FunctionArn": "arn:aws:lambda:us-east-1:1:function:argo-dev-execute",
        "LastModified": "2026-11-21T13:00",
        "Timeout": 30,
        "Reserved": None,
        "CodeSha256": "sha",
        "CodeUrl": "https://somewhere/?signature=secret",
    }
    return FunctionFacts.model_validate(function | changes)


def facts(**known_facts):
    """Build facts of which nobody asks AWS: what is not given could not be read."""
    nothing = dict.fromkeys(
        (
            "configuration",
            "deployment",
            "identity",
            "stack",
            "differing_files",
            "differing_resources",
            "table",
            "functions",
            "schedules",
            "subscribers",
            "accounts",
            "priced",
            "cycles",
            "last_signal",
        ),
        UNREAD,
    )
    found = StackFacts("argo-dev", CONFIGURATION)
    vars(found).update(nothing | known_facts, now=NOW)
    return found


@pytest.mark.parametrize(
    ("status", "level", "cure"),
    [
        ("CREATE_COMPLETE", Level.OK, ""),
        ("UPDATE_IN_PROGRESS", Level.WARNING, "wait"),
        ("UPDATE_ROLLBACK_COMPLETE", Level.WARNING, "describe-stack-events --stack-name argo-dev"),
        ("UPDATE_ROLLBACK_FAILED", Level.BROKEN, "describe-stack-events --stack-name argo-dev"),
        ("DELETE_FAILED", Level.BROKEN, "make deploy"),
    ],
)
def test_a_stack_is_as_well_as_its_status(status, level, cure):
    finding = deployment_checks.stack(facts(stack=a_stack(status=status)))

    assert finding.level is level
    assert cure in finding.cure


@pytest.mark.parametrize(
    ("symbols", "level"),
    [(("SPY", "BTC/USD"), Level.WARNING), (("SPY", "MSFT"), Level.OK), (None, Level.OK)],
)
def test_an_account_whose_symbols_nobody_watches_is_a_warning(symbols, level):
    configuration = load_configuration(CONFIGURATION)
    profiles = {"swing": configuration.profile("argo").model_copy(update={"symbols": symbols})}
    watching = configuration.model_copy(update={"watchlist": ("AAPL", "MSFT"), "accounts": profiles})

    finding = deployment_checks.argo_toml(facts(configuration=watching))

    assert finding.level is level
    assert ("swing trades BTC/USD, SPY, of which the watchlist has none" in finding.seen) == (
        level is Level.WARNING
    )


@pytest.mark.parametrize(
    ("cycles", "deployed", "level"),
    [
        (12, AN_HOUR_AGO, Level.OK),
        (0, AN_HOUR_AGO, Level.BROKEN),
        (0, NOW - timedelta(minutes=2), Level.WARNING),
    ],
)
def test_a_generator_without_cycles_is_broken_unless_it_has_just_been_deployed(cycles, deployed, level):
    found = facts(stack=a_stack(updated_at=deployed), cycles=cycles, last_signal=None)

    finding = deployment_checks.generator(found)

    assert finding.level is level
    assert ("aws logs tail /argo-dev/generate" in finding.cure) == (level is Level.BROKEN)


def test_on_an_emulator_nobody_asks_for_metrics_or_alarms():
    local = facts(stack=a_stack(parameters={"Mode": "simulated", "LocalEndpointUrl": "http://127.0.0.1:1"}))

    assert deployment_checks.generator(local).level is Level.NOT_LOOKED_AT
    assert deployment_checks.alarms(local).level is Level.NOT_LOOKED_AT


@pytest.mark.parametrize("changes", [{"State": "Failed"}, {"LastUpdateStatus": "Failed"}, {"Reserved": 0}])
def test_a_function_that_cannot_be_invoked_is_broken(changes):
    finding = deployment_checks.function(facts(), a_function(**changes))

    assert finding.level is Level.BROKEN
    assert "argo-dev-execute" in finding.cure


def test_a_signed_address_shows_in_no_text():
    assert "signature" not in repr(a_function())


def test_a_fact_that_is_missing_is_broken_once_and_not_looked_at_afterwards():
    missing = NotKnown("stack", "it does not exist", "make deploy")

    def needs_it(_):
        raise missing

    checks = [
        Check("first", needs_it),
        Check("second", needs_it),
        Check("third", lambda _, __: ok("fine"), "functions"),
        Check("fourth", lambda _: ok("fine")),
    ]

    found = examine(facts(functions=missing), checks)

    assert [(each.check, each.level, each.seen, each.cure) for each in found] == [
        ("first", Level.BROKEN, "it does not exist", "make deploy"),
        ("second", Level.NOT_LOOKED_AT, "no stack", ""),
        ("third", Level.NOT_LOOKED_AT, "no stack", ""),
        ("fourth", Level.OK, "fine", ""),
    ]


def refusal(code, message="words", operation="DescribeTable"):
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


@pytest.mark.parametrize(
    ("error", "cure"),
    [
        (refusal("AccessDeniedException"), r"let this identity do DescribeTable"),
        (refusal("ExpiredToken"), "aws sso login"),
        (refusal("UnrecognizedClientException"), "export AWS_PROFILE=NAME"),
        (refusal("RequestTimeTooSkewed"), "timedatectl set-ntp true"),
        (refusal("ResourceNotFoundException"), "make it"),
        (refusal("ValidationError", "Stack with id x does not exist"), "make it"),
        (refusal("ValidationError", "too long"), "health.aws.amazon.com"),
        (refusal("InternalServerError"), "health.aws.amazon.com"),
        (ConnectTimeoutError(endpoint_url="https://sqs.us-est-1"), "AWS_ENDPOINT_URL"),
        (ReadTimeoutError(endpoint_url="https://sqs.us-east-1"), "AWS_ENDPOINT_URL"),
        (TokenRetrievalError(provider="sso", error_msg="expired"), "aws sso login"),
        (ConfigurationError("no such thing"), "make it"),
        (KeyError("legs"), "compare the versions"),
    ],
)
def test_every_error_of_aws_has_a_cure_and_none_is_raised(error, cure):
    def read():
        raise error

    found = attempt("table", read, missing="make it")

    assert isinstance(found, NotKnown)
    assert cure in found.cure
    assert "\n" not in found.problem


def test_what_needs_a_missing_fact_is_missing_for_the_same_reason():
    first = attempt("stack", lambda: known(UNREAD))

    assert attempt("table", lambda: known(first)) is UNREAD


def test_what_a_command_cannot_do_without_is_refused_in_one_sentence():
    def read():
        raise refusal("AccessDenied", operation="PutParameter")

    with pytest.raises(
        ConfigurationError, match=r"^parameter /argo: .*AccessDenied.*; let this identity do PutParameter"
    ):
        demand("parameter /argo", read)


@pytest.mark.parametrize(("executor", "name"), [("argo", "Argo"), ("prop_firm", "PropFirm"), ("a_b_c", "ABC")])
def test_an_accounts_resources_begin_with_its_name_in_camel_case(executor, name):
    assert logical_name(executor) == name


def an_account(exchange_ahead):
    resources = Resources("table", {"argo": "queue"}, {"argo": "dead letters"})
    account = DeployedAccountFacts(facts(deployment=Deployment(resources, None, None)), "argo")
    account.exchange_ahead = exchange_ahead
    return account


@pytest.mark.parametrize(
    ("aws", "exchange", "level", "words"),
    [
        (0, 0, Level.OK, "within 5 s"),
        (-40, -40, Level.WARNING, "this machine's clock is 40 s ahead of AWS's"),
        (40, 39, Level.WARNING, "this machine's clock is 40 s behind AWS's"),
        (0, -40, Level.BROKEN, "the exchange's clock is 40 s behind AWS's"),
        (-40, 0, Level.BROKEN, "the exchange's clock is 40 s ahead of AWS's"),
    ],
)
def test_a_clock_that_is_wrong_is_told_from_those_that_agree(aws, exchange, level, words):
    found = facts(identity=Identity("arn", "us-east-1", timedelta(seconds=aws)))

    finding = account_checks.clock(found, an_account(timedelta(seconds=exchange)))

    assert (finding.level, words in finding.seen) == (level, True)


@pytest.mark.parametrize("url", SPELLINGS)
def test_c80_the_doctor_names_a_function_that_would_trade_live_money_in_paper_mode(url):
    found = a_function(Environment={"Variables": {"ARGO_MODE": "paper", "APCA_API_BASE_URL": url}})

    finding = deployment_checks.function(facts(), found)

    assert finding.level is Level.BROKEN
    assert "does not start: APCA_API_BASE_URL: mode paper trades at" in finding.seen
    assert "Mode, AlpacaTradingUrl and AlpacaDataUrl in samconfig.toml" in finding.cure


@pytest.mark.parametrize("url", SPELLINGS)
def test_c80_the_doctor_shows_no_key_to_an_address_of_another_mode(url):
    account = an_account(None)
    account.executed_by = a_function(Environment={"Variables": {"ARGO_MODE": "paper", "APCA_API_BASE_URL": url}})

    with pytest.raises(NotKnown, match="mode paper trades at"):
        account_checks.address(facts(), account)
    with pytest.raises(NotKnown):
        _ = account.broker
