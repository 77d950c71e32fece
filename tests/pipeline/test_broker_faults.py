import asyncio
from datetime import timedelta

from argo.domain.account import TradingState
from argo.domain.conservation import sums
from argo.domain.execution import ExecutionState
from argo.records import of_days
from argo.time_left import LEAST_SECONDS
from simulation.broker.server import BackgroundServer, Fault
from tests.pipeline.pipeline import OPENS, Pipeline, a_broker, failed, signals
from tests.unit.builders import a_signal
from worlds.paths import TEMPLATE


def test_a_refused_order_is_rejected_with_the_brokers_words_and_gives_its_reservation_back(pipeline):
    signal = a_signal()
    pipeline.publish(signal)
    pipeline.server.faults.add(
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

    pipeline.poll()

    execution = pipeline.execution(signal)
    assert (execution.state, execution.reason) == (ExecutionState.REJECTED, "bracket_geometry")
    assert execution.detail["base_price"] == "111.5"
    assert execution.detail["code"] == "42210000"
    assert pipeline.account().reserved_notional == 0


def test_a12_an_order_that_was_taken_before_the_connection_broke_is_found_not_sent_again(pipeline):
    signal = a_signal()
    pipeline.publish(signal)
    pipeline.server.faults.add(Fault(method="POST", path="/v2/orders", after=True, drop=True))

    pipeline.poll()

    (order,) = pipeline.broker_orders()
    assert pipeline.execution(signal).order_id == order.id
    assert pipeline.server.requests["POST /v2/orders"] == 1


def test_b02_an_order_of_unknown_fate_is_sent_again_only_after_two_look_ups(pipeline):
    signal = a_signal()
    pipeline.publish(signal)
    pipeline.server.faults.add(Fault(method="POST", path="/v2/orders", drop=True))

    pipeline.poll()
    unknown = pipeline.execution(signal)
    pipeline.pass_time(timedelta(seconds=20))
    pipeline.redeliver()

    assert unknown.state is ExecutionState.UNKNOWN
    assert pipeline.execution(signal).state is ExecutionState.SUBMITTED
    assert len(pipeline.broker_orders()) == 1
    assert pipeline.server.requests["GET /v2/orders:by_client_order_id"] == 2
    assert pipeline.server.requests["POST /v2/orders"] == 2


def test_a19_no_answer_about_the_account_means_no_new_risk(pipeline):
    signal = a_signal()
    pipeline.publish(signal)
    pipeline.server.faults.add(
        Fault(method="GET", path="/v2/account", status=502, body="<html>bad gateway</html>")
    )

    pipeline.poll()

    execution = pipeline.execution(signal)
    event, answer = pipeline.invocations[0]
    assert (execution.state, execution.obstacle) == (ExecutionState.CLAIMED, "broker_unreachable")
    assert failed(answer) == {event["Records"][0]["messageId"]}
    assert pipeline.broker_orders() == []


def test_a19_a_silent_broker_is_asked_for_the_account_once_per_batch(pipeline):
    sent = signals(6)
    pipeline.publish(*sent)
    pipeline.server.faults.add(Fault(method="GET", path="/v2/account", drop=True, times=100))

    pipeline.poll()

    assert pipeline.server.requests["GET /v2/account"] == 1
    assert {pipeline.execution(signal).obstacle for signal in sent} == {"broker_unreachable"}
    assert len(failed(pipeline.invocations[0][1])) == 6


def test_refused_credentials_halt_the_account_and_the_signal_waits(pipeline):
    signal, other = signals(2)
    pipeline.publish(signal)
    pipeline.server.faults.add(
        Fault(method="POST", path="/v2/orders", status=401, body={"message": "unauthorized."})
    )

    pipeline.poll()
    pipeline.publish(other)
    pipeline.poll()

    account = pipeline.account()
    assert account.trading_state == "HALTED"
    assert account.reserved_notional == 0
    waiting = pipeline.execution(signal)
    assert (waiting.state, waiting.obstacle) == (ExecutionState.CLAIMED, "broker_unauthorised")
    assert pipeline.execution(other).reason == "halted"


def test_a34_a_signal_that_met_refused_credentials_waits_for_the_halt_and_is_denied_for_what_stands_after_it(
    pipeline,
):
    signal = a_signal()
    pipeline.publish(signal)
    pipeline.server.faults.add(
        Fault(method="POST", path="/v2/orders", status=401, body={"message": "unauthorized."})
    )
    pipeline.poll()

    pipeline.pass_time(timedelta(seconds=15))
    pipeline.redeliver()
    halted = pipeline.execution(signal)
    pipeline.set_trading_state(TradingState.REDUCING, reason="the key works, the year ends")
    pipeline.pass_time(timedelta(seconds=15))
    pipeline.redeliver(receives=3)

    assert (halted.state, halted.obstacle) == (ExecutionState.CLAIMED, "broker_unauthorised")
    denied = pipeline.execution(signal)
    assert (denied.state, denied.reason) == (ExecutionState.DENIED, "reducing_only")
    assert denied.detail["because"] == "the key works, the year ends"


def test_a_throttled_signal_comes_back_when_the_limit_resets(pipeline):
    signal = a_signal()
    pipeline.publish(signal)
    reset = pipeline.clock.now() + timedelta(seconds=20)
    pipeline.server.faults.add(
        Fault(
            method="POST",
            path="/v2/orders",
            status=429,
            body={"message": "too many requests."},
            headers={"X-RateLimit-Reset": str(int(reset.timestamp()))},
        )
    )

    pipeline.poll()
    waiting = pipeline.execution(signal)
    pipeline.pass_time(timedelta(seconds=20))
    pipeline.redeliver()

    assert (waiting.state, waiting.lease_until) == (ExecutionState.CLAIMED, reset)
    assert pipeline.execution(signal).state is ExecutionState.SUBMITTED
    assert len(pipeline.broker_orders()) == 1


def test_records_that_begin_too_late_are_given_back_untouched(pipeline):
    signal = a_signal()
    pipeline.publish(signal)
    pipeline.poll()
    event, _ = pipeline.invocations[0]
    late = a_signal(symbol="MSFT")
    event["Records"][0]["body"] = late.model_dump_json()

    answer = pipeline.redeliver(event, seconds_left=LEAST_SECONDS - 0.001)
    untouched = pipeline.execution(late)
    begun = pipeline.redeliver(event, seconds_left=LEAST_SECONDS)

    assert failed(answer) == {event["Records"][0]["messageId"]}
    assert untouched is None
    assert failed(begun) == set()
    assert pipeline.execution(late).state is ExecutionState.SUBMITTED


def test_b01_signals_that_all_fail_are_not_called_done(pipeline):
    sent = signals(8)
    pipeline.publish(*sent)
    refusal = {"code": 40310000, "message": "insufficient buying power"}
    pipeline.server.faults.add(Fault(method="POST", path="/v2/orders", status=403, body=refusal, times=8))

    pipeline.poll()

    rows = asyncio.run(of_days(pipeline.ledger, ("argo",), [f"{OPENS:%Y-%m-%d}"]))
    (account,) = sums(rows, ("argo",))
    assert (account.signals, account.with_order, account.rejected, account.gap) == (8, 0, 8, 0)
    assert account.is_silent
    assert account.execution_rate == 0


def test_b05_an_exception_after_the_order_leaves_its_record(pipeline):
    signal = a_signal()
    pipeline.publish(signal)
    pipeline.server.faults.add(Fault(method="POST", path="/v2/orders", after=True, status=200, body="<html>"))
    # A read that meets a dead connection is asked once more, so the second one is dead too.
    pipeline.server.faults.add(Fault(path="/v2/orders:by_client_order_id", drop=True, times=2))

    pipeline.poll()
    uncertain = pipeline.execution(signal)
    pipeline.pass_time(timedelta(seconds=50))
    pipeline.redeliver()

    assert (uncertain.state, bool(uncertain.order_body)) == (ExecutionState.UNKNOWN, True)
    assert pipeline.execution(signal).order_id == pipeline.broker_orders()[0].id
    assert pipeline.server.requests["POST /v2/orders"] == 1


def test_b02_a_throttled_second_sending_does_not_make_the_first_one_known(pipeline):
    signal = a_signal()
    pipeline.publish(signal)
    pipeline.server.faults.add(Fault(method="POST", path="/v2/orders", drop=True))
    pipeline.server.faults.add(Fault(method="POST", path="/v2/orders", status=429, body={"message": "too many"}))
    pipeline.poll()
    pipeline.pass_time(timedelta(seconds=20))
    pipeline.redeliver()
    throttled = pipeline.execution(signal)

    for _ in range(2):
        pipeline.pass_time(timedelta(seconds=20))
        pipeline.redeliver()

    assert (throttled.state, throttled.obstacle) == (ExecutionState.UNKNOWN, "broker_throttled")
    assert throttled.reserved_notional > 0
    assert pipeline.execution(signal).state is ExecutionState.SUBMITTED
    assert len(pipeline.broker_orders()) == 1


def test_a_poison_message_that_cannot_be_set_aside_is_logged_and_comes_back(aws):
    resources = aws.create_resources(TEMPLATE, "no-dead-letter-queue")
    with BackgroundServer(a_broker()) as background:
        pipeline = Pipeline(aws, resources, background)
        pipeline.send_raw("poison")
        pipeline.sqs.delete_queue(QueueUrl=resources.dead_letter_queues["argo"])

        pipeline.poll()

    event, answer = pipeline.invocations[0]
    assert failed(answer) == {event["Records"][0]["messageId"]}
    assert "record_failed" in pipeline.logs.getvalue()
