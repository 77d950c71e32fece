"""Every alarm, dashboard line and saved query against what the code really writes, and against the runbooks."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from argo.domain.conservation import Standstill
from argo.domain.metrics import Metric
from argo.domain.reasons import Reason
from argo.observability import NAMESPACE
from console.main import app
from tests.deployment.session import ACCOUNTS, FUNCTIONS
from worlds.template import read_template

ROOT = Path(__file__).parents[2]
TEMPLATE = read_template(ROOT / "template.yaml")
RUNBOOKS = (ROOT / "docs/operations.md").read_text()

ALARMS = {
    name: each["Properties"]
    for name, each in TEMPLATE["Resources"].items()
    if each["Type"] == "AWS::CloudWatch::Alarm"
}
PER_ACCOUNT = (
    "SignalsWithoutOrders",
    "OrdersStopped",
    "ConservationGap",
    "UnresolvedTooOld",
    "UnprotectedPosition",
    "AccountHalted",
    "UnreadableRecords",
    "CredentialsRefused",
    "ReconcilerSilent",
    "OldestMessage",
    "DeadLetters",
)
OF_THE_GENERATOR = ("GeneratorSilent", "SourceFailing", "GenerateCredentials", "FeedFailing")
OF_AWS = {
    "AWS/SQS": {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"},
    "AWS/Lambda": {"Errors", "Throttles"},
}
# What an emulator of AWS does not take.
NOT_LOCAL = {"AWS::CloudWatch::CompositeAlarm", "AWS::Logs::QueryDefinition"}

FAILURES = {
    "record_failed",
    "source_failed",
    "source_overran",
    "market_data_refused",
    "market_data_failed",
    "broker_did_not_answer",
    "records_unreadable",
}
"""Log events of days that are worse than the session's."""

RARE = {"SignalsExpired", "AmbiguousSubmissions", "CyclesSkipped", "SourceFailures", "SymbolsWithoutData"}
"""Written in days that are worse than the session's: unit tests have them, with the same telemetry."""


def metrics_of(alarm):
    """Return an alarm's metrics as (namespace, name, dimensions)."""
    found = [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", []) if "MetricStat" in each] or [alarm]
    return [
        (
            each["Namespace"],
            each["MetricName"],
            {dimension["Name"]: dimension["Value"] for dimension in each["Dimensions"]},
        )
        for each in found
    ]


def widgets():
    text = TEMPLATE["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    return json.loads(text)["widgets"]


def lines_of_the_dashboard():
    for widget in widgets():
        for line in widget["properties"].get("metrics", []):
            namespace, name, *rest = [each for each in line if isinstance(each, str)]
            yield namespace, name, dict(zip(rest[::2], rest[1::2], strict=True))


def as_written(dimensions):
    """Return the dimensions with the session's mode in the parameter's place."""
    return frozenset(
        (name, "simulated" if value in ({"Ref": "Mode"}, "${Mode}") else value)
        for name, value in dimensions.items()
    )


def test_every_account_and_every_function_has_all_its_alarms():
    accounts = tomllib.loads((ROOT / "argo.toml").read_text())["accounts"]
    wanted = {f"{name}{kind}Alarm" for name in ACCOUNTS.values() for kind in PER_ACCOUNT}
    wanted |= {f"{kind}Alarm" for kind in OF_THE_GENERATOR}
    wanted |= {
        f"{name.removesuffix('Function')}{kind}Alarm" for name in FUNCTIONS for kind in ("Errors", "Throttles")
    }

    assert accounts.keys() == ACCOUNTS.keys()
    assert ALARMS.keys() == wanted


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_watches_a_metric_that_is_written_with_its_dimensions(name, session, of_type):
    deployed = of_type("AWS::CloudWatch::Alarm")[name]
    for namespace, metric, dimensions in metrics_of(deployed):
        if namespace != NAMESPACE:
            assert metric in OF_AWS[namespace]
            ((_, resource),) = dimensions.items()
            assert resource.get("Ref") in FUNCTIONS or resource["Fn::GetAtt"][0].endswith("Queue")
            continue
        assert metric in set(Metric)
        names = session.metrics()
        if metric in RARE:
            names = {(metric, found) for _, found in names}
        assert (metric, as_written(dimensions)) in names


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_of_an_account_watches_that_account(name):
    for executor, logical in ACCOUNTS.items():
        if name.removeprefix(logical).removesuffix("Alarm") in PER_ACCOUNT:
            watched = [found for _, _, found in metrics_of(ALARMS[name])]
            assert executor in ALARMS[name]["AlarmDescription"]
            assert all(
                found.get("executor") == executor or logical in json.dumps(found["QueueName"]) for found in watched
            )


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_notifies_and_says_what_missing_data_mean(name):
    alarm = ALARMS[name]

    assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "AlarmTopic"}]
    assert alarm["TreatMissingData"] in {"breaching", "notBreaching", "ignore"}
    assert 1 <= alarm["DatapointsToAlarm"] <= alarm["EvaluationPeriods"]
    period = alarm.get("Period", 600)
    assert period * alarm["EvaluationPeriods"] <= 86_400  # CloudWatch's limit


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_has_a_runbook_with_meaning_first_look_and_cure(name):
    title = ALARMS[name]["AlarmDescription"].partition(":")[0]
    (section,) = re.findall(rf"^### {re.escape(title)}\n(.*?)(?=^##|\Z)", RUNBOOKS, re.MULTILINE | re.DOTALL)

    assert re.findall(r"^\*\*(.*?)\.\*\*", section, re.MULTILINE) == ["Meaning", "First look", "Cure"]


