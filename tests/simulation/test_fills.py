from decimal import Decimal

import pytest

from tests.simulation.trader import Trader, minute_step


def test_a_market_order_fills_at_once_at_the_last_price(trader):
    order = trader.buy(10)

    assert (order.status, order.average_price) == ("filled", 100)
    assert order.submitted_as == "pending_new"
    assert trader.held() == 10
    assert trader.account.cash == 99_000


def test_a_marketable_limit_order_fills_at_the_better_market_price(trader):
    order = trader.buy(10, type="limit", limit_price=105)

    assert order.average_price == 100


def test_a_resting_limit_order_fills_at_its_limit_within_the_bar(trader):
    order = trader.buy(10, type="limit", limit_price=98)

    trader.bar(100, 103, 97, 102)

    assert order.average_price == 98


def test_a_limit_order_fills_better_than_its_limit_on_a_gap(trader):
    order = trader.buy(10, type="limit", limit_price=98)

    trader.bar(95, 99, 94, 96)

    assert order.average_price == 95


def test_a_stop_fills_at_its_price_within_the_bar_and_worse_on_a_gap(trader):
    trader.buy(20)
    within = trader.sell(10, type="stop", stop_price=98)
    below = trader.sell(10, type="stop", stop_price=95)

    trader.bar(99, 99, 97, 98)
    trader.bar(90, 92, 89, 91)

    assert (within.average_price, below.average_price) == (98, 90)


def test_a_stop_limit_order_that_the_price_jumps_over_rests_at_its_limit(trader):
    trader.buy(10)
    order = trader.sell(10, type="stop_limit", stop_price=98, limit_price=97)

    trader.bar(95, 96, 94, 95)
    resting = order.status
    trader.bar(95, 98, 95, 98)

    assert resting == "new"
    assert order.average_price == 97


@pytest.mark.parametrize(("ohlc", "exit_price"), [((100, 112, 94, 101), 95), ((100, 112, 94, 99), 110)])
def test_a_bar_that_holds_both_exits_is_walked_against_its_direction_first(trader, ohlc, exit_price):
    trader.bracket(10, target=110, stop=95)

    trader.bar(*ohlc)

    assert trader.account.fills[-1].price == exit_price
    assert trader.held() == 0


def test_fills_within_a_bar_come_in_the_order_the_price_meets_them(trader):
    far = trader.buy(1, type="limit", limit_price=97)
    near = trader.buy(1, type="limit", limit_price=99)

    trader.bar(100, 101, 96, 101)

    assert [fill.order_id for fill in trader.account.fills] == [near.id, far.id]


def test_only_as_much_fills_as_the_liquidity_allows_until_it_is_lifted(trader):
    trader.broker.fill_limits["thin"] = Decimal(3)
    order = trader.buy(10, client_order_id="thin")
    partly = (order.status, order.filled_quantity)

    trader.broker.fill_limits.pop("thin")
    trader.price(102)

    assert partly == ("partially_filled", 3)
    assert (order.status, order.filled_quantity) == ("filled", 10)
    assert order.average_price == Decimal("101.4")


def test_a_stop_filled_in_part_goes_on_at_the_market(trader):
    trader.buy(10)
    trader.broker.fill_limits["thin"] = Decimal(4)
    order = trader.sell(10, type="stop", stop_price=95, client_order_id="thin")
    trader.price(94)
    trader.broker.fill_limits.pop("thin")

    trader.price(99)

    assert order.status == "filled"
    assert [fill.price for fill in trader.account.fills[1:]] == [94, 99]


def test_an_immediate_order_cancels_what_does_not_fill(trader):
    trader.broker.fill_limits["thin"] = Decimal(3)

    order = trader.buy(10, time_in_force="ioc", client_order_id="thin")

    assert (order.status, order.filled_quantity) == ("canceled", 3)


def test_a_notional_order_buys_the_parts_of_shares_it_pays_for():
    trader = Trader({"AAPL": 30})

    order = trader.buy(None, notional="100")

    assert order.filled_quantity == Decimal("3.333333333")
    assert order.status == "filled"


def test_a_symbol_without_a_bar_keeps_its_price():
    trader = Trader({"AAPL": 100, "IBM": 200})
    order = trader.buy(10, symbol="IBM", type="limit", limit_price=190)

    trader.bar(100, 101, 99, 100)

    assert trader.broker.market.prices["IBM"] == 200
    assert order.status == "new"


def test_a_step_is_begun_before_it_is_finished_and_finished_before_the_next(trader):
    first, second = minute_step(0, 100, 101, 99, 100), minute_step(1, 100, 101, 99, 100)

    with pytest.raises(ValueError, match="was not begun"):
        trader.broker.finish(first)
    trader.broker.begin(first)
    with pytest.raises(ValueError, match="is not finished"):
        trader.broker.begin(second)
    trader.broker.finish(first)
    with pytest.raises(ValueError, match="cannot go back"):
        trader.broker.begin(minute_step(-5, 100, 101, 99, 100))
