"""The sample batch: eight signals, one of them delivered twice, and one message that is none."""

import json
from collections import Counter

import pytest

from argo.domain.client_order_ids import client_order_id
from argo.domain.execution import ExecutionState
from argo.domain.reasons import DenialReason
from tests.sam.containers import event

pytestmark = pytest.mark.sam

BATCH = event("execute-batch")
MALFORMED, FIRST, AGAIN = (BATCH["Records"][index] for index in (3, 0, 6))
SIGNALS = {
    body["signal_id"]: body
    for body in (json.loads(each["body"]) for each in BATCH["Records"] if each != MALFORMED)
}
NOTHING_COMES_BACK = {"batchItemFailures": []}


@pytest.fixture(scope="module")
def answer(containers):
    return containers.execute("argo", BATCH)


@pytest.fixture(scope="module")
def executions(containers, answer):  # noqa: ARG001 - once they are executed
    return {signal_id: containers.execution(signal_id, "argo") for signal_id in SIGNALS}


def test_the_batch_is_what_these_tests_say():
    assert len(SIGNALS) == 8
    assert FIRST["body"] == AGAIN["body"]


def test_only_a_copy_that_met_its_twin_comes_back(answer):
    back = [each["itemIdentifier"] for each in answer["batchItemFailures"]]

    assert len(back) <= 1
    assert set(back) <= {FIRST["messageId"], AGAIN["messageId"]}


def test_the_malformed_message_is_set_aside_with_its_reason(containers, answer):
    (letter,) = containers.dead_letters("argo")

    assert letter["Body"] == MALFORMED["body"]
    assert letter["MessageAttributes"]["reason"]["StringValue"] == "malformed"
    assert letter["MessageAttributes"]["detail"]["StringValue"].startswith("not JSON")
    assert MALFORMED["messageId"] not in str(answer)


def test_every_signal_has_an_order_or_the_reason_why_not(executions):
    states = Counter(each.state for each in executions.values())

    assert states == {ExecutionState.SUBMITTED: 5, ExecutionState.DENIED: 3}
    for execution in executions.values():
        denied = execution.state is ExecutionState.DENIED
        assert bool(execution.order_id) != denied
        assert execution.reason == (DenialReason.ALREADY_POSITIONED if denied else None)


def test_one_order_a_symbol_stands_at_the_broker_with_the_prices_of_its_signal(containers, executions):
    orders = containers.orders("argo")

    assert sorted(order.symbol for order in orders.values()) == ["AAPL", "FB", "GOOG", "IBM", "MSFT"]
    for execution in executions.values():
        order = orders.get(client_order_id("argo", execution.signal_id))
        assert (order is None) == (execution.state is ExecutionState.DENIED)
        if order is not None:
            signal = SIGNALS[execution.signal_id]
            profit, stop = sorted(order.legs, key=lambda leg: leg.type)
            assert execution.order_id == order.id
            assert {leg.order_id for leg in execution.legs} == {profit.id, stop.id}
            assert str(profit.limit_price) == signal["target_price"]
            assert str(stop.stop_price) == signal["stop_price"]


def test_the_batch_delivered_again_places_no_further_order(containers, executions):
    before = set(containers.orders("argo"))

    assert containers.execute("argo", BATCH) == NOTHING_COMES_BACK
    assert set(containers.orders("argo")) == before
    assert {each: containers.execution(each, "argo") for each in SIGNALS} == executions


def test_an_expired_signal_ends_as_such_without_an_order(containers):
    expired = event("execute-expired")
    signal_id = json.loads(expired["Records"][0]["body"])["signal_id"]

    assert containers.execute("argo", expired) == NOTHING_COMES_BACK
    execution = containers.execution(signal_id, "argo")
    assert (execution.state, execution.reason) == (ExecutionState.EXPIRED, "expired_before_delivery")
    assert client_order_id("argo", signal_id) not in containers.orders("argo")


def test_reconciling_fills_what_the_market_met_and_leaves_what_rests(containers, executions):
    report = containers.reconcile("argo")
    with_order = [each for each in executions.values() if each.order_id]
    states = {each.symbol: containers.execution(each.signal_id, "argo").state for each in with_order}

    assert report["moved"] == {"FILLED": 4}
    assert states == dict.fromkeys(["AAPL", "FB", "IBM", "MSFT"], "FILLED") | {"GOOG": "SUBMITTED"}