def test_no_runbook_is_left_without_its_alarm():
    (part,) = re.findall(r"^## Runbooks\n(.*?)(?=^## |\Z)", RUNBOOKS, re.MULTILINE | re.DOTALL)
    titles = {each["AlarmDescription"].partition(":")[0] for each in ALARMS.values()}

    assert set(re.findall(r"^### (.*)$", part, re.MULTILINE)) == titles


def test_a_runbook_names_only_what_there_is(session):
    known = {str(each) for kind in (*Reason.__subclasses__(), Standstill) for each in kind}
    known |= {line.get("message") for _, line in session.lines} | FAILURES
    known |= {key for _, line in session.lines for key in line}
    known |= set(re.findall(r"\w+", (ROOT / "argo.toml").read_text() + (ROOT / "samconfig.toml").read_text()))
    commands = re.findall(r"`argo (\w+)", RUNBOOKS)

    assert set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", RUNBOOKS)) <= known
    assert set(commands) <= {each.name for each in (*app.registered_commands, *app.registered_groups)}


def test_what_no_emulator_takes_stays_on_aws():
    for name, resource in TEMPLATE["Resources"].items():
        unfit = resource["Type"] in NOT_LOCAL or "Metrics" in resource["Properties"]
        assert (resource.get("Condition") == "IsNotLocal") == unfit, name


def test_the_dashboard_shows_what_is_written(session):
    shown = list(lines_of_the_dashboard())
    written = session.metrics()
    anywhere = {dimensions for _, dimensions in written}

    assert {"SignalsGenerated", "OrdersSubmitted", "NakedPositionSeconds", "Equity"} <= {
        name for _, name, _ in shown
    }
    for namespace, name, dimensions in shown:
        if namespace != NAMESPACE:
            assert name in OF_AWS[namespace]
        elif name in RARE:
            assert as_written(dimensions) in anywhere
        else:
            assert (name, as_written(dimensions)) in written, name
    for _, name, _ in shown:
        assert name in set(Metric) | set().union(*OF_AWS.values())


def test_no_widget_of_the_dashboard_covers_another():
    places = [(each["x"], each["y"], each["x"] + each["width"], each["y"] + each["height"]) for each in widgets()]

    assert all(left >= 0 and right <= 24 for left, _, right, _ in places)
    for number, (left, top, right, bottom) in enumerate(places):
        for other_left, other_top, other_right, other_bottom in places[number + 1 :]:
            beside = right <= other_left or other_right <= left
            assert beside or bottom <= other_top or other_bottom <= top


@pytest.mark.parametrize("executor", ACCOUNTS)
def test_the_dashboard_has_every_account(executor):
    shown = {name for _, name, dimensions in lines_of_the_dashboard() if dimensions.get("executor") == executor}
    denials = [each for each in widgets() if each["type"] == "log" and executor in each["properties"]["title"]]

    assert {"SignalsReceived", "SignalsDenied", "OrdersSubmitted", "SignalToOrderMilliseconds", "Equity"} <= shown
    assert f"${{Execute{ACCOUNTS[executor]}LogGroup}}" in denials[0]["properties"]["query"]


def test_the_saved_queries_ask_for_events_and_fields_that_the_logs_have(session):
    queries = {
        name: each["Properties"]
        for name, each in TEMPLATE["Resources"].items()
        if each["Type"] == "AWS::Logs::QueryDefinition"
    }
    fields = {key for _, line in session.lines for key in line}
    messages = {line.get("message") for _, line in session.lines}

    assert len(queries) == 3
    for each in queries.values():
        text = each["QueryString"]
        asked = {
            field.split(".")[0] for field in re.findall(r"[\w.@]+", text.splitlines()[0].removeprefix("fields"))
        }
        assert {field for field in asked if not field.startswith("@")} - {"as", "milliseconds"} <= fields
        assert set(re.findall(r"message = '(\w+)'", text)) <= messages
    assert set(re.findall(r"message = '(\w+)'", json.dumps(widgets()))) <= messages


def test_both_halves_of_the_alarm_that_matters_most_see_what_the_other_cannot(session):
    """An executor that never ran writes no counts; a reconciler that never ran writes no rate (FAILURES A01)."""
    rate = {found["service"] for _, _, found in metrics_of(ALARMS["ArgoSignalsWithoutOrdersAlarm"])}
    counts = {found["service"] for _, _, found in metrics_of(ALARMS["ArgoOrdersStoppedAlarm"])}
    batches = [record for name, record in session.records if name == "ExecuteArgoFunction"]

    assert (rate, counts) == ({"reconcile"}, {"execute"})
    assert batches
    assert all({"SignalsReceived", "SignalsDenied", "OrdersSubmitted"} <= record.keys() for record in batches)
