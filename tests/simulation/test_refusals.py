from decimal import Decimal

import pytest

from simulation.broker import BrokerError, order_request
from simulation.broker.assets import Asset
from tests.simulation.trader import Trader

BRACKET = {"order_class": "bracket", "time_in_force": "gtc"}
EXITS = {"take_profit": {"limit_price": 110}, "stop_loss": {"stop_price": 95}}


def exits(target, stop):
    return {"take_profit": {"limit_price": target}, "stop_loss": {"stop_price": stop}}


def answer(error):
    return error.status, error.code, error.message


def test_a_client_order_id_is_unique_for_ever_but_per_account(trader):
    order = trader.buy(10, type="limit", limit_price=50, client_order_id="argo-1")
    trader.broker.cancel(trader.account, order.id)

    error = trader.refusal(client_order_id="argo-1")

    assert answer(error) == (422, 40010001, "client_order_id must be unique")
    assert Trader().buy(client_order_id="argo-1").status == "filled"


def test_a_refused_order_does_not_use_up_its_client_order_id(trader):
    trader.refusal(qty=10**6, client_order_id="argo-1")

    assert trader.buy(client_order_id="argo-1").status == "filled"


@pytest.mark.parametrize(
    ("terms", "status", "code", "message"),
    [
        ({"symbol": None}, 422, 40010001, "symbol is required"),
        ({"side": "hold"}, 422, 40010001, "invalid side: hold"),
        ({"type": None}, 422, 40010001, "type is required"),
        ({"time_in_force": "fok"}, 422, 40010001, "invalid time_in_force: fok"),
        ({"qty": None}, 422, 40010001, "qty or notional is required"),
        ({"notional": 5}, 422, 40010001, "only one of qty or notional is accepted"),
        ({"qty": "many"}, 422, 40010001, "qty is not a number: many"),
        ({"qty": float("nan")}, 422, 40010001, "qty is not a number: nan"),
        ({"qty": -1}, 422, 42210000, "qty must be > 0"),
        ({"qty": 0.30000000000000004}, 422, 42210000, "qty must be limited to 9 decimal places"),
        ({"qty": None, "notional": "1.001"}, 422, 42210000, "notional value must be limited to 2 decimal"),
        ({"qty": None, "notional": "0.5"}, 403, 40310000, "cost basis must be >= minimal amount of order 1"),
        ({"type": "limit"}, 422, 40010001, "limit orders require limit_price"),
        ({"stop_price": 90}, 422, 40010001, "market orders require no stop_price"),
        ({"client_order_id": "x" * 129}, 422, 40010001, "client_order_id must be no more than 128"),
        ({"symbol": "XYZ"}, 422, 42210000, 'asset "XYZ" not found'),
        ({"type": "limit", "limit_price": "99.123"}, 422, 42210000, "sub-penny increment does not fulfill"),
        (BRACKET | exits(110, "95.001"), 422, 42210000, "invalid stop_loss.stop_price 95.001. sub-penny"),
        (BRACKET | {"stop_loss": {"stop_price": 9}}, 422, 40010001, "require take_profit.limit_price"),
        (BRACKET | {"stop_loss": {}, "take_profit": {"limit_price": 110}}, 422, 40010001, "stop_loss.stop"),
        (BRACKET | EXITS | {"qty": "1.5"}, 422, 42210000, "fractional orders must be DAY orders"),
        (
            {"order_class": "bracket", "qty": "1.5"} | EXITS,
            422,
            42210000,
            "fractional orders must be simple orders",
        ),
        ({"qty": "1.5", "time_in_force": "gtc"}, 422, 42210000, "fractional orders must be DAY orders"),
        ({"qty": "1.5", "side": "sell"}, 422, 42210000, "fractional orders cannot be sold short"),
        (EXITS | {"order_class": "oto"}, 422, 40010001, "oto orders require either"),
        (EXITS | {"order_class": "oco", "side": "sell", "type": "limit"}, 422, 42210000, "must be exit"),
        ({"order_class": "bracket", "time_in_force": "ioc"} | EXITS, 422, 42210000, "must be DAY or GTC"),
        ({"extended_hours": True}, 422, 42210000, "extended hours order must be DAY limit orders"),
    ],
)
def test_an_order_that_alpaca_would_not_take_is_refused_in_its_words(trader, terms, status, code, message):
    error = trader.refusal(**({"side": "buy"} | terms))

    assert (error.status, error.code) == (status, code)
    assert message in error.message
    assert error.body["code"] == code
    assert trader.account.orders == {}


