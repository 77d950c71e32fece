import asyncio
from datetime import timedelta
from decimal import Decimal

from argo.domain.execution import ExecutionState
from console.summary import read_rows, sums
from simulation.broker.server import Fault
from tests.pipeline.stage import OPENS, PRICE, signals
from tests.unit.builders import a_signal


def failed(answer):
    return {item["itemIdentifier"] for item in answer["batchItemFailures"]}


def test_a_signal_becomes_a_bracket_with_its_order_id_and_legs_in_the_ledger(stage):
    signal = a_signal()
    stage.publish(signal)

    stage.poll()

    (order,) = stage.broker_orders()
    execution = stage.execution(signal)
    assert execution.state is ExecutionState.SUBMITTED
    assert execution.order_id == order.id
    assert order.client_order_id == f"argo-argo-{signal.signal_id}-entry"
    assert {leg.order_id for leg in execution.legs} == {leg.id for leg in order.legs}
    assert {leg.role for leg in execution.legs} == {"take_profit", "stop_loss"}
    assert [step.state for step in execution.history] == ["CLAIMED", "SUBMITTING", "SUBMITTED"]


def test_a17_what_was_sent_is_stored_whole(stage):
    signal = a_signal()
    stage.publish(signal)

    stage.poll()

    (order,) = stage.broker_orders()
    body = stage.execution(signal).order_body
    assert body["symbol"] == order.symbol
    assert Decimal(body["qty"]) == order.quantity
    assert Decimal(body["limit_price"]) == order.limit_price
    exits = {str(leg.type): leg for leg in order.legs}
    assert Decimal(body["take_profit"]["limit_price"]) == exits["limit"].limit_price
    assert Decimal(body["stop_loss"]["stop_price"]) == exits["stop"].stop_price


def test_a_batch_of_ten_reports_exactly_what_comes_back(stage):
    fresh = signals(8)
    stage.publish(*fresh)
    stage.send_raw(fresh[0].model_dump_json())
    stage.send_raw('{"signal_id": "nonsense"}')

    stage.poll()

    event, answer = stage.invocations[0]
    bodies = {record["messageId"]: record["body"] for record in event["Records"]}
    assert len(bodies) == 10
    twins = {key for key, body in bodies.items() if fresh[0].signal_id in body}
    assert failed(answer) <= twins
    assert len(failed(answer)) <= 1
    assert len(stage.broker_orders()) == 8
    assert {stage.execution(signal).state for signal in fresh} == {ExecutionState.SUBMITTED}
    (dead,) = stage.dead_letters()
    assert dead["Body"] == '{"signal_id": "nonsense"}'
    assert dead["MessageAttributes"]["reason"]["StringValue"] == "malformed"


def test_a_second_delivery_of_a_whole_batch_places_nothing(stage):
    stage.publish(*signals(5))
    stage.poll()

    answer = stage.redeliver()

    assert failed(answer) == set()
    assert len(stage.broker_orders()) == 5


def test_a11_a_signal_sent_in_every_cycle_is_one_order(stage):
    signal = a_signal()
    stage.publish(signal)
    for _ in range(9):
        stage.send_raw(signal.model_dump_json())

    stage.poll()
    stage.redeliver()

    assert len(stage.broker_orders()) == 1
    assert stage.execution(signal).state is ExecutionState.SUBMITTED


def test_a08_two_executors_keep_a_record_each(stage):
    signal = a_signal(confidence=Decimal(90))
    stage.publish(signal, to="argo")
    stage.publish(signal, to="prop_firm")

    stage.poll("argo")
    stage.poll("prop_firm")

    ours, theirs = stage.execution(signal, "argo"), stage.execution(signal, "prop_firm")
    assert ours.order_id == stage.broker_orders("argo")[0].id
    assert theirs.order_id == stage.broker_orders("prop_firm")[0].id
    assert ours.order_id != theirs.order_id


def test_a03_the_mode_is_on_every_record(stage):
    signal = a_signal()
    stage.publish(signal)

    stage.poll()

    assert stage.execution(signal).mode == "simulated"
    assert asyncio.run(stage.ledger.signal(signal.signal_id)).mode == "simulated"


def test_a05_a_denial_is_an_outcome_with_its_numbers_not_an_error(stage):
    signal = a_signal(confidence=Decimal(60))
    stage.publish(signal)

    stage.poll()

    execution = stage.execution(signal)
    assert failed(stage.invocations[0][1]) == set()
    assert (execution.state, execution.reason) == (ExecutionState.DENIED, "confidence_below_minimum")
    assert Decimal(execution.detail["confidence"]) == 60
    assert execution.detail["minimum_confidence"] == "75"
    assert '"level":"ERROR"' not in stage.logs.getvalue()


def test_a_denied_signal_costs_no_request_to_the_broker(stage):
    stage.publish(a_signal(confidence=Decimal(60)))

    stage.poll()

    assert stage.server.requests.total() == 0


