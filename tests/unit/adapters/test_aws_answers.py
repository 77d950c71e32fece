"""The table that sorts AWS's answers, and the one function that repeats what met another write."""

import asyncio
from datetime import timedelta

import pytest
from botocore import exceptions
from botocore.exceptions import ClientError, NoCredentialsError
from hypothesis import given
from hypothesis import strategies as st

from argo.adapters.aws.answers import ConditionFailed, Next, next_after, sorted_fault
from argo.ports import Unavailable
from argo.repeating import CONFLICT_WAITS, Conflict, NotWritten, persisted, repeated
from simulation.ports.clock import SteppedClock
from tests.unit.builders import NOW

CANCELLED = "TransactionCanceledException"
REASONS = [None, "None", "ConditionalCheckFailed", "TransactionConflict", "ThrottlingError", "ValidationError"]


class Attempts:
    """A request that answers what it was told to, and then that it is done."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.count = 0

    async def __call__(self):
        self.count += 1
        if self.answers:
            raise self.answers.pop(0)
        return "done"


def client_error(code, *, status=400, retries=0, reasons=()):
    return ClientError(
        {
            "Error": {"Code": code, "Message": "words"},
            "ResponseMetadata": {"HTTPStatusCode": status, "RetryAttempts": retries},
            "CancellationReasons": [{"Code": each} for each in reasons],
        },
        "Request",
    )


@pytest.mark.parametrize(
    ("code", "next_"),
    [
        ("ConditionalCheckFailedException", Next.CONDITION),
        ("TransactionConflictException", Next.AT_ONCE),
        ("ThrottlingException", Next.BACK_OFF),
        ("ProvisionedThroughputExceededException", Next.BACK_OFF),
        ("TransactionInProgressException", Next.BACK_OFF),
        ("RequestLimitExceeded", Next.BACK_OFF),
        ("InternalServerError", Next.BACK_OFF),
        ("RequestThrottled", Next.BACK_OFF),
        ("AccessDeniedException", Next.GIVE_UP),
        ("ResourceNotFoundException", Next.GIVE_UP),
        ("ValidationException", Next.GIVE_UP),
        ("ParameterNotFound", Next.GIVE_UP),
    ],
)
def test_an_error_is_sorted_by_its_code(code, next_):
    assert next_after(code) is next_


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_what_nobody_has_named_is_sorted_by_its_status(status):
    assert next_after("AnythingElse", status=status) is Next.BACK_OFF
    assert next_after("AnythingElse", status=400) is Next.GIVE_UP


@pytest.mark.parametrize(
    ("reasons", "next_"),
    [
        ([None, "ThrottlingError", None], Next.BACK_OFF),
        (["None", "ProvisionedThroughputExceeded"], Next.BACK_OFF),
        ([None, "TransactionConflict"], Next.AT_ONCE),
        (["TransactionConflict", "ThrottlingError"], Next.BACK_OFF),
        (["ConditionalCheckFailed", "ThrottlingError"], Next.CONDITION),
        (["ThrottlingError", "ValidationError"], Next.GIVE_UP),
        ([None, "ItemCollectionSizeLimitExceeded"], Next.GIVE_UP),
        ([None, None], Next.GIVE_UP),
    ],
)
def test_c02_a_cancelled_transaction_is_sorted_by_all_its_reasons(reasons, next_):
    assert next_after(CANCELLED, reasons=reasons) is next_


@given(reasons=st.lists(st.sampled_from(REASONS), min_size=1, max_size=4))
def test_c02_no_order_of_reasons_changes_what_is_done(reasons):
    assert next_after(CANCELLED, reasons=reasons) is next_after(CANCELLED, reasons=reasons[::-1])


@pytest.mark.parametrize(
    "silence",
    [
        exceptions.ReadTimeoutError(endpoint_url="https://somewhere"),
        exceptions.ConnectTimeoutError(endpoint_url="https://somewhere"),
        exceptions.EndpointConnectionError(endpoint_url="https://somewhere"),
        exceptions.ConnectionClosedError(endpoint_url="https://somewhere"),
        client_error("InternalServerError", status=500),
        client_error("ThrottlingException", retries=2),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_c04_no_answer_says_that_a_write_may_have_been_made(silence):
    found = sorted_fault(silence)

    assert isinstance(found, Unavailable)
    assert found.unanswered


def test_a_throttled_request_was_not_made():
    assert not sorted_fault(client_error("ThrottlingException")).unanswered
    assert not sorted_fault(client_error(CANCELLED, reasons=[None, "ThrottlingError"], retries=1)).unanswered


def test_what_a_person_has_to_mend_is_raised_as_it_came():
    for fault in (client_error("AccessDeniedException"), NoCredentialsError()):
        assert sorted_fault(fault) is fault


def test_c04_a_condition_that_failed_says_whether_the_sdk_had_sent_it_before():
    assert sorted_fault(client_error("ConditionalCheckFailedException", retries=1)).repeated
    assert not sorted_fault(client_error("ConditionalCheckFailedException")).repeated


def test_c01_a_conflict_is_repeated_at_once_within_two_seconds():
    clock, attempts = SteppedClock(NOW), Attempts(*[Conflict("met")] * len(CONFLICT_WAITS))

    assert asyncio.run(repeated(attempts, clock)) == "done"

    assert attempts.count == len(CONFLICT_WAITS) + 1
    assert sum(CONFLICT_WAITS, timedelta()) / 2 <= clock.now() - NOW <= timedelta(seconds=2)


def test_c01_a_conflict_that_does_not_end_is_an_obstacle():
    with pytest.raises(Unavailable, match="met"):
        asyncio.run(repeated(Attempts(*[Conflict("met")] * 20), SteppedClock(NOW)))


def test_c01_two_workers_that_met_do_not_wait_equally_long():
    waited = set()
    for microsecond in range(20):
        began = NOW.replace(microsecond=microsecond)
        clock = SteppedClock(began)
        asyncio.run(repeated(Attempts(Conflict("met")), clock))
        waited.add(clock.now() - began)

    assert len(waited) > 15


@pytest.mark.parametrize("answer", [ConditionFailed("another's"), Unavailable("throttled"), ValueError("ours")])
def test_nothing_else_is_repeated(answer):
    attempts = Attempts(answer)

    with pytest.raises(type(answer)):
        asyncio.run(repeated(attempts, SteppedClock(NOW)))

    assert attempts.count == 1


def test_c04_a_write_that_was_once_in_doubt_stays_in_doubt():
    """It landed unheard, its repetition met another transaction, and the next one its own write."""
    attempts = Attempts(Conflict("met", repeated=True), ConditionFailed("its own"))

    with pytest.raises(NotWritten) as refusal:
        asyncio.run(repeated(attempts, SteppedClock(NOW)))

    assert refusal.value.repeated


def test_what_must_not_be_given_up_is_attempted_for_a_while():
    clock, attempts = SteppedClock(NOW), Attempts(*[Unavailable("throttled")] * 4)

    assert asyncio.run(persisted(attempts, clock, patience=timedelta(seconds=10))) == "done"


def test_patience_ends():
    clock = SteppedClock(NOW)

    with pytest.raises(Unavailable):
        asyncio.run(persisted(Attempts(*[Unavailable("throttled")] * 99), clock, patience=timedelta(seconds=10)))

    assert clock.now() - NOW <= timedelta(seconds=10)
