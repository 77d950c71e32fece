"""An hour of market time in which signals flow and nothing is sent, as the check and `argo audit` see it."""

import asyncio
import json
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from argo.domain.execution import ExecutionState
from argo.records import check_conservation
from console.main import app
from simulation.broker.server import BackgroundServer, Fault
from tests.pipeline.pipeline import OPENS, SYMBOLS, Pipeline, a_broker
from tests.unit.builders import a_signal
from worlds.embedded_aws import embedded_aws
from worlds.paths import TEMPLATE

EVERY = timedelta(minutes=6)
SIGNALS = 10
UNRESOLVED = 1
"""The last signal's life is not over when the hour is."""


def a_signal_of(pipeline, number):
    now = pipeline.clock.now()
    return a_signal(
        symbol=SYMBOLS[number], bar_time=now, created_at=now, expires_at=now + timedelta(minutes=5), confidence=90
    )


def play(pipeline):
    """Let signals flow: argo's broker never answers, and nobody takes what is in prop_firm's queue."""
    pipeline.server.faults.add(Fault(method="GET", path="/v2/account", drop=True, times=1_000))
    for number in range(SIGNALS):
        signal = a_signal_of(pipeline, number)
        pipeline.publish(signal, to="argo")
        if number < 3:
            asyncio.run(pipeline.ledger.mark_published(signal.signal_id, {"prop_firm"}))
        pipeline.poll()
        if number < SIGNALS - UNRESOLVED:
            pipeline.pass_time(EVERY)
            pipeline.redeliver()
    pipeline.pass_time(timedelta(minutes=3))


@pytest.fixture(scope="module")
def hour(tmp_path_factory):
    """The hour's ledger, kept in a directory, and what the check said when it was over."""
    state = tmp_path_factory.mktemp("audited")
    with embedded_aws(state / "aws") as aws, BackgroundServer(a_broker()) as background:
        pipeline = Pipeline(aws, aws.create_resources(TEMPLATE), background)
        play(pipeline)
        now = pipeline.clock.now()
        ledger, names = pipeline.ledger, ("argo", "prop_firm")
        checks = {name: asyncio.run(check_conservation(ledger, name, now=now)) for name in names}
        assert pipeline.broker_orders() == []
    return state, checks


def audit(state, *arguments):
    environment = {"COLUMNS": "500", "ARGO_STACK": None}
    return CliRunner().invoke(app, ["audit", "--state", str(state), *arguments], env=environment)


def test_a01_the_execution_rate_of_an_hour_in_which_nothing_was_sent_is_zero(hour):
    argo = hour[1]["argo"]

    assert (argo.total.signals, argo.total.with_order, argo.total.gap) == (SIGNALS, 0, 0)
    assert (argo.total.execution_rate, argo.total.plain_share, argo.total.is_silent) == (0, 0, True)
    assert argo.total.expired == SIGNALS - UNRESOLVED
    assert (len(argo.unresolved), argo.oldest_unresolved_seconds) == (UNRESOLVED, 180)


def test_a01_the_audit_says_which_account_and_why_and_fails(hour):
    result = audit(hour[0])

    assert result.exit_code == 1, result.output
    lines = result.stdout.splitlines()
    (argo,) = [line for line in lines if line.startswith("argo:")]
    (prop_firm,) = [line for line in lines if line.startswith("prop_firm:")]
    assert argo.startswith("argo: 10 signals, no order: 10 broker_unreachable (The broker gave no usable answer)")
    assert prop_firm.startswith("prop_firm: 3 signals, no order: 3 not_received")
    assert lines[-1] == "It does not add up."


def test_a01_the_audit_lists_every_unresolved_signal_with_age_and_obstacle(hour):
    state, checks = hour

    result = audit(state, "--json")

    shown = json.loads(result.stdout)
    argo = [each for each in shown["unresolved"] if each["executor"] == "argo"]
    prop_firm = [each for each in shown["unresolved"] if each["executor"] == "prop_firm"]
    assert (result.exit_code, shown["adds_up"]) == (1, False)
    assert [each["signal_id"] for each in argo] == [each.signal_id for each in checks["argo"].unresolved]
    assert [(each["state"], each["obstacle"]) for each in argo] == [(ExecutionState.CLAIMED, "broker_unreachable")]
    assert [(each["state"], each["obstacle"]) for each in prop_firm] == [(None, "not_received")] * 3
    assert all(each["age_seconds"] > 0 for each in shown["unresolved"])
    assert shown["no_orders"]["argo"] == {"broker_unreachable": SIGNALS}


@pytest.mark.parametrize(
    ("period", "signals", "code"),
    [
        (("--from", "2026-03-02", "--to", "2026-03-02"), SIGNALS, 1),
        (("--from", f"{OPENS + EVERY:%FT%T}", "--to", f"{OPENS + 2 * EVERY:%FT%T}"), 2, 1),
        (("--to", "2026-03-01"), 0, 0),
        (("--from", "2026-03-03"), 0, 0),
    ],
)
def test_the_audit_is_of_the_period_asked_for(hour, period, signals, code):
    result = audit(hour[0], "--json", *period)

    assert result.exit_code == code, result.output
    assert json.loads(result.stdout)["accounts"][0]["signals"] == signals


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", "yesterday"), "--from 'yesterday' is neither a day"),
        (("--from", "2026-03-03", "--to", "2026-03-02"), "--from 2026-03-03 is after --to 2026-03-02"),
    ],
)
def test_a_wrong_period_is_wrong_input(hour, arguments, said):
    result = audit(hour[0], *arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def test_a_period_without_a_signal_is_not_said_to_add_up(hour):
    result = audit(hour[0], "--to", "2026-03-01")

    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].strip() == "There is no signal in this period."


def test_without_a_run_there_is_nothing_to_audit(tmp_path):
    result = audit(tmp_path / "nothing")

    assert result.exit_code == 2
    assert "no run is kept there" in result.stderr
