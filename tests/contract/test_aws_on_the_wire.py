"""What the adapters make of answers as they come over the wire: each is read by botocore, none is swallowed."""

import asyncio
import json
from datetime import timedelta

import botocore.endpoint
import pytest
from botocore.exceptions import ClientError

from argo.adapters.aws.answers import ConditionFailed
from argo.adapters.aws.clients import ATTEMPTS, shared_client
from argo.adapters.aws.ledger import DynamoLedger
from argo.adapters.aws.queue import SqsSignalQueue
from argo.adapters.aws.table import Table
from argo.adapters.threads import BlockingCalls
from argo.domain.reasons import QuarantineReason
from argo.ports import QueueFault, Unavailable
from argo.repeating import CONFLICT_WAITS
from simulation.ports.clock import SteppedClock
from tests.aws_wire import ScriptedSession
from tests.contract.workers import signals
from tests.unit.builders import NOW

NOWHERE = "http://localhost:9"
CALLS = BlockingCalls("wire", 1)
WRITE = {"Update": {"Key": {"PK": {"S": "a"}}, "UpdateExpression": "SET b = c"}}
DONE = (200, "{}")
ODD = "<html>who are you?</html>"


def error(code, status=400, **more):
    return status, json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "words"} | more)


def cancelled(*codes):
    return error("TransactionCanceledException", CancellationReasons=[{"Code": code} for code in codes])


CONFLICT = error("TransactionConflictException")


@pytest.fixture(autouse=True)
def no_waits(monkeypatch):
    monkeypatch.setattr(botocore.endpoint.time, "sleep", lambda _: None)


@pytest.fixture
def dynamodb():
    client = shared_client("dynamodb", "us-east-1", NOWHERE, ("wire", "wire", None))
    with ScriptedSession(client) as session:
        session.client = client
        yield session


@pytest.fixture
def sqs():
    client = shared_client("sqs", "us-east-1", NOWHERE, ("wire", "wire", None))
    with ScriptedSession(client) as session:
        session.client = client
        yield session


@pytest.fixture
def table(dynamodb):
    return Table(dynamodb.client, "table", CALLS, SteppedClock(NOW))


@pytest.fixture
def queue(sqs):
    return SqsSignalQueue(lambda: sqs.client, f"{NOWHERE}/q", dead_letter_url=f"{NOWHERE}/d", calls=CALLS)


@pytest.mark.parametrize(
    ("reasons", "index"),
    [
        (("ConditionalCheckFailed", "None"), 0),
        (("None", "ConditionalCheckFailed"), 1),
        (("ThrottlingError", "ConditionalCheckFailed"), 1),
        (("ConditionalCheckFailed", "TransactionConflict"), 0),
        (("ConditionalCheckFailed", "ConditionalCheckFailed"), 0),
    ],
)
def test_c02_a_condition_among_a_cancelled_transactions_reasons_decides(dynamodb, table, reasons, index):
    dynamodb.answers = [cancelled(*reasons)]

    with pytest.raises(ConditionFailed) as refusal:
        asyncio.run(table.transact([WRITE, WRITE]))

    assert (refusal.value.index, refusal.value.repeated, dynamodb.sent) == (index, False, 1)


@pytest.mark.parametrize(
    "reasons",
    [
        ("None", "ThrottlingError"),
        ("ProvisionedThroughputExceeded", "None"),
        ("TransactionConflict", "ThrottlingError"),
        ("ThrottlingError", "TransactionConflict"),
    ],
)
def test_c02_a_transaction_that_was_throttled_was_not_written(dynamodb, table, reasons):
    dynamodb.answers = [cancelled(*reasons)]

    with pytest.raises(Unavailable) as obstacle:
        asyncio.run(table.transact([WRITE, WRITE]))

    assert not obstacle.value.unanswered


@pytest.mark.parametrize("conflict", [CONFLICT, cancelled("None", "TransactionConflict")])
@pytest.mark.parametrize("tries", range(1, 6))
def test_c01_a_write_gets_through_conflicts(dynamodb, table, conflict, tries):
    dynamodb.answers = [*[conflict] * tries, DONE]

    asyncio.run(table.transact([WRITE, WRITE]))

    assert (dynamodb.answers, dynamodb.sent) == ([], tries + 1)


def test_c01_a_write_that_always_meets_others_is_given_up(dynamodb, table):
    dynamodb.answers = [CONFLICT] * (len(CONFLICT_WAITS) + 1)

    with pytest.raises(Unavailable):
        asyncio.run(table.transact([WRITE]))


