from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from argo.adapters.alpaca import parsing
from argo.domain.orders import OrderStatus
from tests.unit.strategies import json_values

ORDER = {
    "id": "61e69015-8549-4bfd-b9c3-01e75843f47d",
    "client_order_id": "argo-argo-0123456789abcdef01234567-entry",
    "created_at": "2026-03-02T15:01:05.123456789Z",
    "submitted_at": "2026-03-02T15:01:05.123456789Z",
    "filled_at": "2026-03-02T10:01:06-05:00",
    "asset_class": "us_equity",
    "notional": None,
    "symbol": "AAPL",
    "qty": "12",
    "filled_qty": "5",
    "filled_avg_price": "100.2417",
    "order_class": "bracket",
    "type": "limit",
    "side": "buy",
    "time_in_force": "gtc",
    "limit_price": "100.25",
    "stop_price": None,
    "status": "partially_filled",
    "legs": [
        {"id": "leg-1", "type": "limit", "limit_price": "110", "status": "held", "side": "sell", "legs": None},
        {"id": "leg-2", "type": "stop", "stop_price": "95", "status": "held", "side": "sell"},
    ],
    "position_intent": "buy_to_open",
}
FIELDS = sorted(ORDER.keys() - {"id", "legs"})


def test_an_order_is_read_with_its_legs():
    order = parsing.order(ORDER)

    assert (order.order_id, order.client_order_id) == (ORDER["id"], ORDER["client_order_id"])
    assert (order.symbol, order.side, order.order_class) == ("AAPL", "buy", "bracket")
    assert (order.quantity, order.filled_quantity) == (12, 5)
    assert (order.limit_price, order.stop_price) == (Decimal("100.25"), None)
    assert order.filled_average_price == Decimal("100.2417")
    assert order.submitted_at == datetime(2026, 3, 2, 15, 1, 5, 123456, tzinfo=UTC)
    assert order.filled_at == datetime(2026, 3, 2, 15, 1, 6, tzinfo=UTC)
    assert [(leg.order_id, leg.role, leg.status) for leg in order.legs] == [
        ("leg-1", "take_profit", "held"),
        ("leg-2", "stop_loss", "held"),
    ]


def test_an_order_of_nothing_but_an_id_is_an_order():
    order = parsing.order({"id": "1"})

    assert (order.order_id, order.status, order.order_class) == ("1", OrderStatus.UNRECOGNISED, "simple")
    assert (order.client_order_id, order.symbol, order.side, order.replaced_by) == ("", "", "", None)
    assert (order.quantity, order.filled_quantity, order.legs) == (None, 0, ())


def test_what_has_no_id_is_no_order():
    nameless = {name: value for name, value in ORDER.items() if name != "id"}

    with pytest.raises(KeyError):
        parsing.order(nameless)


@pytest.mark.parametrize("nothing", [None, "", [], {"id": "1"}, [["1"]]])
def test_an_id_of_nothing_is_no_order(nothing):
    with pytest.raises((KeyError, ValueError)):
        parsing.order(ORDER | {"id": nothing})


@pytest.mark.parametrize("status", [status for status in OrderStatus if status is not OrderStatus.UNRECOGNISED])
def test_a15_a_status_is_recognised_by_the_brokers_word(status):
    order = parsing.order(ORDER | {"status": str(status)})

    assert order.status is status
    assert order.status == status.value


@pytest.mark.parametrize("word", ["orderstatus.rejected", "brand_new", "", None, 7, ["new"]])
def test_a15_a_status_the_broker_adds_is_unrecognised_and_not_final(word):
    order = parsing.order(ORDER | {"status": word})

    assert order.status is OrderStatus.UNRECOGNISED
    assert not order.status.is_final


def test_a24_a_fraction_of_a_coin_is_read_exactly():
    order = parsing.order(ORDER | {"qty": "0.000000001", "filled_qty": 0.5})

    assert (order.quantity, order.filled_quantity) == (Decimal("0.000000001"), Decimal("0.5"))


@pytest.mark.parametrize("amount", ["many", "", True, {}, "1e999999999999999999999", "1e999999", "1e19"])
def test_an_amount_that_is_no_number_is_unknown(amount):
    order = parsing.order(ORDER | {"qty": amount, "filled_qty": amount})

    assert (order.quantity, order.filled_quantity) == (None, 0)


