"""`argo doctor` with each thing broken in turn: it is named, with what to do about it, and nothing else is."""

import re
import socket

import pytest

from argo.domain.account import TradingState
from tests.pipeline.damage import (
    a_blocked_account,
    a_clock_ahead,
    a_clock_behind,
    a_dead_letter,
    a_disabled_mapping,
    a_disabled_schedule,
    a_feed_that_fails,
    a_function_that_may_not_run,
    a_malformed_parameter,
    a_mapping_of_whole_batches,
    a_placeholder,
    a_readable_parameter,
    a_refused_key,
    a_silent_broker,
    a_silent_reconciler,
    fallen,
    halted,
    no_parameter,
    no_protection,
    no_recovery,
    no_redrive,
    short_visibility,
    trading_state,
)
from tests.pipeline.deployed_world import HUSH, KEY_IDS, DeployedWorld, Offset, a_broker
from tests.pipeline.findings import assert_says, broken, levels, warned


@pytest.fixture(scope="module")
def world(aws):
    """One healthy deployment: whoever breaks something puts it back."""
    time = Offset()
    with a_broker(time) as background:
        yield DeployedWorld(aws, background, time=time)


def test_a_healthy_deployment_is_healthy(world):
    code, findings = world.doctor()

    assert (code, broken(findings), warned(findings)) == (0, set(), set())
    assert "not looked at" not in levels(findings)
    assert {"broker argo", "broker prop_firm", "market data", "generator", "table"} <= levels(findings)["ok"]


BESIDE = {
    a_refused_key: {"market data"},
    a_silent_broker: {"broker prop_firm"},
    a_clock_ahead: {"clock prop_firm"},
    a_clock_behind: {"clock prop_firm"},
}
"""What else such a thing breaks: the generator's key is the first account's, the broker is everybody's."""


