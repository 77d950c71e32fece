from contextlib import contextmanager
from datetime import timedelta

import boto3
import pytest
from botocore.stub import ANY, Stubber

from argo.adapters.aws.queue import SqsSignalQueue
from argo.adapters.threads import BlockingCalls
from argo.domain.reasons import QuarantineReason
from argo.domain.signal import Signal
from argo.ports import QueueFault
from tests.contract.backends import Plain
from tests.contract.workers import signals
from tests.unit.builders import a_signal
from worlds.embedded_aws import KEYS


def ids(sent):
    return {signal.signal_id for signal in sent}


def text(message, attribute):
    return message.message_attributes[attribute]["StringValue"]


@pytest.fixture
def batches(backend):
    """The sizes of the batches that are sent."""
    sizes = []

    def note(params, **_):
        sizes.append(len(params["Entries"]))

    event = "provide-client-params.sqs.SendMessageBatch"
    backend.sqs.meta.events.register(event, note)
    yield sizes
    backend.sqs.meta.events.unregister(event, note)


def test_signals_go_out_in_batches_of_ten_each_as_its_own_json(queues, batches):
    many = signals(23)

    sent = queues.queue.send(many)

    assert (sent.signal_ids, sent.failures) == (ids(many), {})
    assert batches == [10, 10, 3]
    bodies = queues.bodies()
    assert sorted(bodies) == sorted(signal.model_dump_json() for signal in many)
    assert {Signal.model_validate_json(body) for body in bodies} == set(many)


def test_a_message_names_its_signal_and_counts_its_deliveries(queues):
    queues.queue.send([a_signal()])

    message = queues.the_only_message()

    assert text(message, "signal_id") == a_signal().signal_id
    assert message.attributes["ApproximateReceiveCount"] == "1"


def test_sending_nothing_sends_nothing(queues):
    sent = queues.queue.send([])

    assert (sent.signal_ids, sent.failures) == (frozenset(), {})
    assert queues.bodies() == []


def test_a_batch_taken_in_part_reports_which_and_why():
    keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
    client = boto3.client("sqs", region_name=KEYS["AWS_DEFAULT_REGION"], **keys)
    many = signals(12)
    first, second, *others = [signal.signal_id for signal in many]
    failed = {"SenderFault": False, "Code": "InternalError"}
    answers = (
        {
            "Successful": [_taken(signal_id) for signal_id in others[:8]],
            "Failed": [{"Id": first, **failed, "Message": "try later"}, {"Id": second, **failed}],
        },
        {"Successful": [_taken(signal_id) for signal_id in others[8:]], "Failed": []},
    )

    with Stubber(client) as sqs:
        for answer in answers:
            sqs.add_response("send_message_batch", answer, {"QueueUrl": "https://queue", "Entries": ANY})
        sent = Plain(SqsSignalQueue(lambda: client, "https://queue", calls=BlockingCalls("stub", 1))).send(many)

    assert sent.signal_ids == set(others)
    assert sent.failures == {first: "try later", second: "InternalError"}


def test_a_received_message_is_hidden_and_a_deleted_one_is_gone(queues):
    queues.queue.send(signals(12))
    received = queues.consumer.receive() + queues.consumer.receive()
    assert (len(received), queues.bodies()) == (12, [])

    queues.consumer.delete([message.receipt_handle for message in received[1:]])
    queues.queue.defer(received[0].receipt_handle, timedelta())

    assert queues.bodies() == [received[0].body]


@pytest.mark.parametrize("delay", [timedelta(), timedelta(seconds=-5)])
def test_a_message_deferred_by_nothing_comes_back_at_once(queues, delay):
    queues.queue.send([a_signal()])

    queues.queue.defer(queues.the_only_message().receipt_handle, delay)

    again = queues.the_only_message()
    assert (again.body, again.attributes["ApproximateReceiveCount"]) == (a_signal().model_dump_json(), "2")


@pytest.mark.parametrize("delay", [timedelta(hours=1), timedelta(hours=11)])
def test_a_deferred_message_stays_hidden(queues, delay):
    queues.queue.send([a_signal()])

    queues.queue.defer(queues.the_only_message().receipt_handle, delay)

    assert queues.bodies() == []


def test_a_message_deferred_for_days_is_hidden_for_as_long_as_sqs_can(moto):
    queues = moto.queues()
    queues.queue.send([a_signal()])

    queues.queue.defer(queues.the_only_message().receipt_handle, timedelta(days=2))

    assert queues.bodies() == []


def test_a_message_that_cannot_be_deferred_is_a_fault_of_the_queue(queues):
    with pytest.raises(QueueFault):
        queues.queue.defer("no receipt", timedelta(seconds=5))


def test_a_message_comes_back_after_its_delay_rounded_up_to_a_second(backend, queues):
    asked = []
    queues.queue.send([a_signal()])
    receipt = queues.the_only_message().receipt_handle

    with sent_to_sqs(backend, "ChangeMessageVisibility", asked):
        queues.queue.defer(receipt, timedelta(milliseconds=200))
    returned = []
    while not returned:
        returned = queues.consumer.receive(1, wait_seconds=5)

    assert [message.body for message in returned] == [a_signal().model_dump_json()]
    assert [each["VisibilityTimeout"] for each in asked] == [1]


@contextmanager
def sent_to_sqs(backend, operation, asked):
    """Keep the parameters of a request's every sending."""
    event, keep = f"provide-client-params.sqs.{operation}", lambda params, **_: asked.append(params)
    backend.sqs.meta.events.register(event, keep)
    yield
    backend.sqs.meta.events.unregister(event, keep)


def test_a_quarantined_message_is_in_the_dead_letter_queue_with_reason_and_detail(queues):
    queues.queue.quarantine('{"schema_version": 2}', QuarantineReason.UNKNOWN_SCHEMA_VERSION, "2, not 1")

    (message,) = queues.dead_letters.receive()
    assert message.body == '{"schema_version": 2}'
    assert (text(message, "reason"), text(message, "detail")) == ("unknown_schema_version", "2, not 1")
    assert queues.bodies() == []


@pytest.mark.parametrize(("detail", "kept"), [("", "-"), ("x" * 5_000, "x" * 1_000), ("prix: 5 €", "prix: 5 €")])
def test_a_detail_of_any_length_does_not_keep_a_message_out_of_quarantine(queues, detail, kept):
    queues.queue.quarantine("{", QuarantineReason.MALFORMED, detail)

    (message,) = queues.dead_letters.receive()
    assert text(message, "detail") == kept


def test_a_queue_without_a_dead_letter_queue_refuses_to_quarantine(backend):
    queue = Plain(SqsSignalQueue(lambda: backend.sqs, "https://queue", calls=backend.calls))

    with pytest.raises(ValueError, match="dead-letter"):
        queue.quarantine("{", QuarantineReason.MALFORMED, "")


def _taken(signal_id):
    return {"Id": signal_id, "MessageId": f"message-{signal_id}", "MD5OfMessageBody": "0" * 32}
