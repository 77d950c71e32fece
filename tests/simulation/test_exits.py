from decimal import Decimal

import pytest

from simulation.broker.views import position_json
from tests.simulation.trader import Trader

EXITS = {"take_profit": {"limit_price": 110}, "stop_loss": {"stop_price": 95}}
OCO = {"type": "limit", "time_in_force": "gtc", "order_class": "oco"} | EXITS
CRYPTO = {"symbol": "BTC/USD", "time_in_force": "gtc"}


def available(trader):
    return position_json(trader.account.positions["AAPL"], trader.account, trader.broker.market)["qty_available"]


def test_the_two_exits_of_an_oco_hold_the_shares_once(trader):
    trader.buy(10)
    trader.oco(6)

    assert available(trader) == "4"
    assert trader.oco(4).status == "new"


@pytest.mark.parametrize(("price", "profit", "stop"), [(111, "filled", "canceled"), (94, "canceled", "filled")])
def test_one_exit_of_an_oco_cancels_the_other(trader, price, profit, stop):
    trader.buy(10)
    order = trader.oco(10)

    trader.price(price)

    assert (order.status, order.legs[0].status) == (profit, stop)
    assert (order.type, order.legs[0].type) == ("limit", "stop")
    assert trader.held() == 0


def test_an_oco_covers_a_short_position():
    trader = Trader()
    trader.sell(10)
    exits = {"take_profit": {"limit_price": 90}, "stop_loss": {"stop_price": 105}}

    order = trader.buy(10, **OCO | exits)
    trader.price(106)

    assert (order.status, order.legs[0].status) == ("canceled", "filled")
    assert trader.held() == 0


def test_an_oco_needs_the_position_it_leaves(trader):
    error = trader.refusal("sell", 10, **OCO)

    assert (error.status, error.code, error.message) == (422, 42210000, "oco orders must be exit orders")


def test_an_oco_takes_no_more_than_is_free(trader):
    trader.buy(10)
    trader.sell(4, type="limit", limit_price=120)

    error = trader.refusal("sell", 7, **OCO)

    assert (error.status, error.code) == (403, 40310000)
    assert error.message == "insufficient qty available for order (requested: 7, available: 6)"
    assert error.body["held_for_orders"] == "4"


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"type": "market"}, "oco orders must be limit orders"),
        ({"qty": "1.5"}, "fractional orders must be DAY orders"),
        ({"qty": "1.5", "time_in_force": "day"}, "fractional orders must be simple orders"),
        ({"stop_loss": {"stop_price": 100}}, "stop price must be less than current price"),
    ],
)
def test_an_oco_that_alpaca_would_not_take_is_refused(trader, terms, message):
    trader.buy(10)

    error = trader.refusal(**({"side": "sell", "qty": 1} | OCO | terms))

    assert (error.status, error.code, error.message) == (422, 42210000, message)


def test_crypto_has_no_oco():
    trader = Trader({"BTC/USD": 100})
    trader.buy(10, **CRYPTO)

    assert trader.refusal("sell", 1, **OCO | CRYPTO).message.endswith("advanced order_class: oco")


@pytest.mark.parametrize(
    ("side", "kind", "stop", "word"),
    [("sell", "stop", 100, "less"), ("sell", "stop_limit", 101, "less"), ("buy", "stop", 99, "greater")],
)
def test_a_stop_that_the_price_has_passed_is_refused_with_both_prices(trader, side, kind, stop, word):
    trader.buy(10) if side == "sell" else trader.sell(10)
    limit = {"limit_price": 90} if kind == "stop_limit" else {}

    error = trader.refusal(side, 10, type=kind, stop_price=stop, **limit)

    assert (error.status, error.code) == (422, 42210000)
    assert error.message == f"stop price must be {word} than current price"
    assert (error.body["market_price"], error.body["stop_price"]) == ("100", str(stop))


@pytest.mark.parametrize("terms", [{"type": "stop"}, {"type": "stop_limit", "limit_price": 94}])
def test_parts_of_shares_are_protected_by_simple_stops_for_the_day(trader, terms):
    trader.buy("1.5")

    order = trader.sell("1.5", time_in_force="day", stop_price=95, **terms)
    trader.bar(100, 101, 93, 94)

    assert (order.status, order.average_price) == ("filled", 95)
    assert trader.held() == 0


def test_a_stop_for_parts_of_shares_expires_with_the_day(trader):
    trader.buy("1.5")
    order = trader.sell("1.5", type="stop", stop_price=95)

    assert order.expires_at is not None
    assert trader.refusal("sell", "1.5", type="stop", stop_price=95, time_in_force="gtc").code == 42210000


def test_coins_are_protected_by_stop_limit_orders():
    trader = Trader({"BTC/USD": 50_000})
    trader.buy(1, **CRYPTO)
    order = trader.sell("0.9975", type="stop_limit", stop_price=48_000, limit_price=47_500, **CRYPTO)
    resting = order.status

    trader.bar(50_000, 50_000, 47_000, 47_800, symbol="BTC/USD")

    assert (resting, order.status, order.average_price) == ("new", "filled", Decimal(48_000))
    assert trader.held("BTC/USD") == 0


def test_a_stop_limit_order_for_coins_holds_them():
    trader = Trader({"BTC/USD": 50_000})
    trader.buy(1, **CRYPTO)
    trader.sell("0.9975", type="stop_limit", stop_price=48_000, limit_price=47_500, **CRYPTO)

    error = trader.refusal("sell", "0.9975", **CRYPTO)

    assert error.message == "insufficient balance for BTC (requested: 0.9975, available: 0)"
