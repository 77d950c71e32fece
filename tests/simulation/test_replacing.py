from decimal import Decimal

import pytest

from simulation.broker.views import order_json
from tests.simulation.refusing import invalid, refused
from tests.simulation.trader import AFTER_THE_CLOSE, Trader


@pytest.fixture
def resting(trader):
    return trader.buy(10, type="limit", limit_price=90, client_order_id="argo-1")


def test_a_replacement_is_a_new_order_with_the_terms_that_were_not_changed(trader, resting):
    new = trader.replace(resting, limit_price="91", time_in_force="gtc", client_order_id="argo-2")

    assert new.id != resting.id
    assert (new.client_order_id, new.quantity, new.limit_price, new.time_in_force) == ("argo-2", 10, 91, "gtc")
    assert (new.status, resting.status) == ("new", "replaced")
    assert (new.replaces, resting.replaced_by) == (resting.id, new.id)
    assert (resting.expires_at is None, new.expires_at) == (False, None)


def test_the_original_client_id_finds_the_original(trader, resting):
    new = trader.replace(resting, qty=12)

    shown = order_json(trader.broker.order_by_client_id(trader.account, "argo-1"))

    assert (shown["status"], shown["replaced_by"]) == ("replaced", new.id)
    assert shown["replaced_at"] is not None
    assert trader.broker.order_by_client_id(trader.account, new.client_order_id) is new


def test_a_marketable_replacement_fills_at_once(trader, resting):
    new = trader.replace(resting, limit_price=100)

    assert new.status == "filled"
    assert trader.held() == 10


def test_the_replaced_order_never_fills(trader, resting):
    trader.replace(resting, limit_price=80)

    trader.price(85)

    assert trader.held() == 0


def test_a_replacement_asks_for_what_the_replaced_order_has_not_filled(trader):
    trader.broker.fill_limits["thin"] = Decimal(4)
    order = trader.buy(10, type="limit", limit_price=100, client_order_id="thin")

    new = trader.replace(order, qty=8, limit_price=101)

    assert (order.filled_quantity, new.filled_quantity) == (4, 4)
    assert trader.held() == 8


def test_a_replacement_keeps_buying_power_for_itself_only(trader, resting):
    trader.replace(resting, qty=20)

    assert trader.buying_power == 200_000 - 20 * 90


def test_a_replacement_may_spend_what_the_replaced_order_had_reserved(trader):
    order = trader.buy(2000, type="limit", limit_price=90)

    assert trader.replace(order, limit_price=99).is_open


def test_an_order_that_is_not_at_the_exchange_cannot_be_replaced(trader, resting):
    filled, canceled = trader.buy(1), trader.buy(1, type="limit", limit_price=80)
    trader.cancel(canceled)
    trader.replace(resting, qty=11)

    assert refused(trader, filled, qty=2) == invalid("cannot replace order in filled status")
    assert refused(trader, canceled, qty=2) == invalid("cannot replace order in canceled status")
    assert refused(trader, resting, qty=2) == invalid("order already replaced")


def test_an_order_that_waits_for_the_session_cannot_be_replaced(trader):
    trader.broker.set_clock(AFTER_THE_CLOSE)
    waiting = trader.buy(1, type="limit", limit_price=80)

    assert refused(trader, waiting, qty=2) == invalid("cannot replace order in accepted status")


def test_an_order_that_is_being_cancelled_cannot_be_replaced(trader, resting):
    trader.behave(cancel_takes=5)
    trader.cancel(resting)

    assert refused(trader, resting, qty=11) == invalid("cannot replace order in pending_cancel status")


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({}, 42210000, "order parameters are not changed"),
        ({"qty": 10, "limit_price": "90.00"}, 42210000, "order parameters are not changed"),
        ({"client_order_id": "argo-2"}, 42210000, "order parameters are not changed"),
        ({"stop_loss": 80}, 42210000, "order parameters are not changed"),
        ({"stop_price": 80}, 40010001, "limit orders must not have stop_price"),
        ({"limit_price": "90.001"}, 42210000, "invalid limit_price 90.001. sub-penny increment does not fulfill"),
        ({"limit_price": -1}, 42210000, "limit_price must be > 0"),
        ({"qty": "10.5"}, 42210000, "qty of fractional orders cannot be changed"),
        ({"qty": 11, "client_order_id": "argo-1"}, 40010001, "client_order_id must be unique"),
        ({"time_in_force": "fok"}, 40010001, "invalid time_in_force: fok"),
    ],
)
def test_terms_that_no_order_could_have_are_refused_and_the_order_stands(trader, resting, body, code, message):
    status, given, words = refused(trader, resting, **body)

    assert (status, given) == (422, code)
    assert message in words
    assert resting.status == "new"
    assert len(trader.account.orders) == 1


def test_more_than_the_account_may_spend_is_refused(trader, resting):
    assert refused(trader, resting, qty=3000) == (403, 40310000, "insufficient buying power")


def test_a_quantity_that_is_filled_already_is_refused(trader):
    trader.broker.fill_limits["thin"] = Decimal(4)
    order = trader.buy(10, type="limit", limit_price=100, client_order_id="thin")

    assert refused(trader, order, qty=4) == invalid("qty must be > filled_qty")


def test_more_than_is_held_and_free_is_refused(trader):
    trader.buy(10)
    order = trader.sell(6, type="limit", limit_price=120)
    trader.sell(2, type="limit", limit_price=130)

    assert refused(trader, order, qty=9)[:2] == (403, 40310000)
    assert trader.replace(order, qty=8).is_open


def test_notional_orders_and_parts_of_shares_keep_their_size(trader):
    notional = trader.buy(None, notional=100, type="limit", limit_price=90)
    part = trader.buy("1.5", type="limit", limit_price=90)

    assert refused(trader, notional, limit_price=91) == invalid("notional orders cannot be replaced")
    assert refused(trader, part, qty=2) == invalid("qty of fractional orders cannot be changed")
    assert trader.replace(part, limit_price=91).quantity == Decimal("1.5")


@pytest.mark.parametrize(
    ("side", "stop", "passed", "word"), [("sell", 95, 100, "less"), ("buy", 105, 100, "greater")]
)
def test_a_stop_may_not_be_moved_to_where_the_price_is(trader, side, stop, passed, word):
    trader.buy(10) if side == "sell" else trader.sell(10)
    order = trader.send(side, 10, type="stop", stop_price=stop)

    assert refused(trader, order, stop_price=passed) == invalid(f"stop price must be {word} than current price")


def test_a_crypto_stop_limit_is_moved():
    trader = Trader({"BTC/USD": 50_000})
    trader.buy(1, symbol="BTC/USD", time_in_force="gtc")
    terms = {"symbol": "BTC/USD", "type": "stop_limit", "time_in_force": "gtc"}
    order = trader.sell("0.9975", stop_price=48_000, limit_price=47_000, **terms)

    new = trader.replace(order, stop_price="49000.5", limit_price="48000.125")
    trader.price(48_999, "BTC/USD")

    assert (new.status, new.average_price) == ("filled", 48_999)


def test_a_stop_limit_order_that_is_moved_waits_for_its_stop_again(trader):
    trader.buy(10)
    order = trader.sell(10, type="stop_limit", stop_price=98, limit_price=97)
    trader.price(95)

    new = trader.replace(order, stop_price=94)
    trader.price(98)

    assert (order.triggered, new.triggered, new.status) == (True, False, "new")


def test_a_dearer_replacement_keeps_more_buying_power(trader, resting):
    trader.replace(resting, limit_price=95)

    assert trader.buying_power == 200_000 - 10 * 95
