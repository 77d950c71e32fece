import asyncio
from datetime import timedelta
from decimal import Decimal

from argo.domain.execution import ExecutionState
from tests.pipeline.pipeline import OPENS, PRICE, failed, signals
from tests.unit.builders import a_signal


def test_a_signal_becomes_a_bracket_with_its_order_id_and_legs_in_the_ledger(pipeline):
    signal = a_signal()
    pipeline.publish(signal)

    pipeline.poll()

    (order,) = pipeline.broker_orders()
    execution = pipeline.execution(signal)
    assert execution.state is ExecutionState.SUBMITTED
    assert execution.order_id == order.id
    assert order.client_order_id == f"argo-argo-{signal.signal_id}-entry"
    assert {leg.order_id for leg in execution.legs} == {leg.id for leg in order.legs}
    assert {leg.role for leg in execution.legs} == {"take_profit", "stop_loss"}
    assert [step.state for step in execution.history] == ["CLAIMED", "SUBMITTING", "SUBMITTED"]


def test_a17_what_was_sent_is_stored_whole(pipeline):
    signal = a_signal()
    pipeline.publish(signal)

    pipeline.poll()

    (order,) = pipeline.broker_orders()
    body = pipeline.execution(signal).order_body
    assert body["symbol"] == order.symbol
    assert Decimal(body["qty"]) == order.quantity
    assert Decimal(body["limit_price"]) == order.limit_price
    exits = {str(leg.type): leg for leg in order.legs}
    assert Decimal(body["take_profit"]["limit_price"]) == exits["limit"].limit_price
    assert Decimal(body["stop_loss"]["stop_price"]) == exits["stop"].stop_price


def test_a_batch_of_ten_reports_exactly_what_comes_back(pipeline):
    fresh = signals(8)
    pipeline.publish(*fresh)
    pipeline.send_raw(fresh[0].model_dump_json())
    pipeline.send_raw('{"signal_id": "nonsense"}')

    pipeline.poll()

    event, answer = pipeline.invocations[0]
    bodies = {record["messageId"]: record["body"] for record in event["Records"]}
    assert len(bodies) == 10
    twins = {key for key, body in bodies.items() if fresh[0].signal_id in body}
    assert failed(answer) <= twins
    assert len(failed(answer)) <= 1
    assert len(pipeline.broker_orders()) == 8
    assert {pipeline.execution(signal).state for signal in fresh} == {ExecutionState.SUBMITTED}
    (dead,) = pipeline.dead_letters()
    assert dead["Body"] == '{"signal_id": "nonsense"}'
    assert dead["MessageAttributes"]["reason"]["StringValue"] == "malformed"


def test_a_second_delivery_of_a_whole_batch_places_nothing(pipeline):
    pipeline.publish(*signals(5))
    pipeline.poll()

    answer = pipeline.redeliver()

    assert failed(answer) == set()
    assert len(pipeline.broker_orders()) == 5


def test_a11_a_signal_sent_in_every_cycle_is_one_order(pipeline):
    signal = a_signal()
    pipeline.publish(signal)
    for _ in range(9):
        pipeline.send_raw(signal.model_dump_json())

    pipeline.poll()
    pipeline.redeliver()

    assert len(pipeline.broker_orders()) == 1
    assert pipeline.execution(signal).state is ExecutionState.SUBMITTED


def test_a08_two_executors_keep_a_record_each(pipeline):
    signal = a_signal(confidence=Decimal(90))
    pipeline.publish(signal, to="argo")
    pipeline.publish(signal, to="prop_firm")

    pipeline.poll("argo")
    pipeline.poll("prop_firm")

    ours, theirs = pipeline.execution(signal, "argo"), pipeline.execution(signal, "prop_firm")
    assert ours.order_id == pipeline.broker_orders("argo")[0].id
    assert theirs.order_id == pipeline.broker_orders("prop_firm")[0].id
    assert ours.order_id != theirs.order_id


def test_a03_the_mode_is_on_every_record(pipeline):
    signal = a_signal()
    pipeline.publish(signal)

    pipeline.poll()

    assert pipeline.execution(signal).mode == "simulated"
    assert asyncio.run(pipeline.ledger.signal(signal.signal_id)).mode == "simulated"