@pytest.mark.parametrize(
    ("side", "target", "stop", "message"),
    [
        ("buy", "100", "95", "take_profit.limit_price must be >= base_price + 0.01"),
        ("buy", "110", "100", "stop_loss.stop_price must be <= base_price - 0.01"),
        ("sell", "100", "105", "take_profit.limit_price must be <= base_price - 0.01"),
        ("sell", "90", "100", "stop_loss.stop_price must be >= base_price + 0.01"),
    ],
)
def test_bracket_exits_lie_on_their_sides_of_the_market_price(trader, side, target, stop, message):
    error = trader.refusal(side, **BRACKET, **exits(target, stop))

    assert answer(error) == (422, 42210000, message)
    assert error.body["base_price"] == "100"


def test_bracket_exits_are_measured_from_the_limit_where_there_is_one(trader):
    error = trader.refusal(type="limit", limit_price=98, **BRACKET, **exits(110, 99))

    assert error.body["base_price"] == "98"


def test_prices_below_a_dollar_have_four_decimals():
    trader = Trader({"AAPL": "0.5"})

    assert trader.buy(type="limit", limit_price="0.4999").is_open
    assert "sub-penny" in trader.refusal(type="limit", limit_price="0.49999").message


def test_an_order_beyond_buying_power_is_refused_with_both_figures(trader):
    error = trader.refusal(qty=2001)

    assert answer(error) == (403, 40310000, "insufficient buying power")
    assert (error.body["buying_power"], error.body["cost_basis"]) == ("200000", "200100")


def test_b10_legs_hold_the_shares_until_they_are_cancelled(trader):
    entry = trader.bracket(10)

    error = trader.refusal("sell", 10)
    trader.broker.cancel(trader.account, entry.legs[0].id)

    assert answer(error)[:2] == (403, 40310000)
    assert error.body == {
        "code": 40310000,
        "message": "insufficient qty available for order (requested: 10, available: 0)",
        "symbol": "AAPL",
        "existing_qty": "10",
        "held_for_orders": "10",
        "available": "0",
    }
    assert trader.sell(10).status == "filled"


@pytest.mark.parametrize(("first", "then"), [("buy", "sell"), ("sell", "buy")])
def test_one_order_does_not_cross_from_one_side_to_the_other(trader, first, then):
    trader.send(first, 10)

    error = trader.refusal(then, 15)

    assert "insufficient qty available for order (requested: 15, available: 10)" in error.message


@pytest.mark.parametrize(
    ("resting", "order", "refused"),
    [
        ({"type": "limit", "limit_price": 99}, {"type": "market"}, "market/stop"),
        ({"type": "limit", "limit_price": 99}, {"type": "limit", "limit_price": 99}, "limit"),
        ({"type": "limit", "limit_price": 99}, {"type": "limit", "limit_price": 101}, None),
        ({"type": "stop", "stop_price": 105}, {"type": "limit", "limit_price": 110}, "market/stop"),
        ({"type": "limit", "limit_price": 99}, {"type": "stop", "stop_price": 90}, "market/stop"),
    ],
)
def test_an_order_that_could_meet_ones_own_is_a_wash_trade(trader, resting, order, refused):
    first = trader.buy(10, **resting)

    if refused is None:
        assert trader.sell(10, **order).is_open
        return
    error = trader.refusal("sell", **order)

    assert answer(error) == (403, 40310000, "potential wash trade detected. use complex orders")
    assert error.body["existing_order_id"] == first.id
    assert error.body["reject_reason"] == f"opposite side {refused} order exists"


