import asyncio
from datetime import timedelta

from argo.conservation import read_rows
from argo.domain.conservation import sums
from argo.domain.execution import ExecutionState
from simulation.broker.server import Fault
from tests.pipeline.stage import OPENS, failed, signals
from tests.unit.builders import a_signal


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


def test_b02_a_throttled_second_sending_does_not_make_the_first_one_known(stage):
    signal = a_signal()
    stage.publish(signal)
    stage.server.faults.add(Fault(method="POST", path="/v2/orders", drop=True))
    stage.server.faults.add(Fault(method="POST", path="/v2/orders", status=429, body={"message": "too many"}))
    stage.poll()
    stage.pass_time(timedelta(seconds=20))
    stage.redeliver()
    throttled = stage.execution(signal)

    for _ in range(2):
        stage.pass_time(timedelta(seconds=20))
        stage.redeliver()

    assert (throttled.state, throttled.obstacle) == (ExecutionState.UNKNOWN, "broker_throttled")
    assert throttled.reserved_notional > 0
    assert stage.execution(signal).state is ExecutionState.SUBMITTED
    assert len(stage.broker_orders()) == 1


def test_a_poison_message_that_cannot_be_set_aside_is_logged_and_comes_back(stage):
    stage.send_raw("poison")
    stage.sqs.delete_queue(QueueUrl=stage.resources.dead_letter_queues["argo"])

    stage.poll()

    event, answer = stage.invocations[0]
    assert failed(answer) == {event["Records"][0]["messageId"]}
    assert "record_failed" in stage.logs.getvalue()