@pytest.mark.parametrize(
    ("breaks", "check", "seen", "cure"),
    [
        (a_refused_key, "broker argo", r"HTTP 40[13]", r"argo credentials set argo --stack \S+"),
        (no_parameter, "credentials argo", r"ParameterNotFound", r"argo credentials set argo --stack \S+"),
        (a_malformed_parameter, "credentials argo", r"not a JSON object", r"argo credentials set argo"),
        (a_placeholder, "credentials argo", r"key id is a placeholder", r"argo credentials set argo"),
        (a_readable_parameter, "credentials argo", r"is a String", r"aws ssm delete-parameter .*, with a new key"),
        (a_clock_ahead, "clock argo", r"clock is 5,(39|40)\d s ahead of AWS's", r"whoever runs it"),
        (a_clock_behind, "clock argo", r"clock is 3,(59|60)\d s behind AWS's", r"whoever runs it"),
        (a_blocked_account, "broker argo", r"ACTIVE, trading blocked", r"app\.alpaca\.markets"),
        (a_silent_broker, "broker argo", r"reset|aborted|RemoteDisconnected", r"status\.alpaca\.markets"),
        (halted, "trading state argo", r"HALTED: the broker refuses", r"argo resume argo --reason TEXT --stack"),
        (fallen, "trading state argo", r"HALTED: drawdown_limit", r"--measure-anew"),
        (short_visibility, "queue argo", r"60 s.* 30 s", r"set-queue-attributes .*VisibilityTimeout=180"),
        (no_redrive, "queue argo", r"given up into no queue", r"RedrivePolicy.*DeadLetterQueue"),
        (a_disabled_schedule, "schedule GenerateFunctionEveryMinute", r"is DISABLED", r"REVERT_DRIFT"),
        (a_disabled_mapping, "event source mapping argo", r"disabled", r"--uuid \S+ --enabled"),
        (
            a_mapping_of_whole_batches,
            "event source mapping argo",
            r"does not report single failures",
            r"--function-response-types ReportBatchItemFailures",
        ),
        (
            a_function_that_may_not_run,
            "function ExecuteArgoFunction",
            r"reserved concurrency is 0",
            r"delete-function-concurrency",
        ),
        (a_feed_that_fails, "market data", r"HTTP 503", r"status\.alpaca\.markets"),
        (no_recovery, "table", r"cannot be restored", r"update-continuous-backups --table-name \S+"),
        (no_protection, "table", r"not protected from deletion", r"--deletion-protection-enabled"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_is_broken_is_named_with_its_cure(world, breaks, check, seen, cure):
    with breaks(world):
        code, findings = world.doctor()

    assert code == 1
    assert broken(findings) == {check} | BESIDE.get(breaks, set())
    assert_says(findings[check], seen, cure)


def test_reconcilers_that_fell_silent_are_named_with_their_logs(world):
    with a_silent_reconciler(world):
        code, findings = world.doctor()

    assert (code, broken(findings)) == (1, {"reconciler argo", "reconciler prop_firm"})
    assert f"aws logs tail /{world.name}/reconcile-prop-firm" in findings["reconciler prop_firm"]["cure"]


def test_a_dead_letter_is_worth_a_look_and_stays_where_it_is(world):
    with a_dead_letter(world):
        code, findings = world.doctor()
        _, again = world.doctor()

    assert (code, warned(findings), warned(again)) == (0, {"dead letters argo"}, {"dead letters argo"})
    assert findings["dead letters argo"]["seen"].startswith("1, the oldest since ")
    assert f"argo dlq list argo --stack {world.name}" in findings["dead letters argo"]["cure"]


def test_a_reducing_account_is_a_warning(world):
    with trading_state(world, TradingState.REDUCING, "holidays"):
        code, findings = world.doctor()

    assert (code, warned(findings)) == (0, {"trading state argo"})
    assert "REDUCING: holidays" in findings["trading state argo"]["seen"]


def test_a_symbol_that_the_feed_does_not_know_is_named(world, changed_configuration):
    code, findings = world.doctor("--config", changed_configuration('"MSFT"]', '"MSFT", "NVDIA"]'))

    assert (code, warned(findings)) == (0, {"market data"})
    assert "has no price of NVDIA" in findings["market data"]["seen"]


@pytest.mark.parametrize(
    ("lines", "check", "seen", "cure"),
    [
        ('[watchlist"', "argo.toml", r"argo\.toml: not TOML", r"mend .*argo\.toml"),
        ("[accounts.argo.exits]\nbars = 0", "argo.toml", r"\[accounts\.argo\.exits\] bars = 0", r"mend .*argo"),
        (
            "[accounts.swing]\nminimum_confidence = 80\nbase_size_percent = 5\nsize_cap_percent = 8",
            "accounts",
            r"enables swing",
            r"make template",
        ),
    ],
    ids=["not TOML", "out of range", "no queue"],
)
def test_a_wrong_configuration_is_named(world, changed_configuration, *, lines, check, seen, cure):
    changed = changed_configuration("\n[sources.trend]", f"\n{lines}\n[sources.trend]")

    code, findings = world.doctor("--config", changed)

    assert (code, broken(findings)) == (1, {check})
    assert_says(findings[check], seen, cure)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


NOBODY = {
    "AWS_ACCESS_KEY_ID": None,
    "AWS_SECRET_ACCESS_KEY": None,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}

NOWHERE = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}"}


@pytest.mark.parametrize(
    ("env", "check", "seen", "cure"),
    [
        (NOBODY, "aws", r"Unable to locate credentials", r"export AWS_PROFILE=NAME.*aws sso login"),
        (
            {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}"},
            "aws",
            r"Could not connect",
            r"AWS_ENDPOINT_URL",
        ),
        (
            {"AWS_DEFAULT_REGION": None, "AWS_CONFIG_FILE": "/dev/null"},
            "aws",
            r"must specify a region",
            r"export AWS_REGION=",
        ),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "stack", r"does not exist", r"export AWS_REGION=us-east-1"),
    ],
    ids=["no credentials", "unreachable", "no region", "wrong region"],
)
def test_what_keeps_it_from_aws_is_named_once_and_the_rest_is_not_looked_at(world, env, check, seen, cure):
    code, findings = world.doctor(env=env)

    assert (code, broken(findings)) == (1, {check})
    assert_says(findings[check], seen, cure)
    assert {"table", "generator", "market data"} <= levels(findings)["not looked at"]


def test_a_stack_that_is_nowhere_says_so(world):
    result = world.invoke("doctor", "--stack", "argo-nowhere")

    assert result.exit_code == 1
    assert "Stack with id argo-nowhere does not exist" in result.stdout
    assert "make deploy" in result.stdout


def test_a_person_reads_a_line_a_check_with_the_cure_below_it_and_the_counts(world):
    with a_disabled_mapping(world):
        result = world.invoke("doctor", "--stack", world.name)

    lines = result.stdout.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("broken"))
    assert "event source mapping argo: it is disabled" in lines[at]
    assert lines[at + 1].strip().startswith("-> aws lambda update-event-source-mapping")
    assert re.fullmatch(r"\d+ ok, 2 warning, 1 broken", lines[-1])


def test_c87_two_keys_of_one_account_are_named_by_both(world):
    world.store_key("prop_firm", {"key_id": KEY_IDS["argo"], "secret_key": HUSH})
    try:
        code, findings = world.doctor()
    finally:
        world.store_key("prop_firm")

    assert code == 1
    assert broken(findings) == {"broker argo", "broker prop_firm"}
    assert_says(
        findings["broker argo"], r"argo and prop_firm have keys of one account", r"argo credentials set argo"
    )
