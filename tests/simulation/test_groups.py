from decimal import Decimal

from tests.simulation.trader import AFTER_THE_CLOSE, Trader


def statuses(order):
    return [order.status, *(leg.status for leg in order.legs)]


def test_legs_are_held_until_the_entry_is_completely_filled(trader):
    trader.broker.fill_limits["entry"] = Decimal(6)
    entry = trader.bracket(10, client_order_id="entry")
    partly = statuses(entry)

    trader.broker.fill_limits.pop("entry")
    trader.price(101)

    assert partly == ["partially_filled", "held", "held"]
    assert statuses(entry) == ["filled", "new", "new"]


def test_one_leg_filled_cancels_the_other(trader):
    entry = trader.bracket(10, target=110, stop=95)

    trader.price(111)

    assert statuses(entry) == ["filled", "filled", "canceled"]
    assert trader.held() == 0


def test_a_leg_filled_in_part_leaves_the_other_for_the_rest(trader):
    entry = trader.bracket(10, target=110, stop=95)
    profit, stop = entry.legs
    trader.broker.fill_limits[profit.client_order_id] = Decimal(4)

    trader.price(111)
    trader.price(94)

    assert statuses(entry) == ["filled", "canceled", "filled"]
    assert (profit.filled_quantity, stop.filled_quantity) == (4, 6)
    assert trader.held() == 0


def test_cancelling_one_order_cancels_its_group(trader):
    entry = trader.bracket(10, type="limit", limit_price=99)

    trader.broker.cancel(trader.account, entry.legs[1].id)

    assert statuses(entry) == ["canceled", "canceled", "canceled"]


def test_b08_a_part_filled_then_cancelled_entry_leaves_its_shares_unprotected(trader):
    trader.broker.fill_limits["entry"] = Decimal(6)
    entry = trader.bracket(10, client_order_id="entry")

    trader.broker.cancel(trader.account, entry.id)

    assert statuses(entry) == ["canceled", "canceled", "canceled"]
    assert trader.held() == 6
    assert trader.account.open_orders == ()


def test_an_oco_protects_a_position_and_ends_with_either_exit(trader):
    trader.buy(10)
    exits = {"take_profit": {"limit_price": 110}, "stop_loss": {"stop_price": 95}}

    order = trader.sell(10, type="limit", time_in_force="gtc", order_class="oco", **exits)
    working = statuses(order)
    trader.bar(100, 101, 94, 95)

    assert working == ["new", "new"]
    assert order.limit_price == 110
    assert statuses(order) == ["canceled", "filled"]
    assert trader.held() == 0


def test_an_oto_has_one_leg_that_comes_alive_with_the_fill(trader):
    stop = {"stop_loss": {"stop_price": 95, "limit_price": 94}}

    order = trader.buy(10, order_class="oto", time_in_force="gtc", **stop)

    (leg,) = order.legs
    assert (leg.status, leg.type, leg.side) == ("new", "stop_limit", "sell")


def test_a_short_bracket_buys_back_at_its_target():
    trader = Trader()
    exits = {"take_profit": {"limit_price": 90}, "stop_loss": {"stop_price": 105}}
    entry = trader.sell(10, order_class="bracket", time_in_force="gtc", **exits)
    short = trader.held()

    trader.bar(99, 100, 88, 89)

    assert short == -10
    assert statuses(entry) == ["filled", "filled", "canceled"]
    assert trader.account.cash == 100_100


def test_day_legs_expire_with_the_session_and_leave_the_position(trader):
    exits = {"take_profit": {"limit_price": 110}, "stop_loss": {"stop_price": 95}}
    entry = trader.buy(10, order_class="bracket", **exits)

    trader.broker.set_clock(AFTER_THE_CLOSE)

    assert statuses(entry) == ["filled", "expired", "expired"]
    assert trader.held() == 10


def test_the_exits_of_an_oco_lie_on_their_sides_of_each_other(trader):
    trader.buy(10)
    exits = {"take_profit": {"limit_price": 95}, "stop_loss": {"stop_price": 95}}

    error = trader.refusal("sell", type="limit", time_in_force="gtc", order_class="oco", **exits)

    assert error.message == "take_profit.limit_price must be > stop_loss.stop_price"
