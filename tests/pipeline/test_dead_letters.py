import asyncio
import json
from datetime import timedelta

from argo.domain.execution import ExecutionState
from console.deployment import DeadLetters
from tests.pipeline.pipeline import OPENS
from tests.unit.builders import a_message, a_signal


def letters(pipeline):
    return DeadLetters(pipeline.dead_letter_consumer(), pipeline.queue())


def redrive(pipeline, message_id=None):
    moved = asyncio.run(letters(pipeline).redrive(message_id))
    pipeline.poll()
    return moved


def test_a_redrive_of_executed_expired_and_fresh_signals(pipeline):
    executed = a_signal(symbol="AAPL")
    expired = a_signal(symbol="MSFT", expires_at=OPENS + timedelta(seconds=30))
    fresh = a_signal(symbol="IBM")
    pipeline.publish(executed)
    pipeline.poll()
    pipeline.store(expired, fresh)
    for signal in (executed, expired, fresh):
        pipeline.dead_letter(signal.model_dump_json())
    pipeline.pass_time(timedelta(minutes=1))

    redrive(pipeline)

    assert {order.symbol for order in pipeline.broker_orders()} == {"AAPL", "IBM"}
    assert pipeline.server.requests["POST /v2/orders"] == 2
    assert pipeline.execution(executed).state is ExecutionState.SUBMITTED
    assert pipeline.execution(expired).state is ExecutionState.EXPIRED
    assert pipeline.execution(fresh).state is ExecutionState.SUBMITTED
    assert pipeline.dead_letters() == []


def test_a_redrive_twice_and_into_a_queue_that_has_the_signal_places_one_order(pipeline):
    signal = a_signal()
    pipeline.publish(signal)
    pipeline.dead_letter(signal.model_dump_json())
    pipeline.dead_letter(signal.model_dump_json())

    redrive(pipeline)
    pipeline.poll()

    assert len(pipeline.broker_orders()) == 1


def test_poison_is_set_aside_with_its_reason_and_its_execution_says_so(pipeline):
    signal = a_signal()
    pipeline.store(signal)
    pipeline.send_raw(a_message(confidence="high"))

    pipeline.poll()

    execution = pipeline.execution(signal)
    (letter,) = asyncio.run(letters(pipeline).look(None))
    assert (execution.state, execution.reason) == (ExecutionState.DEAD_LETTERED, "malformed")
    assert "confidence = 'high'" in execution.detail["problem"]
    assert letter.message_attributes["reason"]["StringValue"] == "malformed"
    assert pipeline.invocations[0][1] == {"batchItemFailures": []}


def test_a_message_of_a_newer_schema_executes_when_it_is_redriven_to_code_that_reads_it(pipeline):
    signal = a_signal()
    pipeline.store(signal)
    pipeline.send_raw(a_message(schema_version=2))
    pipeline.poll()
    unread = pipeline.execution(signal)
    (letter,) = asyncio.run(letters(pipeline).look(None))
    pipeline.empty_dead_letters()
    pipeline.dead_letter(json.dumps(json.loads(letter.body) | {"schema_version": 1}))

    redrive(pipeline)

    assert (unread.state, unread.reason) == (ExecutionState.DEAD_LETTERED, "unknown_schema_version")
    assert pipeline.execution(signal).state is ExecutionState.SUBMITTED
    assert pipeline.execution(signal).reason is None
    assert len(pipeline.broker_orders()) == 1


def test_one_message_can_be_redriven_and_the_others_stay(pipeline):
    first, second = a_signal(symbol="AAPL"), a_signal(symbol="MSFT")
    pipeline.store(first, second)
    pipeline.dead_letter(first.model_dump_json())
    pipeline.dead_letter(second.model_dump_json())
    wanted = next(letter for letter in asyncio.run(letters(pipeline).look(None)) if first.signal_id in letter.body)

    moved = redrive(pipeline, wanted.message_id)

    assert [letter.message_id for letter in moved] == [wanted.message_id]
    assert [order.symbol for order in pipeline.broker_orders()] == ["AAPL"]
    assert len(asyncio.run(letters(pipeline).look(None))) == 1