def test_a05_a_denial_is_an_outcome_with_its_numbers_not_an_error(pipeline):
    signal = a_signal(confidence=Decimal(60))
    pipeline.publish(signal)

    pipeline.poll()

    execution = pipeline.execution(signal)
    assert failed(pipeline.invocations[0][1]) == set()
    assert (execution.state, execution.reason) == (ExecutionState.DENIED, "confidence_below_minimum")
    assert Decimal(execution.detail["confidence"]) == 60
    assert execution.detail["minimum_confidence"] == "75"
    assert '"level":"ERROR"' not in pipeline.logs.getvalue()


def test_a_denied_signal_costs_no_request_to_the_broker(pipeline):
    pipeline.publish(a_signal(confidence=Decimal(60)))

    pipeline.poll()

    assert pipeline.server.requests.total() == 0


def test_b07_an_expired_signal_is_never_sent(pipeline):
    signal = a_signal()
    pipeline.publish(signal)
    pipeline.pass_time(timedelta(minutes=6))

    pipeline.poll()

    execution = pipeline.execution(signal)
    assert (execution.state, execution.reason) == (ExecutionState.EXPIRED, "expired_before_delivery")
    assert pipeline.broker_orders() == []


def test_a_second_signal_for_a_held_symbol_is_denied_and_names_the_holder(pipeline):
    first = a_signal()
    second = a_signal(bar_time=first.bar_time - timedelta(minutes=1))
    pipeline.publish(first)
    pipeline.poll()
    pipeline.publish(second)

    pipeline.poll()

    execution = pipeline.execution(second)
    assert (execution.state, execution.reason) == (ExecutionState.DENIED, "already_positioned")
    assert execution.detail["held_by"] == first.signal_id


def test_b12_a_batch_cannot_spend_a_dollar_twice(pipeline):
    pipeline.configured("argo", base_size_percent=Decimal(40), size_cap_percent=Decimal(40), scale_size=False)
    wanting = signals(6)
    pipeline.publish(*wanting)

    pipeline.poll()

    account = pipeline.server.broker.accounts["argo"]
    reserved = pipeline.account().reserved_notional
    sent = sum(order.quantity * order.limit_price for order in pipeline.broker_orders())
    assert reserved == sent
    assert 0 < reserved <= 2 * account.settings.cash
    assert {pipeline.execution(signal).state for signal in wanting} <= {
        ExecutionState.SUBMITTED,
        ExecutionState.DENIED,
    }


def test_the_ledger_follows_fills_and_exits_to_the_cent(pipeline):
    signal = a_signal()
    pipeline.publish(signal)
    pipeline.poll()
    pipeline.reconcile()
    filled = pipeline.execution(signal)
    pipeline.set_price("AAPL", Decimal(111))

    pipeline.reconcile()

    closed = pipeline.execution(signal)
    account = pipeline.server.broker.accounts["argo"]
    assert (filled.state, closed.state) == (ExecutionState.FILLED, ExecutionState.CLOSED)
    assert closed.realised_profit == account.cash - account.settings.cash
    assert closed.realised_profit > 0
    assert pipeline.account().reserved_notional == 0
    again = a_signal(bar_time=signal.bar_time - timedelta(minutes=1))
    pipeline.publish(again)
    pipeline.poll()
    assert pipeline.execution(again).state is ExecutionState.SUBMITTED


def test_an_entry_that_outlives_its_signal_is_cancelled(pipeline):
    signal = a_signal(entry_price=PRICE - 2, stop_price=Decimal(93))
    pipeline.publish(signal)
    pipeline.poll()
    pipeline.pass_time(timedelta(minutes=6))

    pipeline.reconcile()

    assert pipeline.execution(signal).state is ExecutionState.CANCELED
    assert pipeline.broker_orders()[0].status == "canceled"
    assert pipeline.account().reserved_notional == 0


def test_a16_entry_and_both_exits_are_one_request(pipeline):
    signal = a_signal()
    pipeline.publish(signal)

    pipeline.poll()

    (order,) = pipeline.broker_orders()
    assert pipeline.server.requests["POST /v2/orders"] == 1
    assert {str(leg.type) for leg in order.legs} == {"limit", "stop"}
    assert all(leg.is_open for leg in order.legs)


def test_b04_the_same_signal_in_a_new_message_long_after_is_still_one_order(pipeline):
    signal = a_signal(expires_at=OPENS + timedelta(hours=2))
    pipeline.publish(signal)
    pipeline.poll()
    pipeline.pass_time(timedelta(hours=1))
    pipeline.send_raw(signal.model_dump_json())

    pipeline.poll()

    assert len(pipeline.broker_orders()) == 1
    assert pipeline.server.requests["POST /v2/orders"] == 1
