from decimal import Decimal

import pytest
from hypothesis import example, given
from pydantic import ValidationError

from argo.domain.orders import (
    BRACKET_GAP,
    InvalidPrices,
    OrderStatus,
    bracket_prices,
    differences,
)
from argo.domain.signal import Side
from argo.domain.symbols import AssetClass
from tests.unit.builders import a_broker_order, an_entry_plan
from tests.unit.strategies import bracket_terms, decimals

slippages = decimals("0", "0.05", 4)
STOCK = AssetClass.US_EQUITY


def is_on_tick(price: Decimal) -> bool:
    return price * (100 if price >= 1 else 10_000) % 1 == 0


@pytest.mark.parametrize(
    ("side", "stop", "target", "expected"),
    [
        (Side.BUY, "95.001", "110.009", ("100.25", "95.01", "110.00")),
        (Side.SELL, "105.009", "90.001", ("99.75", "105.00", "90.01")),
    ],
)
def test_b11_a_brackets_prices_are_rounded_to_ticks_towards_the_entry(side, stop, target, expected):
    prices = bracket_prices(
        side=side,
        entry=Decimal(100),
        stop=Decimal(stop),
        target=Decimal(target),
        slippage=Decimal("0.0025"),
        asset_class=STOCK,
    )

    assert (prices.limit_price, prices.stop_price, prices.target_price) == tuple(map(Decimal, expected))


def test_b11_a_limit_never_concedes_the_rest_of_a_tick():
    buy, sell = (
        bracket_prices(
            side=side,
            entry=Decimal("33.33"),
            stop=Decimal(stop),
            target=Decimal(target),
            slippage=Decimal("0.0025"),
            asset_class=STOCK,
        ).limit_price
        for side, stop, target in [(Side.BUY, 30, 40), (Side.SELL, 40, 30)]
    )

    assert (buy, sell) == (Decimal("33.41"), Decimal("33.25"))


@given(bracket_terms(), slippages)
@example(
    {"side": Side.BUY, "entry": Decimal(1), "stop": Decimal("0.97"), "target": Decimal("1.2")}, Decimal("0.0025")
)
@example(
    {"side": Side.SELL, "entry": Decimal(1), "stop": Decimal("1.2"), "target": Decimal("0.9")}, Decimal("0.001")
)
def test_b11_bracket_prices_are_refused_or_safe(terms, slippage):
    side, entry, stop, target = (terms[name] for name in ("side", "entry", "stop", "target"))
    try:
        prices = bracket_prices(**terms, slippage=slippage, asset_class=STOCK)
    except InvalidPrices:
        return

    limit = prices.limit_price
    assert all(is_on_tick(price) for price in (limit, prices.stop_price, prices.target_price))
    if side is Side.BUY:
        assert prices.stop_price <= limit - BRACKET_GAP < limit + BRACKET_GAP <= prices.target_price
        assert limit <= entry * (1 + slippage)
        assert prices.stop_price >= stop
        assert prices.target_price <= target
    else:
        assert prices.target_price <= limit - BRACKET_GAP < limit + BRACKET_GAP <= prices.stop_price
        assert limit >= entry * (1 - slippage)
        assert prices.stop_price <= stop
        assert prices.target_price >= target


@given(bracket_terms(), slippages)
def test_a_bracket_with_room_for_ticks_and_slippage_is_never_refused(terms, slippage):
    room = terms["entry"] * slippage + Decimal("0.04")
    towards = 1 if terms["side"] is Side.BUY else -1
    roomy = terms | {
        "entry": terms["entry"] + 1,
        "stop": terms["entry"] + 1 - towards * room,
        "target": terms["entry"] + 1 + towards * (room + slippage),
    }

    prices = bracket_prices(**roomy, slippage=slippage, asset_class=STOCK)

    assert prices.limit_price > 0


@given(bracket_terms(), slippages)
def test_a_bracket_is_rounded_once(terms, slippage):
    try:
        prices = bracket_prices(**terms, slippage=slippage, asset_class=STOCK)
    except InvalidPrices:
        return

    again = bracket_prices(
        side=terms["side"],
        entry=prices.limit_price,
        stop=prices.stop_price,
        target=prices.target_price,
        slippage=Decimal(0),
        asset_class=STOCK,
    )

    assert again == prices


@pytest.mark.parametrize(
    ("side", "entry", "stop", "target"),
    [
        (Side.BUY, "100", "99.995", "110"),
        (Side.BUY, "100", "95", "100.009"),
        (Side.SELL, "100", "100.005", "90"),
        (Side.SELL, "100", "105", "99.991"),
        (Side.BUY, "0.02", "0.0101", "0.03"),
        (Side.SELL, "0.02", "0.0299", "0.01"),
    ],
)
def test_exits_closer_than_the_brokers_gap_are_refused_with_the_prices(side, entry, stop, target):
    with pytest.raises(InvalidPrices, match=f"{side}: limit .*, stop .*, target "):
        bracket_prices(
            side=side,
            entry=Decimal(entry),
            stop=Decimal(stop),
            target=Decimal(target),
            slippage=Decimal(0),
            asset_class=STOCK,
        )


