"""Every row of the table of AWS's answers, held against what the adapters make of such an answer."""

import asyncio
import base64
import json
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from argo.adapters.aws import items
from argo.adapters.aws.ledger import DynamoLedger
from argo.adapters.aws.parameters import read_credentials
from argo.adapters.aws.policy import AwsAnswer
from argo.adapters.aws.queue import SqsSignalQueue
from argo.adapters.aws.table import Table
from argo.adapters.threads import BlockingCalls
from argo.domain.ledger import Intent
from simulation.ports.clock import SteppedClock
from tests.unit.builders import NOW, a_signal, an_account_state, an_entry_plan, an_execution

A_TOKEN = base64.urlsafe_b64encode(json.dumps({"PK": {"S": "another table's"}}).encode()).decode()


class Answering:
    """A client of which every request gets the same answer."""

    def __init__(self, answer):
        self.answer = answer

    def __getattr__(self, _):
        return self._call

    def _call(self, **_):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture(scope="module")
def calls():
    return BlockingCalls("test", 1)


def refusal(code, *reasons):
    answer = {
        "Error": {"Code": code, "Message": "words"},
        "CancellationReasons": [{"Code": each} for each in reasons],
    }
    return ClientError(answer, "Request")


def cancelled(*reasons):
    return refusal("TransactionCanceledException", *reasons)


FAILED, FINE = "ConditionalCheckFailed", "None"


def put(answer, calls):
    return Table(Answering(answer), "table", calls, SteppedClock(NOW)).put(
        {}, condition="attribute_not_exists(PK)"
    )


def transact(answer, calls):
    return Table(Answering(answer), "table", calls, SteppedClock(NOW)).transact([])


def query(answer, calls, token=A_TOKEN):
    table = Table(Answering(answer), "table", calls, SteppedClock(NOW))
    return table.page(items.BY_TIME, "value", items.execution, limit=1, token=token)


def intend(answer, calls):
    plan = an_entry_plan()
    intent = Intent("argo-1", plan.body(), notional=plan.risk, risk=plan.risk)
    ledger = DynamoLedger(Answering(answer), "table", mode="paper", calls=calls, clock=SteppedClock(NOW))
    return ledger.intend(an_execution(), intent, account=an_account_state(), now=NOW)


def queue(answer, calls):
    return SqsSignalQueue(lambda: Answering(answer), "url", calls=calls)


def send(answer, calls):
    return queue(answer, calls).send([a_signal()])


def defer(answer, calls):
    return queue(answer, calls).defer("receipt", timedelta(seconds=1))


async def read_key(answer, _calls):
    return read_credentials(Answering(answer), "/argo")


A_TIMEOUT = ReadTimeoutError(endpoint_url="https://somewhere")
EXAMPLES = [
    (AwsAnswer.CONDITION, put, refusal("ConditionalCheckFailedException")),
    (AwsAnswer.CONDITION, transact, cancelled(FINE, FAILED)),
    (AwsAnswer.EXECUTION_MOVED, intend, cancelled(FAILED, FAILED, FINE)),
    (AwsAnswer.ACCOUNT_MOVED, intend, cancelled(FINE, FAILED, FAILED)),
    (AwsAnswer.SYMBOL_TAKEN, intend, cancelled(FINE, FINE, FAILED)),
    (AwsAnswer.CONFLICT, transact, refusal("TransactionConflictException")),
    (AwsAnswer.CONFLICT, transact, cancelled(FINE, "TransactionConflict")),
    (AwsAnswer.CANCELLED, transact, cancelled("ThrottlingError")),
    (AwsAnswer.NO_ANSWER, put, refusal("ThrottlingException")),
    (AwsAnswer.NO_ANSWER, transact, refusal("InternalServerError")),
    (AwsAnswer.NO_ANSWER, query, refusal("ThrottlingException")),
    (AwsAnswer.PAGE_TOKEN, query, refusal("ValidationException")),
    (AwsAnswer.BACKOFF_DELAYED, defer, refusal("RequestThrottled")),
    (AwsAnswer.BACKOFF_DELAYED, defer, A_TIMEOUT),
    (AwsAnswer.BACKOFF_REFUSED, defer, refusal("InvalidParameterValue")),
    (AwsAnswer.KEY_UNREAD, read_key, refusal("ThrottlingException")),
    (AwsAnswer.KEY_UNREAD, read_key, A_TIMEOUT),
    (AwsAnswer.KEY_UNREAD, read_key, refusal("AccessDeniedException")),
    (AwsAnswer.NO_KEY, read_key, refusal("ParameterNotFound")),
    (AwsAnswer.NO_KEY, read_key, {"Parameter": {"Value": "no key"}}),
]


@pytest.mark.parametrize(
    ("row", "request_of", "answer"), EXAMPLES, ids=lambda value: getattr(value, "evidence", None)
)
def test_an_answer_becomes_what_its_row_says(calls, row, request_of, answer):
    with pytest.raises(row.answer) as raised:
        asyncio.run(request_of(answer, calls))

    assert type(raised.value) is row.answer


def test_a_first_page_that_is_refused_has_no_token_to_blame(calls):
    with pytest.raises(ClientError):
        asyncio.run(query(refusal("ValidationException"), calls, token=None))


@pytest.mark.parametrize(
    "answer",
    [refusal("RequestThrottled"), A_TIMEOUT, {"Failed": [{"Id": a_signal().signal_id, "Code": "InternalError"}]}],
    ids=["refused", "no answer", "failed entry"],
)
def test_what_a_queue_does_not_take_is_told_with_its_reason(calls, answer):
    told = asyncio.run(send(answer, calls))

    assert isinstance(told, AwsAnswer.NOT_TAKEN.answer)
    assert (told.signal_ids, told.failures.keys()) == (frozenset(), {a_signal().signal_id})


def test_every_row_has_an_example():
    assert {row for row, *_ in EXAMPLES} | {AwsAnswer.NOT_TAKEN} == set(AwsAnswer)
