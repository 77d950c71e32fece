import base64
import json
from datetime import timedelta

import pytest

from argo.domain.account import TradingState
from argo.domain.ledger import ReservationConflict
from argo.domain.lists import Unreadable, UnreadableRecord
from argo.ports import Unavailable
from tests.unit.api.counter import a_request
from tests.unit.builders import NOW
from trading_api import document
from trading_api.routes import answer, app
from worlds.paths import TEMPLATE
from worlds.template import read_template

NO_TIME = timedelta()


def test_a03_health_says_which_mode_it_runs_in(counter):
    assert counter.ask("GET", "/health") == (200, {"status": "ok", "mode": "simulated"})


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
def test_a01_a_route_that_does_not_exist_is_not_found(counter, method, path):
    status, body = counter.ask(method, path)

    assert (status, body["error"]) == (404, "no_such_route")


def test_a35_every_route_of_the_code_is_a_signed_route_of_the_template():
    resources = read_template(TEMPLATE)["Resources"]
    events = resources["ApiFunction"]["Properties"]["Events"].values()
    declared = {
        (each["Properties"]["Method"].lower(), each["Properties"]["Path"].replace("{id}", "{signal_id}"))
        for each in events
    }
    served = {(method, path) for path, methods in document.of(app)["paths"].items() for method in methods}

    assert declared == served
    assert resources["HttpApi"]["Properties"]["Auth"]["DefaultAuthorizer"] == "AWS_IAM"
    assert not any("Auth" in each["Properties"] for each in events)


def test_the_document_says_what_is_answered(counter):
    status, found = counter.ask("GET", "/openapi.json")

    execute = found["paths"]["/api/v1/trading/execute"]["post"]
    assert (status, found["openapi"][:3], found["security"]) == (200, "3.1", [{"AWS_IAM": []}])
    assert execute["responses"].keys() == {"200", "202", "400", "415", "500", "503"}
    assert "422" not in json.dumps(found["paths"])


@pytest.mark.parametrize(
    ("action", "state"),
    [("halt", TradingState.HALTED), ("reduce", TradingState.REDUCING), ("resume", TradingState.ACTIVE)],
)
def test_an_operator_sets_what_an_account_may_do_with_a_reason(counter, action, state):
    status, body = counter.ask("POST", f"/api/v1/trading/argo/{action}", {"reason": "looks odd"})

    account = counter.ledger.accounts["argo"]
    assert (status, body["before"], body["trading_state"], body["reason"]) == (200, "ACTIVE", state, "looks odd")
    assert (account.trading_state, account.state_reason, account.state_since) == (state, "looks odd", NOW)
    assert counter.ledger.accounts["prop_firm"].state_reason is None


@pytest.mark.parametrize(
    ("path", "body", "status", "wrong"),
    [
        ("/api/v1/trading/argo/halt", {}, 400, ["body", "reason"]),
        ("/api/v1/trading/argo/halt", {"reason": " "}, 400, ["body", "reason"]),
        ("/api/v1/trading/argo/halt", {"reason": "x", "force": True}, 400, ["body", "force"]),
        ("/api/v1/trading/argo/sell", {"reason": "x"}, 400, ["path", "action"]),
        ("/api/v1/trading/nobody/halt", {"reason": "x"}, 404, None),
    ],
)
def test_a_wrong_change_changes_nothing_and_says_where_it_is_wrong(counter, path, body, status, wrong):
    before = dict(counter.ledger.accounts)

    found, answered = counter.ask("POST", path, body)

    assert found == status
    assert [each["loc"] for each in answered.get("errors", [])] == ([wrong] if wrong else [])
    assert answered["error"] == ("invalid_request" if wrong else "unknown_account")
    assert counter.ledger.accounts == before


@pytest.mark.parametrize(
    "raw",
    [
        None,
        "",
        "{",
        "null",
        "[]",
        '"x"',
        "[" * 100_000,
        '{"confidence": NaN}',
        "9" * 5_000,
        "\ud800",
        "1e" + "9" * 30,
    ],
)
def test_a_body_that_is_no_signal_is_refused_with_its_place(counter, raw):
    status, body = counter.ask("POST", "/api/v1/trading/execute", raw=raw)

    assert (status, body["error"]) == (400, "invalid_request")
    assert all(each["loc"][0] == "body" for each in body["errors"])
    assert counter.ledger.signals == {}


def test_a_body_that_is_not_text_is_refused(counter):
    event = a_request("POST", "/api/v1/trading/execute", base64.b64encode(b"\xff\xfe").decode())

    found = answer(event | {"isBase64Encoded": True}, None, counter.wiring, timedelta(seconds=29))

    assert found["statusCode"] == 400


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"requestContext": ...}, ["requestContext"]),
        ({"requestContext": {"stage": "$default"}}, ["requestContext", "http"]),
        ({"rawPath": None}, ["rawPath"]),
        ({"headers": {"content-type": None}}, ["headers", "content-type"]),
        ({"body": 7}, ["body"]),
    ],
)
def test_an_event_that_is_no_request_is_refused_with_its_place(counter, changes, wrong):
    event = a_request("GET", "/health") | changes

    found = answer({name: each for name, each in event.items() if each is not ...}, None, counter.wiring, NO_TIME)

    assert found["statusCode"] == 400
    assert [each["loc"] for each in json.loads(found["body"])["errors"]] == [wrong]


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data", "application/x-www-form-urlencoded"])
def test_a_body_of_another_type_is_refused(counter, kind):
    status, body = counter.ask("POST", "/api/v1/trading/execute", raw="x=1", content_type=kind)

    assert (status, body["error"]) == (415, "unsupported_content_type")


def test_a_busy_account_is_asked_for_again(counter):
    async def changing(executor):
        raise ReservationConflict(f"the account {executor} changed while it was read")

    counter.ledger.account = changing

    status, body = counter.ask("GET", "/api/v1/trading/status")

    assert (status, body["error"]) == (503, "busy")


def test_c01_a_halt_that_aws_stands_in_the_way_of_is_not_confirmed(counter):
    async def throttled(*_, **__):
        raise Unavailable("ThrottlingException")

    counter.ledger.set_trading_state = throttled

    status, body = counter.ask("POST", "/api/v1/trading/argo/halt", {"reason": "a person"})

    assert (status, body["error"]) == (503, "unavailable")


def test_c01_a_halt_does_not_wait_for_an_account_that_cannot_be_read(counter):
    async def changing(executor):
        raise ReservationConflict(f"the account {executor} changed while it was read")

    counter.ledger.account = changing

    status, body = counter.ask("POST", "/api/v1/trading/argo/halt", {"reason": "a person"})

    assert (status, body["before"], body["trading_state"]) == (200, None, "HALTED")


def test_c17_a_record_that_cannot_be_read_is_named(counter):
    async def later(signal_id):
        raise UnreadableRecord(Unreadable(f"signal {signal_id}", "schema_version 2"))

    counter.ledger.signal = later

    status, body = counter.ask("GET", f"/api/v1/signals/{'a' * 24}")

    assert (status, body["error"]) == (500, "unreadable_record")
    assert f"signal {'a' * 24}: schema_version 2" in body["message"]


def test_the_answer_is_json(counter):
    for path in ("/health", "/nowhere", "/api/v1/signals?limit=0"):
        found = answer(a_request("GET", path), None, counter.wiring, timedelta(seconds=29))

        assert found["headers"]["Content-Type"] == "application/json"
