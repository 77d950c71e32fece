import json

import pytest

from argo.domain.account import TradingState
from tests.sam.containers import event

pytestmark = pytest.mark.sam


def ask(containers, name):
    answer = containers.invoke("ApiFunction", event(name))
    return answer["statusCode"], json.loads(answer["body"])


def test_health_is_answered(containers):
    assert ask(containers, "api-health") == (200, {"status": "ok", "mode": "simulated"})


def test_the_status_has_every_account(containers):
    status, body = ask(containers, "api-status")

    assert status == 200
    assert [each["executor"] for each in body["accounts"]] == ["argo", "prop_firm"]


def test_a_signal_from_outside_is_in_its_account_s_queue_and_pending(containers):
    status, body = ask(containers, "api-execute")

    (message,) = containers.take("argo")
    assert (status, body["pending"][0]) == (202, "argo")
    assert json.loads(message["body"])["signal_id"] == body["signal_id"]


def test_a_malformed_signal_is_refused_with_its_places(containers):
    status, body = ask(containers, "api-execute-malformed")

    assert status == 400
    assert [each["loc"][1] for each in body["errors"]] == ["confidence", "stop_price", "bar_time"]


def test_signals_are_listed_and_one_that_is_not_there_is_said_to_be_so(containers):
    assert ask(containers, "api-signals")[0] == 200
    assert ask(containers, "api-signal")[0] == 404


def test_an_account_is_halted(containers):
    status, body = ask(containers, "api-halt")

    assert (status, body["trading_state"]) == (200, TradingState.HALTED)
