from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.broker import BrokerError
from simulation.broker.views import order_json
from tests.simulation.trader import TEN_O_CLOCK, Trader


def shown(account):
    orders = [order_json(order, nested=True) for order in account.orders.values()]
    return orders, {symbol: held.quantity for symbol, held in account.positions.items()}


def test_an_order_is_seen_only_when_the_view_has_caught_up(trader):
    trader.behave(orders_lag=10)
    order = trader.buy(10)

    trader.wait(9.9)
    before = trader.broker.seen_orders(trader.account).orders
    trader.wait(0.1)

    assert before == {}
    assert list(trader.broker.seen_orders(trader.account).orders) == [order.id]


def test_a_fill_is_seen_late_by_the_orders_and_at_once_by_the_positions(trader):
    order = trader.buy(10, type="limit", limit_price=99)
    trader.wait(60)
    trader.behave(orders_lag=10)

    trader.price(98)

    (seen,) = trader.broker.seen_orders(trader.account).orders.values()
    assert (seen.status, seen.filled_quantity, order.status) == ("new", 0, "filled")
    assert trader.broker.seen_positions(trader.account).positions["AAPL"].quantity == 10


def test_a_fill_is_seen_late_by_the_positions_and_at_once_by_the_orders(trader):
    trader.behave(positions_lag=10)

    order = trader.buy(10)
    late = trader.broker.seen_positions(trader.account).positions
    trader.wait(10)

    assert (late, trader.broker.seen_orders(trader.account).orders[order.id].status) == ({}, "filled")
    assert trader.broker.seen_positions(trader.account).positions["AAPL"].quantity == 10


def test_lags_end_when_they_are_told_to(trader):
    trader.behave(orders_lag=10, lags_until=TEN_O_CLOCK + timedelta(seconds=4))
    trader.buy(10)
    hidden = trader.broker.seen_orders(trader.account).orders

    trader.wait(4)

    assert hidden == {}
    assert len(trader.broker.seen_orders(trader.account).orders) == 1


def test_a_group_is_seen_as_it_was_before_a_leg_was_replaced(trader):
    entry = trader.bracket(10)
    profit, stop = entry.legs
    trader.wait(60)
    new = trader.replace(stop, stop_price=97)

    then = trader.account.as_of(TEN_O_CLOCK).orders

    assert [leg.id for leg in then[entry.id].legs] == [profit.id, stop.id]
    assert (then[stop.id].status, then[stop.id].replaced_by) == ("new", None)
    assert then[stop.id].root is then[entry.id]
    assert new.id not in then
    assert stop.status == "replaced"


def test_looking_back_changes_nothing(trader):
    trader.bracket(10)
    before = shown(trader.account)

    trader.account.as_of(TEN_O_CLOCK - timedelta(seconds=1))

    assert shown(trader.account) == before


prices = st.tuples(st.just("price"), st.integers(min_value=90, max_value=115))
brackets = st.tuples(st.just("bracket"), st.integers(min_value=95, max_value=105))
cancels = st.tuples(st.just("cancel"), st.integers(min_value=0, max_value=9))
replacements = st.tuples(st.just("replace"), st.integers(min_value=0, max_value=9))


@settings(deadline=None)
@given(st.lists(st.one_of(prices, brackets, cancels, replacements), max_size=15), st.booleans())
def test_the_past_is_what_the_present_was(story, is_fast):
    trader = Trader()
    trader.behave(cancel_takes=2 * is_fast, rival_cancel_takes=2 * is_fast, stop_legs_stay_held=is_fast)
    snapshots = []

    for kind, number in story:
        trader.wait(1)
        orders = list(trader.account.orders.values())
        try:
            if kind == "price":
                trader.price(number)
            elif kind == "bracket":
                trader.bracket(10, type="limit", limit_price=number, target=number + 5, stop=number - 5)
            elif orders and kind == "cancel":
                trader.cancel(orders[number % len(orders)])
            elif orders:
                order = orders[number % len(orders)]
                trader.replace(order, **{"stop_price" if order.type.has_stop else "limit_price": 90 + number})
        except BrokerError:
            pass
        snapshots.append((trader.broker.clock.now, shown(trader.account)))

    for at, then in snapshots:
        assert shown(trader.account.as_of(at)) == then
