import pytest

from simulation.broker import BrokerError, order_request


def statuses(order):
    return [order.status, *(leg.status for leg in order.legs)]


def by_hand(trader, qty, side="sell", **options):
    body = {"symbol": "AAPL", "side": side, "qty": qty, "type": "market", "time_in_force": "day"}
    return trader.broker.trade_by_hand(trader.account, order_request(body), **options)


def test_a_person_sells_what_legs_hold_and_the_legs_stay(trader):
    entry = trader.bracket(10, client_order_id="argo-1")

    order = by_hand(trader, 10)

    assert (order.status, order.client_order_id.startswith("argo-")) == ("filled", False)
    assert statuses(entry) == ["filled", "new", "new"]
    assert (trader.held(), trader.account.cash) == (0, 100_000)


def test_a_leg_left_by_a_person_opens_the_opposite_position(trader):
    trader.bracket(10, stop=95)
    by_hand(trader, 10)

    trader.price(94)

    assert trader.held() == -10


def test_a_person_who_cancels_the_exits_first_leaves_nothing_behind(trader):
    entry = trader.bracket(10)

    by_hand(trader, 4, cancels_exits=True)

    assert statuses(entry) == ["filled", "canceled", "canceled"]
    assert trader.held() == 6
    assert trader.account.open_orders == ()


def test_each_trade_by_hand_has_an_id_of_its_own_that_is_not_used_twice(trader):
    first, second = by_hand(trader, 1, side="buy"), by_hand(trader, 1, side="buy")
    used = order_request(
        {"symbol": "AAPL", "side": "buy", "qty": 1, "type": "market", "time_in_force": "day"}
        | {"client_order_id": first.client_order_id}
    )

    with pytest.raises(BrokerError, match="must be unique"):
        trader.broker.trade_by_hand(trader.account, used)
    assert first.client_order_id != second.client_order_id


def test_an_open_entry_is_no_exit_and_keeps_its_legs(trader):
    trader.buy(10)
    entry = trader.bracket(10, type="limit", limit_price=98)

    by_hand(trader, 10, cancels_exits=True)

    assert statuses(entry) == ["new", "held", "held"]
