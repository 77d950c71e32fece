import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from argo.domain.signal import Signal
from trading_api.requests import OutsideSignal

EVENTS = Path(__file__).parents[2] / "events"


def event(name):
    return json.loads((EVENTS / f"{name}.json").read_text())


def signals(name):
    return [Signal.model_validate_json(record["body"]) for record in event(name)["Records"]]


def is_signal(body):
    try:
        Signal.model_validate_json(body)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("path", sorted(EVENTS.glob("*.json")), ids=lambda path: path.stem)
def test_a_sample_event_is_json(path):
    assert isinstance(json.loads(path.read_text()), dict)


def test_the_batch_holds_one_malformed_message_one_duplicate_and_eight_signals():
    records = event("execute-batch")["Records"]
    bodies = Counter(record["body"] for record in records)

    assert len({record["messageId"] for record in records}) == 10
    assert sorted(bodies.values()) == [1] * 8 + [2]
    assert sum(not is_signal(body) for body in bodies) == 1


def test_the_batch_stays_usable():
    bodies = {record["body"] for record in event("execute-batch")["Records"]}
    fresh = [Signal.model_validate_json(body) for body in bodies if is_signal(body)]

    assert len({each.signal_id for each in fresh}) == 8
    assert all(each.expires_at.year == 2099 for each in fresh)


def test_the_expired_signal_is_expired():
    (signal,) = signals("execute-expired")

    assert signal.is_expired(datetime(2026, 11, 20, tzinfo=UTC))


@pytest.mark.parametrize("name", ["generate-tick", "reconcile-tick"])
def test_a_tick_has_the_fields_the_schedule_sends(of_type, name):
    sent = [
        json.loads(each["Target"]["Input"])
        for logical_id, each in of_type("AWS::Scheduler::Schedule").items()
        if logical_id.lower().startswith(name.partition("-")[0])
    ]

    assert sent
    assert all(each.keys() == event(name).keys() for each in sent)


@pytest.mark.parametrize(
    ("name", "route"),
    [
        ("api-health", "GET /health"),
        ("api-status", "GET /api/v1/trading/status"),
        ("api-signals", "GET /api/v1/signals"),
        ("api-signal", "GET /api/v1/signals/{id}"),
        ("api-execute", "POST /api/v1/trading/execute"),
        ("api-execute-malformed", "POST /api/v1/trading/execute"),
        ("api-halt", "POST /api/v1/trading/{executor}/{action}"),
    ],
)
def test_an_api_event_calls_a_route_of_the_api(of_type, name, route):
    (api,) = of_type("AWS::ApiGatewayV2::Api").values()
    method, path = route.split()
    sent = event(name)

    assert sent["routeKey"] == route
    http = sent["requestContext"]["http"]
    assert (http["method"], http["path"]) == (method, path.format(**sent.get("pathParameters", {})))
    assert method.lower() in api["Body"]["paths"][path]


def test_the_api_is_sent_a_signal_that_is_one_and_a_malformed_one():
    good, bad = (json.loads(event(name)["body"]) for name in ("api-execute", "api-execute-malformed"))

    assert OutsideSignal.model_validate(good).as_signal(datetime(2026, 11, 20, tzinfo=UTC), timedelta(minutes=5))
    with pytest.raises(ValidationError) as refused:
        OutsideSignal.model_validate(bad)
    assert [each["loc"] for each in refused.value.errors()] == [("confidence",), ("stop_price",), ("bar_time",)]