@pytest.mark.parametrize(("limit", "is_refused"), [("109.99", False), ("110", True), ("111", True)])
def test_a_buy_is_a_wash_trade_from_the_price_of_ones_own_sale_on(trader, limit, is_refused):
    trader.sell(10, type="limit", limit_price=110)
    trader.price(109.995)
    terms = {"type": "limit", "limit_price": limit}

    if is_refused:
        assert trader.refusal("buy", **terms).body["reject_reason"] == "opposite side limit order exists"
    else:
        assert trader.buy(10, **terms).is_open


def test_a_group_is_no_wash_trade(trader):
    trader.bracket(10)

    assert trader.bracket(10).status == "filled"


@pytest.mark.parametrize(
    ("override", "terms", "expected"),
    [
        ({"tradable": False}, {}, (422, 42210000, "asset AAPL is not active")),
        ({"shortable": False}, {"side": "sell"}, (422, 42210000, 'asset "AAPL" cannot be sold short')),
        ({"fractionable": False}, {"qty": "1.5"}, (403, 40310000, 'asset "AAPL" is not fractionable')),
    ],
)
def test_an_asset_can_be_barred(trader, override, terms, expected):
    trader.broker.assets.override(Asset("AAPL", **override))

    assert answer(trader.refusal(**({"side": "buy"} | terms))) == expected


@pytest.mark.parametrize(
    ("flag", "value", "message"),
    [
        ("account_blocked", True, "account is not authorized to trade"),
        ("status", "ACCOUNT_CLOSED", "account is not authorized to trade"),
        ("trading_blocked", True, "trading is blocked for this account"),
        ("trade_suspended_by_user", True, "new orders are rejected by user request"),
    ],
)
def test_a_blocked_account_places_nothing(trader, flag, value, message):
    setattr(trader.account, flag, value)

    assert answer(trader.refusal()) == (403, 40310000, message)


def test_an_account_without_shorting_sells_only_what_it_has():
    trader = Trader(shorting_enabled=False)

    assert trader.refusal("sell").message == "account is not allowed to short"


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"time_in_force": "day"}, (422, 42210000, "invalid crypto time_in_force")),
        ({"type": "stop", "stop_price": 9}, (422, 42210000, "invalid order type for crypto order")),
        (EXITS | BRACKET, (422, 42210000, "crypto orders not allowed for advanced order_class: otoco")),
        ({"qty": "0.0001"}, (403, 40310000, "cost basis must be >= minimal amount of order 10")),
        ({"side": "sell"}, (403, 40310000, "insufficient balance for BTC (requested: 1, available: 0)")),
        ({"qty": 3}, (403, 40310000, "insufficient balance for USD (requested: 150000, available: 100000)")),
    ],
)
def test_crypto_has_its_own_terms(terms, expected):
    trader = Trader({"BTC/USD": 50_000})
    order = {"symbol": "BTC/USD", "side": "buy", "qty": 1, "time_in_force": "gtc"} | terms

    assert answer(trader.refusal(**order)) == expected


def test_an_unknown_field_is_ignored_as_alpaca_does(trader):
    order = trader.buy(10, stop_los={"stop_price": 95})

    assert order.legs == []


def test_unknown_orders_and_positions_are_not_found(trader):
    for attempt in (
        lambda: trader.broker.cancel(trader.account, "none"),
        lambda: trader.broker.order_by_client_id(trader.account, "none"),
        lambda: trader.broker.close_position(trader.account, "AAPL"),
    ):
        with pytest.raises(BrokerError) as refused:
            attempt()
        assert (refused.value.status, refused.value.code) == (404, 40410000)


def test_an_order_that_is_over_cannot_be_cancelled(trader):
    order = trader.buy(10)

    with pytest.raises(BrokerError, match='order is already in "filled" state') as refused:
        trader.broker.cancel(trader.account, order.id)

    assert (refused.value.status, refused.value.code) == (422, 42210000)


def test_numbers_are_read_from_strings_as_from_numbers():
    body = {"symbol": "aapl", "side": "buy", "type": "market", "time_in_force": "day"}

    assert order_request(body | {"qty": "1.5"}) == order_request(body | {"qty": 1.5})
    assert order_request(body | {"qty": "1.5"}).quantity == Decimal("1.5")