@pytest.mark.parametrize(
    ("side", "entry", "stop", "target"),
    [(Side.SELL, "5", "6", "-1"), (Side.BUY, "5", "-1", "6"), (Side.SELL, "0.00001", "5", "-1")],
)
def test_a_price_that_is_not_positive_is_refused(side, entry, stop, target):
    with pytest.raises(InvalidPrices):
        bracket_prices(
            side=side,
            entry=Decimal(entry),
            stop=Decimal(stop),
            target=Decimal(target),
            slippage=Decimal(0),
            asset_class=STOCK,
        )


def test_b09_a_bracket_orders_body_says_bracket_and_names_both_exits():
    body = an_entry_plan().body()

    assert body["order_class"] == "bracket"
    assert body["take_profit"] == {"limit_price": "110.00"}
    assert body["stop_loss"] == {"stop_price": "95.00"}


def test_a17_a_bracket_orders_body_is_complete_and_made_of_strings():
    plan = an_entry_plan(side=Side.SELL, stop_price=Decimal("105.00"), target_price=Decimal("90.00"))

    body = plan.body()

    assert body == {
        "symbol": "AAPL",
        "side": "sell",
        "qty": "12",
        "type": "limit",
        "limit_price": "100.25",
        "time_in_force": "gtc",
        "order_class": "bracket",
        "take_profit": {"limit_price": "90.00"},
        "stop_loss": {"stop_price": "105.00"},
        "client_order_id": "argo-argo-0123456789abcdef01234567-entry",
    }
    assert all(type(value) is str for value in body.values() if not isinstance(value, dict))


@pytest.mark.parametrize("quantity", ["12.0", "1.2E+1", "12.000000000"])
def test_a17_a_quantity_is_sent_as_whole_shares_however_it_was_computed(quantity):
    plan = an_entry_plan(quantity=Decimal(quantity))

    sent = plan.body()["qty"]

    assert sent == "12"


@pytest.mark.parametrize("quantity", ["0.5", "12.000000001"])
def test_b09_a_bracket_of_fractional_shares_is_refused(quantity):
    with pytest.raises(ValidationError, match="whole shares only"):
        an_entry_plan(quantity=Decimal(quantity))


@pytest.mark.parametrize("quantity", ["0", "-1"])
def test_a_bracket_of_nothing_is_refused(quantity):
    with pytest.raises(ValidationError, match="greater than 0"):
        an_entry_plan(quantity=Decimal(quantity))


def test_b09_a_crypto_bracket_is_refused():
    with pytest.raises(ValidationError, match="a bracket is for stocks only"):
        an_entry_plan(symbol="BTCUSD")


def test_a_plan_knows_what_it_binds_and_what_it_can_lose():
    plan = an_entry_plan()

    assert plan.notional == Decimal("1203.00")
    assert plan.risk == Decimal("63.00")


def test_b03_the_planned_order_found_under_its_id_has_no_differences():
    planned = an_entry_plan().body()

    found = differences(planned, a_broker_order(limit_price=Decimal("100.2500"), quantity=Decimal("12.0")))

    assert found == {}


@pytest.mark.parametrize(
    ("change", "name", "difference"),
    [
        ({"symbol": "MSFT"}, "symbol", "AAPL != MSFT"),
        ({"symbol": "???"}, "symbol", "AAPL != ???"),
        ({"side": "sell"}, "side", "buy != sell"),
        ({"quantity": Decimal(13)}, "qty", "12 != 13"),
        ({"quantity": None}, "qty", "12 != None"),
        ({"limit_price": Decimal("100.26")}, "limit_price", "100.25 != 100.26"),
    ],
)
def test_b03_another_order_found_under_the_id_is_told_apart(change, name, difference):
    planned = an_entry_plan().body()

    found = differences(planned, a_broker_order(**change))

    assert found == {name: difference}


def test_b03_a_pair_written_without_a_slash_is_the_planned_one():
    planned = {"symbol": "BTC/USD", "side": "buy", "qty": "0.5"}

    found = differences(planned, a_broker_order(symbol="BTCUSD", quantity=Decimal("0.500"), limit_price=None))

    assert found == {}


def test_the_leg_with_a_stop_price_is_the_stop():
    stop, target = a_broker_order(stop_price=Decimal(95)), a_broker_order(limit_price=Decimal(110))

    roles = [stop.role, target.role]

    assert roles == ["stop_loss", "take_profit"]


def test_a15_a_final_status_is_recognised_as_final():
    final = {status.value for status in OrderStatus if status.is_final}

    assert final == {"filled", "canceled", "expired", "replaced", "rejected"}


@pytest.mark.parametrize("text", ["orderstatus.rejected", "OrderStatus.REJECTED", "REJECTED", "", "brand_new"])
def test_a15_a_status_argo_does_not_know_is_unrecognised_and_not_final(text):
    status = OrderStatus(text)

    assert status is OrderStatus.UNRECOGNISED
    assert not status.is_final