@pytest.mark.parametrize(
    "answer",
    [(500, ODD), (500, ""), (503, ""), error("InternalServerError", 500)],
    ids=["500 HTML", "500 empty", "503 empty", "500"],
)
def test_c02_an_answer_that_says_nothing_leaves_open_what_was_written(dynamodb, table, answer):
    dynamodb.answers = [answer] * ATTEMPTS

    with pytest.raises(Unavailable) as obstacle:
        asyncio.run(table.transact([WRITE]))

    assert obstacle.value.unanswered


@pytest.mark.parametrize(
    "answer",
    [
        error("AccessDeniedException"),
        error("ResourceNotFoundException"),
        error("ValidationException"),
        error("NobodyKnowsThisException"),
        error("RequestEntityTooLargeException", 413),
        cancelled("None", "ValidationError"),
        cancelled("ThrottlingError", "ValidationError"),
    ],
    ids=["access", "no table", "validation", "unknown", "413", "item", "item beside a throttle"],
)
def test_c02_what_only_a_person_mends_is_raised_as_aws_said_it(dynamodb, table, answer):
    dynamodb.answers = [answer]

    with pytest.raises(ClientError, match="words"):
        asyncio.run(table.transact([WRITE, WRITE]))

    assert dynamodb.sent == 1


def test_c04_a_condition_that_fails_after_a_lost_answer_says_that_it_was_sent_before(dynamodb, table):
    dynamodb.answers = [None, error("ConditionalCheckFailedException")]

    with pytest.raises(ConditionFailed) as refusal:
        asyncio.run(table.transact([WRITE]))

    assert refusal.value.repeated


def test_c08_pages_that_end_early_and_one_that_is_empty_are_read_to_the_end(dynamodb):
    more = {"LastEvaluatedKey": {"PK": {"S": "a"}}}
    dynamodb.answers = [(200, json.dumps({"Items": []} | more)), (200, json.dumps({"Items": []}))]
    ledger = DynamoLedger(dynamodb.client, "table", mode="simulated", calls=CALLS, clock=SteppedClock(NOW))

    assert asyncio.run(ledger.open_executions("argo")).is_whole
    assert dynamodb.answers == []


def test_c08_a_list_whose_second_page_fails_is_not_taken_for_whole(dynamodb):
    more = {"LastEvaluatedKey": {"PK": {"S": "a"}}}
    throttled = [error("ThrottlingException")] * ATTEMPTS
    dynamodb.answers = [(200, json.dumps({"Items": []} | more)), *throttled]
    ledger = DynamoLedger(dynamodb.client, "table", mode="simulated", calls=CALLS, clock=SteppedClock(NOW))

    with pytest.raises(Unavailable):
        asyncio.run(ledger.open_executions("argo"))


@pytest.mark.parametrize("fault_of_the_sender", [True, False])
def test_what_sqs_did_not_take_of_a_batch_is_named(sqs, queue, fault_of_the_sender):
    taken, refused = signals(2)
    fault = {"Id": refused.signal_id, "SenderFault": fault_of_the_sender, "Code": "InternalError"}
    successful = {"Id": taken.signal_id, "MessageId": "1"}
    sqs.answers = [(200, json.dumps({"Successful": [successful], "Failed": [fault]}))]

    sent = asyncio.run(queue.send([taken, refused]))

    assert (sent.signal_ids, sent.failures) == ({taken.signal_id}, {refused.signal_id: "InternalError"})


@pytest.mark.parametrize(
    "answers",
    [
        [error("AccessDenied", 403)],
        [error("ThrottlingException")] * ATTEMPTS,
        [None] * ATTEMPTS,
        [(200, ODD)] * ATTEMPTS,
    ],
    ids=["access", "throttled", "no answer", "HTML"],
)
def test_a_batch_that_sqs_did_not_take_stays_where_it_is(sqs, queue, answers):
    (signal,) = signals(1)
    sqs.answers = answers

    sent = asyncio.run(queue.send([signal]))

    assert (sent.signal_ids, set(sent.failures)) == (frozenset(), {signal.signal_id})


def test_a_message_that_cannot_be_hidden_says_whether_it_is_worth_asking_again(sqs, queue):
    hide = queue.defer("receipt", timedelta(seconds=2))
    sqs.answers = [error("ReceiptHandleIsInvalid")]
    with pytest.raises(QueueFault):
        asyncio.run(hide)

    sqs.answers = [error("ThrottlingException")] * ATTEMPTS
    with pytest.raises(Unavailable):
        asyncio.run(queue.defer("receipt", timedelta(seconds=2)))


def test_a_message_that_cannot_be_set_aside_is_not_taken_for_set_aside(sqs, queue):
    sqs.answers = [(503, "")] * ATTEMPTS

    with pytest.raises(Unavailable):
        asyncio.run(queue.quarantine("{", QuarantineReason.MALFORMED, ""))
