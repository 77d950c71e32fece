import asyncio
import json
from datetime import timedelta

from argo.domain.execution import ExecutionState
from console.dead_letters import DeadLetters
from tests.pipeline.stage import OPENS
from tests.unit.builders import a_message, a_signal


def letters(stage):
    return DeadLetters(stage.dead_letter_consumer(), stage.queue())


def redrive(stage, message_id=None):
    moved = asyncio.run(letters(stage).redrive(message_id))
    stage.poll()
    return moved


def test_a_redrive_of_executed_expired_and_fresh_signals(stage):
    executed = a_signal(symbol="AAPL")
    expired = a_signal(symbol="MSFT", expires_at=OPENS + timedelta(seconds=30))
    fresh = a_signal(symbol="IBM")
    stage.publish(executed)
    stage.poll()
    stage.store(expired, fresh)
    for signal in (executed, expired, fresh):
        stage.dead_letter(signal.model_dump_json())
    stage.pass_time(timedelta(minutes=1))

    redrive(stage)

    assert {order.symbol for order in stage.broker_orders()} == {"AAPL", "IBM"}
    assert stage.server.requests["POST /v2/orders"] == 2
    assert stage.execution(executed).state is ExecutionState.SUBMITTED
    assert stage.execution(expired).state is ExecutionState.EXPIRED
    assert stage.execution(fresh).state is ExecutionState.SUBMITTED
    assert stage.dead_letters() == []


def test_a_redrive_twice_and_into_a_queue_that_has_the_signal_places_one_order(stage):
    signal = a_signal()
    stage.publish(signal)
    stage.dead_letter(signal.model_dump_json())
    stage.dead_letter(signal.model_dump_json())

    redrive(stage)
    stage.poll()

    assert len(stage.broker_orders()) == 1


def test_poison_is_set_aside_with_its_reason_and_its_execution_says_so(stage):
    signal = a_signal()
    stage.store(signal)
    stage.send_raw(a_message(confidence="high"))

    stage.poll()

    execution = stage.execution(signal)
    (letter,) = asyncio.run(letters(stage).look(None))
    assert (execution.state, execution.reason) == (ExecutionState.DEAD_LETTERED, "malformed")
    assert "confidence = 'high'" in execution.detail["problem"]
    assert letter.message_attributes["reason"]["StringValue"] == "malformed"
    assert stage.invocations[0][1] == {"batchItemFailures": []}


def test_a_message_of_a_newer_schema_executes_when_it_is_redriven_to_code_that_reads_it(stage):
    signal = a_signal()
    stage.store(signal)
    stage.send_raw(a_message(schema_version=2))
    stage.poll()
    unread = stage.execution(signal)
    (letter,) = asyncio.run(letters(stage).look(None))
    stage.empty_dead_letters()
    stage.dead_letter(json.dumps(json.loads(letter.body) | {"schema_version": 1}))

    redrive(stage)

    assert (unread.state, unread.reason) == (ExecutionState.DEAD_LETTERED, "unknown_schema_version")
    assert stage.execution(signal).state is ExecutionState.SUBMITTED
    assert stage.execution(signal).reason is None
    assert len(stage.broker_orders()) == 1


def test_one_message_can_be_redriven_and_the_others_stay(stage):
    first, second = a_signal(symbol="AAPL"), a_signal(symbol="MSFT")
    stage.store(first, second)
    stage.dead_letter(first.model_dump_json())
    stage.dead_letter(second.model_dump_json())
    wanted = next(letter for letter in asyncio.run(letters(stage).look(None)) if first.signal_id in letter.body)

    moved = redrive(stage, wanted.message_id)

    assert [letter.message_id for letter in moved] == [wanted.message_id]
    assert [order.symbol for order in stage.broker_orders()] == ["AAPL"]
    assert len(asyncio.run(letters(stage).look(None))) == 1
