import pytest

from argo.domain.faults import Ambiguous, BrokerFault
from argo.domain.orders import OrderStatus
from tests.contract.answers import NOTHING_TOLD, PLAN, UNUSABLE

AN_ORDER = {"id": "61e69015", "client_order_id": PLAN.client_order_id, "symbol": "AAPL", "status": "new"}


@pytest.mark.parametrize(
    "news", [{"status": "quantum"}, {"status": None}, {"legs": None, "hologram": {"deep": [1]}}]
)
def test_an_accepted_order_with_unknown_fields_and_values_is_accepted(face, broker, news):
    face.strike(method="POST", after=True, status=200, body=AN_ORDER | news)

    order = broker.submit(PLAN.body())

    assert order.order_id == "61e69015"
    assert order.request_id
    assert order.status is (OrderStatus.UNRECOGNISED if "status" in news else OrderStatus.NEW)
    assert face.posts == 1


def test_an_accepted_order_needs_nothing_but_its_id(face, broker):
    face.strike(method="POST", after=True, status=200, body={"id": "61e69015"})

    order = broker.submit(PLAN.body())

    assert (order.order_id, order.status, order.legs) == ("61e69015", OrderStatus.UNRECOGNISED, ())


@pytest.mark.parametrize(
    "news",
    [
        {"qty": "many"},
        {"qty": 12},
        {"filled_qty": None},
        {"submitted_at": "yesterday"},
        {"submitted_at": "2026-03-02T15:00:00"},
        {"submitted_at": "2026-03-02T15:00:00.123456789Z"},
        {"legs": [{"no": "id"}]},
        {"symbol": 7, "side": 7, "type": 7},
    ],
)
def test_an_accepted_order_with_a_field_of_another_form_is_accepted(face, broker, news):
    face.strike(method="POST", after=True, status=200, body=AN_ORDER | news)

    assert broker.submit(PLAN.body()).order_id == "61e69015"


READS = {
    "account": lambda broker: broker.account(),
    "clock": lambda broker: broker.clock(),
    "positions": lambda broker: broker.positions(),
    "order": lambda broker: broker.order("an-id"),
    "order_by_client_id": lambda broker: broker.order_by_client_id("argo-1"),
}


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("answer", UNUSABLE)
def test_a19_a_read_that_brings_nothing_usable_is_ambiguous(face, broker, read, answer):
    face.strike(**UNUSABLE[answer])

    with pytest.raises(Ambiguous):
        READS[read](broker)

    assert sum(face.requests.values()) == 1


@pytest.mark.parametrize("answer", NOTHING_TOLD.values(), ids=NOTHING_TOLD)
def test_a_cancellation_without_a_usable_answer_is_not_a_success(face, broker, answer):
    face.strike(**answer)

    with pytest.raises(Ambiguous):
        broker.cancel("an-id")


def test_a19_an_object_instead_of_the_list_of_positions_is_not_an_empty_account(face, broker):
    face.strike(status=200, body={})

    with pytest.raises(Ambiguous):
        broker.positions()


def test_a_404_that_does_not_speak_of_an_order_is_not_the_absence_of_one(face, broker):
    face.strike(status=404, body={"message": "endpoint not found"})

    with pytest.raises(BrokerFault):
        broker.order_by_client_id("argo-1")


@pytest.mark.parametrize("missing", ["trading_blocked", "account_blocked", "status"])
def test_a19_an_account_without_a_flag_counts_as_blocked(face, broker, missing):
    flags = {"status": "ACTIVE", "trading_blocked": False, "account_blocked": False}
    money = {"equity": "1", "cash": "1", "buying_power": "1"}
    whole = flags | money
    face.strike(status=200, body={name: value for name, value in whole.items() if name != missing})
    face.strike(status=200, body=whole)

    assert broker.account().is_blocked
    assert not broker.account().is_blocked


def test_a19_an_account_without_buying_power_is_no_account(face, broker):
    face.strike(status=200, body={"status": "ACTIVE", "equity": "1", "cash": "1"})

    with pytest.raises(Ambiguous):
        broker.account()
