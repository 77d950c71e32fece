from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo.domain.faults import Ambiguous, BrokerFault, Duplicate, NotSent, Refused, Throttled, Unauthorised
from argo.domain.outcome import (
    QUIESCENCE,
    Accept,
    LookUp,
    Reject,
    SendAgain,
    Wait,
    after_look_up,
    after_submit,
    waiting_for,
)
from argo.domain.reasons import Obstacle, RejectionReason
from tests.unit.builders import NOW, a_broker_order, an_entry_plan, an_execution

RESET = NOW + timedelta(seconds=7)

REFUSED = Refused("no", reason=RejectionReason.BUYING_POWER, status=403, code=40310000, request_id="r-1")
DUPLICATE = Duplicate("client_order_id must be unique", status=422, code=40010001)
THROTTLED = Throttled("too many requests", until=RESET, status=429)
AMBIGUOUS = Ambiguous("gateway timeout", status=504)
UNAUTHORISED = Unauthorised("forbidden.", status=401)
NOT_SENT = NotSent("the parameter store throttles")
UNSORTED = BrokerFault("something new")
FAULTS = [REFUSED, DUPLICATE, THROTTLED, AMBIGUOUS, UNAUTHORISED, NOT_SENT, UNSORTED]

faults = st.one_of(
    st.builds(Refused, st.text(), reason=st.sampled_from(RejectionReason), code=st.none() | st.integers()),
    st.builds(Throttled, st.text(), until=st.just(RESET)),
    st.builds(
        lambda kind, *told: kind(told[0], status=told[1], code=told[2]),
        st.sampled_from([BrokerFault, Duplicate, Ambiguous, Unauthorised, NotSent]),
        st.text(),
        st.none() | st.integers(100, 599),
        st.none() | st.integers(),
    ),
)


def look_up(found=None, *, detail=None, body=None, seconds_later=0):
    execution = an_execution(detail=detail or {}, order_body=body or an_entry_plan().body())
    return after_look_up(found, execution, now=NOW + timedelta(seconds=seconds_later))


def test_the_examples_name_every_fault_there_is():
    kinds = {type(fault) for fault in FAULTS}

    assert kinds == {BrokerFault, *BrokerFault.__subclasses__()}


def test_an_order_the_broker_took_is_accepted():
    order = a_broker_order()

    decision = after_submit(order)

    assert decision == Accept(order)


def test_a14_a_refusal_is_final_with_its_reason_and_the_brokers_words():
    decision = after_submit(REFUSED)

    assert decision == Reject(
        RejectionReason.BUYING_POWER,
        {"message": "no", "status": "403", "code": "40310000", "request_id": "r-1"},
    )


def test_b03_a_duplicate_is_looked_up_and_neither_rejected_nor_sent_on():
    decision = after_submit(DUPLICATE)

    assert isinstance(decision, LookUp)
    assert decision.detail["answer"] == "duplicate"
    assert decision.detail["code"] == "40010001"


def test_b03_the_planned_order_found_under_its_id_is_success():
    order = a_broker_order()

    decision = look_up(order)

    assert decision == Accept(order, {})


def test_b03_another_order_found_under_the_id_is_accepted_with_its_differences():
    order = a_broker_order(quantity=Decimal(99), side="sell")

    decision = look_up(order)

    assert decision == Accept(order, {"qty": "12 != 99", "side": "buy != sell"})


def test_an_order_found_for_an_execution_without_a_body_is_accepted():
    order = a_broker_order()
    bodiless = an_execution(order_body=None)

    decision = after_look_up(order, bodiless, now=NOW)

    assert isinstance(decision, Accept)


@pytest.mark.parametrize("answer", [AMBIGUOUS, UNSORTED])
def test_b02_an_answer_that_tells_nothing_is_looked_up_before_anything_is_sent_again(answer):
    decision = after_submit(answer)

    assert isinstance(decision, LookUp)
    assert decision.detail["answer"] == type(answer).__name__.lower()


