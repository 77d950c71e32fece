import socket
from datetime import timedelta

import pytest

from argo.domain.faults import Ambiguous, BrokerFault, Duplicate, Refused, Throttled, Unauthorised
from argo.domain.reasons import RejectionReason
from argo.domain.symbols import Symbol
from tests.contract.answers import HTML, PLAN, UNUSABLE
from tests.contract.faces import ON_BOTH_FACES
from tests.unit.builders import an_entry_plan


def fault_of(broker, plan=PLAN):
    """Submit, and return what is raised: a fault of the port, or the test fails with what escaped."""
    with pytest.raises(BrokerFault) as raised:
        broker.submit(plan.body())
    return raised.value


@pytest.mark.parametrize("answer", UNUSABLE.values(), ids=UNUSABLE)
@pytest.mark.parametrize("after", [False, True], ids=["not placed", "placed"])
def test_a12_an_answer_that_tells_nothing_is_ambiguous_and_is_not_sent_again(face, broker, answer, after):
    face.strike(method="POST", after=after, **answer)

    fault = fault_of(broker)

    assert (type(fault), fault.status) == (Ambiguous, answer["status"])
    assert fault.request_id
    assert face.requests == {"POST /v2/orders": 1}
    assert face.entries == after
    assert (broker.order_by_client_id(PLAN.client_order_id) is not None) == after


@pytest.mark.parametrize("after", [False, True], ids=["not placed", "placed"])
def test_b02_a_broken_connection_is_ambiguous_and_is_not_tried_again(face, broker, after):
    broker.clock()
    face.strike(method="POST", drop=True, after=after)

    fault = fault_of(broker)

    assert type(fault) is Ambiguous
    assert (face.posts, face.entries) == (1, after)
    assert (broker.order_by_client_id(PLAN.client_order_id) is not None) == after


def test_a_broker_that_is_not_there_is_ambiguous(face):
    with socket.socket() as bound_but_deaf:
        bound_but_deaf.bind(("127.0.0.1", 0))
        broker = face.broker(url=f"http://127.0.0.1:{bound_but_deaf.getsockname()[1]}")

        assert type(fault_of(broker)) is Ambiguous


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, {"code": 40110000, "message": "request is not authorized"}),
        (401, {"message": "unauthorized."}),
        (401, ""),
        (403, {"message": "forbidden."}),
        (403, HTML),
    ],
)
def test_a34_refused_credentials_are_unauthorised(face, broker, status, body):
    face.strike(method="POST", status=status, body=body)

    fault = fault_of(broker)

    assert (type(fault), fault.status) == (Unauthorised, status)
    assert (face.posts, face.entries) == (1, 0)


@pytest.mark.parametrize(
    ("code", "message", "reason"),
    [
        (40310000, "insufficient buying power", RejectionReason.BUYING_POWER),
        (40310000, "cost basis must be >= minimal amount of order 1", RejectionReason.BUYING_POWER),
        (40310000, "potential wash trade detected. use complex orders", RejectionReason.WASH_TRADE),
        (40310000, "insufficient qty available for order", RejectionReason.QUANTITY_HELD),
        (40310000, "account is not allowed to short", RejectionReason.NOT_TRADABLE),
        (40310000, 'asset "XYZ" is not fractionable', RejectionReason.NOT_TRADABLE),
        (40310000, "the moon is in the wrong house", RejectionReason.OTHER),
        (42210000, "invalid limit_price 99.001. sub-penny increment", RejectionReason.VALIDATION),
        (40010001, "client_order_id must be no more than 128 characters", RejectionReason.VALIDATION),
        (42210000, "order must be unique in every way", RejectionReason.VALIDATION),
        (40010000, "request body format is invalid", RejectionReason.VALIDATION),
    ],
)
def test_a_final_refusal_is_sorted_by_code_and_message(face, broker, code, message, reason):
    status = 422 if code == 40010001 else code // 100_000
    face.strike(method="POST", status=status, body={"code": code, "message": message})

    fault = fault_of(broker)

    assert (type(fault), fault.reason, fault.base_price) == (Refused, reason, None)
    assert (fault.status, fault.code, fault.message) == (status, code, message)
    assert (face.posts, face.entries) == (1, 0)


