import json

import pytest

from console.paths import PROJECT
from trading_api.handler import lambda_handler

EVENTS = PROJECT / "events"
ROUTES = [
    ("GET", "/api/v1/trading/status"),
    ("POST", "/api/v1/trading/execute"),
    ("GET", "/api/v1/signals"),
    ("GET", "/api/v1/signals/0123456789abcdef01234567"),
    ("POST", "/api/v1/trading/argo/halt"),
    ("POST", "/api/v1/trading/prop_firm/reduce"),
    ("POST", "/api/v1/trading/argo/resume"),
]


@pytest.fixture(autouse=True)
def simulated(monkeypatch):
    monkeypatch.setenv("ARGO_MODE", "simulated")


def sample(name):
    return json.loads((EVENTS / f"api-{name}.json").read_text(encoding="utf-8"))


def a_request(method, path):
    """Build a request from the sample of a health check."""
    event = sample("health")
    http = event["requestContext"]["http"] | {"method": method, "path": path}
    context = event["requestContext"] | {"http": http, "routeKey": f"{method} {path}"}
    return event | {"rawPath": path, "routeKey": f"{method} {path}", "requestContext": context}


def answer(event):
    found = lambda_handler(event, None)
    return found["statusCode"], json.loads(found["body"])


@pytest.mark.parametrize("mode", ["live", "paper", "simulated"])
def test_a03_health_says_which_mode_it_runs_in(monkeypatch, mode):
    monkeypatch.setenv("ARGO_MODE", mode)

    status, body = answer(sample("health"))

    assert (status, body) == (200, {"status": "ok", "mode": mode})


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a09_a_route_that_is_not_built_yet_says_so(method, path):
    status, body = answer(a_request(method, path))

    assert (status, body["statusCode"]) == (501, 501)
    assert f"{method} {path}" in body["message"]


@pytest.mark.parametrize("name", ["execute", "signals", "status"])
def test_the_sample_events_reach_routes_that_are_not_built_yet(name):
    event = sample(name)

    status, body = answer(event)

    assert status == 501
    assert event["routeKey"] in body["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/api/v1/orders"),
        ("POST", "/health"),
        ("GET", "/api/v1/trading/execute"),
        ("DELETE", "/api/v1/signals"),
        ("GET", "/api/v1/trading/argo/halt"),
    ],
)
def test_a01_a_route_that_does_not_exist_is_not_found(method, path):
    status, body = answer(a_request(method, path))

    assert (status, body) == (404, {"message": "no such route"})


def test_the_answer_is_json():
    found = [lambda_handler(a_request("GET", path), None) for path in ("/health", "/nowhere", ROUTES[0][1])]

    kinds = [each.get("headers", {}).get("Content-Type") for each in found]
    assert kinds == ["application/json"] * 3