def test_b07_an_expired_signal_is_never_sent(stage):
    signal = a_signal()
    stage.publish(signal)
    stage.pass_time(timedelta(minutes=6))

    stage.poll()

    execution = stage.execution(signal)
    assert (execution.state, execution.reason) == (ExecutionState.EXPIRED, "expired_before_delivery")
    assert stage.broker_orders() == []


def test_a_second_signal_for_a_held_symbol_is_denied_and_names_the_holder(stage):
    first = a_signal()
    second = a_signal(bar_time=first.bar_time - timedelta(minutes=1))
    stage.publish(first)
    stage.poll()
    stage.publish(second)

    stage.poll()

    execution = stage.execution(second)
    assert (execution.state, execution.reason) == (ExecutionState.DENIED, "already_positioned")
    assert execution.detail["held_by"] == first.signal_id


def test_b12_a_batch_cannot_spend_a_dollar_twice(stage):
    stage.configured("argo", base_size_percent=Decimal(40), size_cap_percent=Decimal(40), scale_size=False)
    wanting = signals(6)
    stage.publish(*wanting)

    stage.poll()

    account = stage.server.broker.accounts["argo"]
    reserved = stage.account().reserved_notional
    sent = sum(order.quantity * order.limit_price for order in stage.broker_orders())
    assert reserved == sent
    assert 0 < reserved <= 2 * account.settings.cash
    assert {stage.execution(signal).state for signal in wanting} <= {
        ExecutionState.SUBMITTED,
        ExecutionState.DENIED,
    }


def test_a_refused_order_is_rejected_with_the_brokers_words_and_gives_its_reservation_back(stage):
    signal = a_signal()
    stage.publish(signal)
    stage.server.faults.add(
        Fault(
            method="POST",
            path="/v2/orders",
            status=422,
            body={
                "code": 42210000,
                "message": "take_profit.limit_price must be >= base_price + 0.01",
                "base_price": "111.5",
            },
        )
    )

    stage.poll()

    execution = stage.execution(signal)
    assert (execution.state, execution.reason) == (ExecutionState.REJECTED, "bracket_geometry")
    assert execution.detail["base_price"] == "111.5"
    assert execution.detail["code"] == "42210000"
    assert stage.account().reserved_notional == 0


def test_a12_an_order_that_was_taken_before_the_connection_broke_is_found_not_sent_again(stage):
    signal = a_signal()
    stage.publish(signal)
    stage.server.faults.add(Fault(method="POST", path="/v2/orders", after=True, drop=True))

    stage.poll()

    (order,) = stage.broker_orders()
    assert stage.execution(signal).order_id == order.id
    assert stage.server.requests["POST /v2/orders"] == 1


def test_b02_an_order_of_unknown_fate_is_sent_again_only_after_two_look_ups(stage):
    signal = a_signal()
    stage.publish(signal)
    stage.server.faults.add(Fault(method="POST", path="/v2/orders", drop=True))

    stage.poll()
    unknown = stage.execution(signal)
    stage.pass_time(timedelta(seconds=20))
    stage.redeliver()

    assert unknown.state is ExecutionState.UNKNOWN
    assert stage.execution(signal).state is ExecutionState.SUBMITTED
    assert len(stage.broker_orders()) == 1
    assert stage.server.requests["GET /v2/orders:by_client_order_id"] == 2
    assert stage.server.requests["POST /v2/orders"] == 2


def test_a19_no_answer_about_the_account_means_no_new_risk(stage):
    signal = a_signal()
    stage.publish(signal)
    stage.server.faults.add(Fault(method="GET", path="/v2/account", status=502, body="<html>bad gateway</html>"))

    stage.poll()

    execution = stage.execution(signal)
    event, answer = stage.invocations[0]
    assert (execution.state, execution.obstacle) == (ExecutionState.CLAIMED, "broker_unreachable")
    assert failed(answer) == {event["Records"][0]["messageId"]}
    assert stage.broker_orders() == []


def test_a19_a_silent_broker_is_asked_for_the_account_once_per_batch(stage):
    sent = signals(6)
    stage.publish(*sent)
    stage.server.faults.add(Fault(method="GET", path="/v2/account", drop=True, times=100))

    stage.poll()

    assert stage.server.requests["GET /v2/account"] == 1
    assert {stage.execution(signal).obstacle for signal in sent} == {"broker_unreachable"}
    assert len(failed(stage.invocations[0][1])) == 6


def test_refused_credentials_halt_the_account_and_the_signal_waits(stage):
    signal, other = signals(2)
    stage.publish(signal)
    stage.server.faults.add(Fault(method="POST", path="/v2/orders", status=401, body={"message": "unauthorized."}))

    stage.poll()
    stage.publish(other)
    stage.poll()

    account = stage.account()
    assert account.trading_state == "HALTED"
    assert account.reserved_notional == 0
    waiting = stage.execution(signal)
    assert (waiting.state, waiting.obstacle) == (ExecutionState.CLAIMED, "broker_unauthorised")
    assert stage.execution(other).reason == "halted"