@pytest.mark.parametrize("time", ["yesterday", "", 7, None, "2026-03-02T15:01:05"])
def test_a_time_that_is_not_one_is_unknown(time):
    order = parsing.order(ORDER | {"submitted_at": time})

    assert order.submitted_at is None


STRICTER = "parsing.order is stricter than Argo needs: the order lives, and its look-up would fail for ever"


@pytest.mark.parametrize(
    "odd",
    [
        {"qty": "NaN"},
        {"filled_qty": "Infinity"},
        {"limit_price": float("nan")},
        {"submitted_at": "0001-01-01T00:00:00+14:00"},
        {"legs": 5},
        {"legs": [None]},
        {"legs": ["id"]},
        {"legs": {"id": 1}},
        {"legs": [{"id": ["leg"]}]},
        {"submitted_at": "9999-12-31T23:59:59.999999Z"},
    ],
    ids=str,
)
def test_an_odd_value_does_not_hide_a_live_order(odd):
    order = parsing.order(ORDER | odd)

    assert order.order_id == ORDER["id"]


@pytest.mark.parametrize(
    ("told", "known"),
    [
        ("9998-12-31T23:59:59Z", datetime(9998, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("9999-01-01T00:00:00Z", None),
        ("2026-03-02T15:01:05", None),
        ("2026-03-02T10:01:05-05:00", datetime(2026, 3, 2, 15, 1, 5, tzinfo=UTC)),
        ("yesterday", None),
        (1_772_463_600, None),
    ],
)
def test_a_time_is_aware_and_leaves_room_for_what_is_added_to_it_or_it_is_not_known(told, known):
    assert parsing.order(ORDER | {"submitted_at": told}).submitted_at == known


@given(st.dictionaries(st.sampled_from([*FIELDS, "legs", "brand_new"]), json_values, max_size=5))
@example({"qty": "NaN"})
@example({"legs": [None]})
def test_no_value_of_any_field_hides_a_live_order(changes):
    raw = ORDER | changes

    order = parsing.order(raw)

    assert order.order_id == ORDER["id"]


@given(st.dictionaries(st.text(max_size=8).filter(lambda name: name not in ORDER), json_values, max_size=5))
def test_unknown_fields_change_nothing(extra):
    plain = parsing.order(ORDER)

    order = parsing.order(extra | ORDER)

    assert order == plain


@given(st.sampled_from(FIELDS))
def test_a_missing_field_does_not_hide_a_live_order(field):
    raw = {name: value for name, value in ORDER.items() if name != field}

    order = parsing.order(raw)

    assert order.order_id == ORDER["id"]


def test_an_amount_has_no_more_digits_than_the_ledger_can_hold():
    order = parsing.order(ORDER | {"filled_avg_price": "100." + "3" * 60})

    assert order.filled_average_price == Decimal("100." + "3" * 35)


def test_a_leg_has_no_legs_however_deep_they_go():
    nested = "leg"
    for _ in range(500):
        nested = {"id": "leg", "legs": [nested]}

    order = parsing.order(ORDER | {"legs": [nested]})

    assert [leg.legs for leg in order.legs] == [()]


def test_a_leg_without_an_id_is_left_out():
    order = parsing.order(ORDER | {"legs": [{"type": "stop"}, {"id": "leg-2", "stop_price": "95"}]})

    assert [leg.order_id for leg in order.legs] == ["leg-2"]


@pytest.mark.parametrize(("told", "known"), [("order-2", "order-2"), (None, None), ("", None)])
def test_the_order_in_anothers_place_is_read(told, known):
    assert parsing.order(ORDER | {"replaced_by": told}).replaced_by == known


@pytest.mark.parametrize("nothing", [None, "", 0])
def test_a_status_of_nothing_is_an_empty_word(nothing):
    assert parsing.order(ORDER | {"status": nothing}).status == OrderStatus("")


@pytest.mark.parametrize("several", [parsing.orders, parsing.positions])
@pytest.mark.parametrize("answer", [{}, None, {"orders": []}, "[]"])
def test_what_is_no_list_is_not_an_empty_one(several, answer):
    assert several([]) == []
    with pytest.raises(TypeError, match="are a"):
        several(answer)