@ON_BOTH_FACES
def test_an_order_beyond_the_buying_power_is_refused(face, broker):
    fault = fault_of(broker, an_entry_plan(limit_price="99", quantity=100_000))

    assert (type(fault), fault.reason, fault.code) == (Refused, RejectionReason.BUYING_POWER, 40310000)
    assert (fault.status, fault.message) == (403, "insufficient buying power")
    assert face.entries == 0


@ON_BOTH_FACES
def test_b03_an_order_sent_twice_is_a_duplicate(face, broker):
    broker.submit(PLAN.body())

    fault = fault_of(broker)

    assert (type(fault), fault.status, fault.code) == (Duplicate, 422, 40010001)
    assert face.entries == 1


@ON_BOTH_FACES
def test_a_bracket_on_the_wrong_side_is_refused_with_the_base_price(face, broker):
    fault = fault_of(broker, an_entry_plan(limit_price="99", stop_price="99"))

    assert (type(fault), fault.reason) == (Refused, RejectionReason.BRACKET_GEOMETRY)
    assert (fault.base_price, fault.detail()["base_price"]) == ("99", "99")
    assert face.entries == 0


@ON_BOTH_FACES
def test_an_order_for_a_symbol_nobody_trades_is_refused(face, broker):
    fault = fault_of(broker, an_entry_plan(symbol=Symbol("NONE")))

    assert (type(fault), fault.reason, fault.code) == (Refused, RejectionReason.NOT_TRADABLE, 42210000)
    assert face.entries == 0


@ON_BOTH_FACES
def test_a_stop_that_cannot_be_moved_is_refused(broker):
    sent = broker.submit(PLAN.body())
    stop = next(leg for leg in sent.legs if leg.role == "stop_loss")

    for order_id, status in ((stop.order_id, 422), ("an-id", 404)):
        with pytest.raises(Refused) as refused:
            broker.replace(order_id, stop_price=stop.stop_price)
        assert refused.value.status == status

    assert broker.order(stop.order_id).replaced_by is None


@ON_BOTH_FACES
def test_a_refusal_names_its_request(broker):
    refused = fault_of(broker, an_entry_plan(limit_price="99", quantity=100_000))

    assert refused.request_id == refused.detail()["request_id"]
    assert refused.request_id != broker.submit(PLAN.body()).request_id


@pytest.mark.parametrize(
    ("reset", "wait"),
    [(30, 30), (-30, 1), (3600, 120), ("soon", 5), (None, 5)],
    ids=["in half a minute", "past", "absurd", "unreadable", "missing"],
)
def test_a_throttled_order_waits_until_the_limit_resets(face, broker, reset, wait):
    until = int(face.now.timestamp()) + reset if isinstance(reset, int) else reset
    headers = {} if until is None else {"X-RateLimit-Reset": str(until)}
    face.strike(
        method="POST", status=429, headers=headers, body={"code": 42910000, "message": "rate limit exceeded"}
    )

    fault = fault_of(broker)

    assert (type(fault), fault.until) == (Throttled, face.now + timedelta(seconds=wait))
    assert (face.posts, face.entries) == (1, 0)


def test_a_burst_beyond_the_budget_is_throttled_before_it_is_sent(face, broker):
    for _ in range(100):
        broker.clock()

    fault = fault_of(broker)

    assert (type(fault), face.posts) == (Throttled, 0)
    assert face.now < fault.until <= face.now + timedelta(seconds=1)
    face.clock.set(fault.until)
    assert broker.submit(PLAN.body()).client_order_id == PLAN.client_order_id


def test_an_answer_that_leaves_no_request_stops_the_next_until_the_reset(face, broker):
    reset = face.now + timedelta(seconds=30)
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(reset.timestamp()))}
    face.strike(status=404, body={"code": 40410000, "message": "order not found"}, headers=headers)
    assert broker.order("an-id") is None

    fault = fault_of(broker)

    assert (type(fault), fault.until, face.posts) == (Throttled, reset, 0)
    face.clock.set(reset)
    assert broker.submit(PLAN.body()).client_order_id == PLAN.client_order_id