def test_a_throttled_signal_comes_back_when_the_limit_resets(stage):
    signal = a_signal()
    stage.publish(signal)
    reset = stage.clock.now() + timedelta(seconds=20)
    stage.server.faults.add(
        Fault(
            method="POST",
            path="/v2/orders",
            status=429,
            body={"message": "too many requests."},
            headers={"X-RateLimit-Reset": str(int(reset.timestamp()))},
        )
    )

    stage.poll()
    waiting = stage.execution(signal)
    stage.pass_time(timedelta(seconds=20))
    stage.redeliver()

    assert (waiting.state, waiting.lease_until) == (ExecutionState.CLAIMED, reset)
    assert stage.execution(signal).state is ExecutionState.SUBMITTED
    assert len(stage.broker_orders()) == 1


def test_records_that_begin_too_late_are_given_back_untouched(stage):
    signal = a_signal()
    stage.publish(signal)
    stage.poll()
    event, _ = stage.invocations[0]
    late = a_signal(symbol="MSFT")
    event["Records"][0]["body"] = late.model_dump_json()

    answer = stage.redeliver(event, seconds_left=3.0)

    assert failed(answer) == {event["Records"][0]["messageId"]}
    assert stage.execution(late) is None


def test_the_ledger_follows_fills_and_exits_to_the_cent(stage):
    signal = a_signal()
    stage.publish(signal)
    stage.poll()
    stage.reconcile()
    filled = stage.execution(signal)
    stage.set_price("AAPL", Decimal(111))

    stage.reconcile()

    closed = stage.execution(signal)
    account = stage.server.broker.accounts["argo"]
    assert (filled.state, closed.state) == (ExecutionState.FILLED, ExecutionState.CLOSED)
    assert closed.realised_profit == account.cash - account.settings.cash
    assert closed.realised_profit > 0
    assert stage.account().reserved_notional == 0
    again = a_signal(bar_time=signal.bar_time - timedelta(minutes=1))
    stage.publish(again)
    stage.poll()
    assert stage.execution(again).state is ExecutionState.SUBMITTED


def test_an_entry_that_outlives_its_signal_is_cancelled(stage):
    signal = a_signal(entry_price=PRICE - 2, stop_price=Decimal(93))
    stage.publish(signal)
    stage.poll()
    stage.pass_time(timedelta(minutes=6))

    stage.reconcile()

    assert stage.execution(signal).state is ExecutionState.CANCELED
    assert stage.broker_orders()[0].status == "canceled"
    assert stage.account().reserved_notional == 0


def test_a16_entry_and_both_exits_are_one_request(stage):
    signal = a_signal()
    stage.publish(signal)

    stage.poll()

    (order,) = stage.broker_orders()
    assert stage.server.requests["POST /v2/orders"] == 1
    assert {str(leg.type) for leg in order.legs} == {"limit", "stop"}
    assert all(leg.is_open for leg in order.legs)


def test_b01_signals_that_all_fail_are_not_called_done(stage):
    sent = signals(8)
    stage.publish(*sent)
    refusal = {"code": 40310000, "message": "insufficient buying power"}
    stage.server.faults.add(Fault(method="POST", path="/v2/orders", status=403, body=refusal, times=8))

    stage.poll()

    rows = asyncio.run(read_rows(stage.ledger, ("argo",), [f"{OPENS:%Y-%m-%d}"]))
    (account,) = sums(rows, ("argo",))
    assert (account.signals, account.with_order, account.rejected, account.gap) == (8, 0, 8, 0)
    assert account.is_silent
    assert account.execution_rate == 0


def test_b04_the_same_signal_in_a_new_message_long_after_is_still_one_order(stage):
    signal = a_signal(expires_at=OPENS + timedelta(hours=2))
    stage.publish(signal)
    stage.poll()
    stage.pass_time(timedelta(hours=1))
    stage.send_raw(signal.model_dump_json())

    stage.poll()

    assert len(stage.broker_orders()) == 1
    assert stage.server.requests["POST /v2/orders"] == 1


def test_b05_an_exception_after_the_order_leaves_its_record(stage):
    signal = a_signal()
    stage.publish(signal)
    stage.server.faults.add(Fault(method="POST", path="/v2/orders", after=True, status=200, body="<html>"))
    stage.server.faults.add(Fault(path="/v2/orders:by_client_order_id", drop=True))

    stage.poll()
    uncertain = stage.execution(signal)
    stage.pass_time(timedelta(seconds=50))
    stage.redeliver()

    assert (uncertain.state, bool(uncertain.order_body)) == (ExecutionState.UNKNOWN, True)
    assert stage.execution(signal).order_id == stage.broker_orders()[0].id
    assert stage.server.requests["POST /v2/orders"] == 1