def test_a_throttled_order_waits_for_the_brokers_reset():
    decision = after_submit(THROTTLED)

    assert decision == Wait(Obstacle.BROKER_THROTTLED, RESET, {"message": "too many requests", "status": "429"})


def test_a34_refused_credentials_wait_under_their_own_name():
    decision = after_submit(UNAUTHORISED)

    assert decision == Wait(Obstacle.BROKER_UNAUTHORISED, None, {"message": "forbidden.", "status": "401"})


@given(faults)
def test_a14_every_fault_of_a_submission_has_a_decision(fault):
    decision = after_submit(fault)

    assert isinstance(decision, Reject | LookUp | Wait)
    assert isinstance(decision, Reject) == isinstance(fault, Refused)
    assert decision.detail["message"] == fault.message


@given(faults)
def test_b02_no_fault_of_a_look_up_lets_an_order_be_sent_again(fault):
    decision = look_up(fault, detail={"missing_since": NOW.isoformat()}, seconds_later=3600)

    assert isinstance(decision, Wait)


def test_b02_an_order_not_found_once_is_looked_up_again_after_the_quiescence():
    decision = look_up(None)

    assert decision == Wait(Obstacle.OUTCOME_UNKNOWN, NOW + QUIESCENCE, missing_since=NOW)


@pytest.mark.parametrize("seconds", [0, 1, 19])
def test_b02_a_second_look_within_the_quiescence_changes_nothing(seconds):
    decision = look_up(None, detail={"missing_since": NOW.isoformat()}, seconds_later=seconds)

    assert decision == Wait(Obstacle.OUTCOME_UNKNOWN, NOW + QUIESCENCE, missing_since=NOW)


@pytest.mark.parametrize("seconds", [20, 21, 3600])
def test_an_order_not_found_twice_a_quiescence_apart_is_sent_again(seconds):
    decision = look_up(None, detail={"missing_since": NOW.isoformat()}, seconds_later=seconds)

    assert decision == SendAgain()


@pytest.mark.parametrize(("seconds", "again"), [(19.999999, False), (20, True)])
def test_b02_twenty_seconds_are_the_quiescence(seconds, again):
    decision = look_up(detail={"missing_since": NOW.isoformat()}, seconds_later=seconds)

    assert isinstance(decision, SendAgain) is again


def test_b02_an_order_sent_again_is_given_a_quiescence_of_its_own():
    decision = look_up(None, detail={"missing_since": ""}, seconds_later=3600)

    assert decision == Wait(
        Obstacle.OUTCOME_UNKNOWN,
        NOW + timedelta(seconds=3620),
        missing_since=NOW + timedelta(seconds=3600),
    )


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_b02_two_looks_are_never_closer_than_the_quiescence_when_an_order_is_sent_again(first, between):
    wait = look_up(None, seconds_later=first)

    decision = look_up(None, detail=wait.told, seconds_later=first + between)

    assert isinstance(decision, SendAgain) == (between >= QUIESCENCE.total_seconds())


@pytest.mark.parametrize(
    ("fault", "obstacle", "until"),
    [
        (THROTTLED, Obstacle.BROKER_THROTTLED, RESET),
        (UNAUTHORISED, Obstacle.BROKER_UNAUTHORISED, None),
        (AMBIGUOUS, Obstacle.BROKER_UNREACHABLE, None),
        (REFUSED, Obstacle.BROKER_UNREACHABLE, None),
        (DUPLICATE, Obstacle.BROKER_UNREACHABLE, None),
        (UNSORTED, Obstacle.BROKER_UNREACHABLE, None),
    ],
)
def test_a19_a_request_that_changes_nothing_waits_whatever_the_fault(fault, obstacle, until):
    decision = waiting_for(fault)

    assert decision == Wait(obstacle, until, fault.detail())
    assert look_up(fault) == decision
