import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSEvent, SQSRecord
from hypothesis import given
from hypothesis import strategies as st

from simulation.ports.event_source import LARGEST_BATCH, EventSourceMapping, Polled, failed_ids

BATCH = ["m1", "m2", "m3"]


@dataclass
class Message:
    message_id: str
    body: str = "{}"
    attributes: dict[str, str] = field(
        default_factory=lambda: {
            "ApproximateReceiveCount": "2",
            "SentTimestamp": "1772463600000",
            "SenderId": "AIDAEXAMPLE",
            "ApproximateFirstReceiveTimestamp": "1772463601000",
        }
    )
    message_attributes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def receipt_handle(self) -> str:
        return f"receipt-{self.message_id}"


class Source:
    """A queue that hides what it hands out and never shows it again."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.visible = list(messages)
        self.deleted: list[str] = []
        self.asked: list[tuple[int, int]] = []

    async def receive(self, limit: int, wait_seconds: int) -> Sequence[Message]:
        self.asked.append((limit, wait_seconds))
        received, self.visible = self.visible[:limit], self.visible[limit:]
        return received

    async def delete(self, receipt_handles: Sequence[str]) -> None:
        self.deleted += receipt_handles


class Function:
    """A Lambda function that remembers its events and answers as it is told."""

    def __init__(self, answer: object = None) -> None:
        self.answer = answer
        self.events: list[dict] = []

    async def __call__(self, event):
        self.events.append(event)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def messages(count):
    return [Message(f"m{number}") for number in range(1, count + 1)]


def failures(*names):
    return {"batchItemFailures": [{"itemIdentifier": name} for name in names]}


def mapped(source, function, **options):
    errors: list[Exception] = []
    return EventSourceMapping(source, function, errors.append, **options), errors


def poll(source, function, **options):
    mapping, errors = mapped(source, function, **options)
    return asyncio.run(mapping.poll()), errors


@pytest.mark.parametrize(
    "answer",
    [None, {}, {"batchItemFailures": None}, {"batchItemFailures": []}, {"statusCode": 200}],
    ids=repr,
)
def test_an_answer_without_failures_is_a_success(answer):
    failed = failed_ids(answer, BATCH)

    assert failed == frozenset()


@pytest.mark.parametrize(
    "failures",
    [
        [{"itemIdentifier": None}],
        [{"itemIdentifier": ""}],
        [{"itemIdentifier": "m9"}],
        [{"itemIdentifier": 1}],
        [{"itemIdentifier": ["m1"]}],
        [{"itemId": "m1"}],
        [{"ItemIdentifier": "m1"}],
        [{}],
        ["m1"],
        [None],
        [{"itemIdentifier": "m1"}, {"itemIdentifier": "m9"}],
        [{"itemIdentifier": "m1"}, {"itemIdentifier": None}],
        "m1",
        {"itemIdentifier": "m1"},
        1,
    ],
    ids=repr,
)
def test_an_answer_lambda_cannot_read_fails_the_whole_batch(failures):
    failed = failed_ids({"batchItemFailures": failures}, BATCH)

    assert failed == frozenset(BATCH)


@given(st.lists(st.sampled_from(BATCH)))
def test_the_named_messages_fail_and_no_others(named):
    failed = failed_ids(failures(*named), BATCH)

    assert failed == frozenset(named)


def test_what_was_handled_is_deleted_and_what_failed_is_not():
    source = Source(messages(3))

    polled, _ = poll(source, Function(failures("m2")))

    assert polled == Polled(received=3, failed=1)
    assert source.deleted == ["receipt-m1", "receipt-m3"]


def test_b05_a_function_that_raises_gets_its_whole_batch_again():
    source, fault = Source(messages(3)), RuntimeError("out of memory")

    polled, errors = poll(source, Function(fault))

    assert (polled, errors) == (Polled(received=3, failed=3), [fault])
    assert source.deleted == []


def test_a_batch_that_failed_as_a_whole_deletes_nothing():
    source = Source(messages(2))

    poll(source, Function(failures("m9")))

    assert source.deleted == []


def test_an_empty_queue_invokes_nothing():
    function = Function()

    polled, _ = poll(Source([]), function)

    assert (polled, function.events) == (Polled(0, 0), [])


def test_a_batch_is_as_large_as_the_mapping_says():
    source, function = Source(messages(7)), Function()

    poll(source, function, batch_size=4)

    assert source.asked == [(4, 0)]
    assert [len(event["Records"]) for event in function.events] == [4]


@given(st.integers(0, 40), st.integers(1, LARGEST_BATCH))
def test_draining_hands_over_every_message_once(count, batch_size):
    source, function = Source(messages(count)), Function()
    mapping, _ = mapped(source, function, batch_size=batch_size)

    handled = asyncio.run(mapping.drain())

    handed = [record["messageId"] for event in function.events for record in event["Records"]]
    assert handed == [message.message_id for message in messages(count)]
    assert handled == len(source.deleted) == count


def test_draining_counts_what_was_handled_only():
    mapping, _ = mapped(Source(messages(5)), Function(failures("m1", "m4")))

    handled = asyncio.run(mapping.drain())

    assert handled == 3


def test_a_record_reads_as_powertools_reads_lambdas():
    attribute = {"StringValue": "malformed", "DataType": "String"}
    function = Function()
    poll(Source([Message("m1", '{"side": "buy"}', message_attributes={"reason": attribute})]), function)

    (record,) = SQSEvent(function.events[0]).records

    assert isinstance(record, SQSRecord)
    assert (record.message_id, record.receipt_handle, record.body) == ("m1", "receipt-m1", '{"side": "buy"}')
    assert record.json_body == {"side": "buy"}
    assert record.attributes.approximate_receive_count == "2"
    assert record.attributes.sent_timestamp == "1772463600000"
    assert record.message_attributes["reason"].string_value == "malformed"
    assert record.message_attributes["reason"].data_type == "String"
    assert (record.event_source, record.aws_region) == ("aws:sqs", "us-east-1")
    assert record.queue_url.endswith("/queue")
