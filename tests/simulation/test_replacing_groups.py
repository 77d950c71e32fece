import pytest

from simulation.broker.views import order_json
from tests.simulation.refusing import invalid, refused


def statuses(order):
    return [order.status, *(leg.status for leg in order.legs)]


def test_a_replaced_leg_stands_in_the_group_in_the_old_ones_place(trader):
    entry = trader.bracket(10, target=110, stop=95)
    profit, stop = entry.legs

    new = trader.replace(stop, stop_price=97)

    assert entry.legs == [profit, new]
    assert [leg["id"] for leg in order_json(entry, nested=True)["legs"]] == [profit.id, new.id]
    assert (stop.status, new.status, new.order_class) == ("replaced", "new", "bracket")


@pytest.mark.parametrize(("price", "expected"), [(96, ["filled", "canceled", "filled"]), (111, ["filled"] * 2)])
def test_a_replaced_leg_and_its_rival_still_cancel_each_other(trader, price, expected):
    entry = trader.bracket(10, target=110, stop=95)
    trader.replace(entry.legs[1], stop_price=97)

    trader.price(price)

    assert statuses(entry)[: len(expected)] == expected
    assert trader.held() == 0
    assert trader.account.open_orders == ()


def test_cancelling_a_replaced_leg_cancels_its_group(trader):
    entry = trader.bracket(10)
    new = trader.replace(entry.legs[0], limit_price=120)

    trader.cancel(new)

    assert statuses(entry) == ["filled", "canceled", "canceled"]


def test_a_target_replaced_by_a_marketable_one_closes_the_position(trader):
    entry = trader.bracket(10)

    trader.replace(entry.legs[0], limit_price=99)

    assert statuses(entry) == ["filled", "filled", "canceled"]
    assert trader.held() == 0


def test_legs_are_replaced_while_they_are_held_and_come_alive_with_the_entry(trader):
    entry = trader.bracket(10, type="limit", limit_price=98)
    new = trader.replace(entry.legs[1], stop_price=96)
    before = new.status

    trader.price(98)

    assert (before, new.status) == ("held", "new")


def test_a_replaced_entry_takes_its_legs_along(trader):
    old = trader.bracket(10, type="limit", limit_price=98)

    new = trader.replace(old, limit_price=99)
    trader.price(99)

    assert (old.status, old.legs) == ("replaced", [])
    assert statuses(new) == ["filled", "new", "new"]


def test_either_exit_of_an_oco_can_be_replaced(trader):
    trader.buy(10)
    order = trader.oco(10)

    stop = trader.replace(order.legs[0], stop_price=97)
    profit = trader.replace(order, limit_price=120)
    trader.price(96)

    assert (profit.status, profit.legs) == ("canceled", [stop])
    assert (stop.status, stop.average_price) == ("filled", 96)
    assert trader.held() == 0


@pytest.mark.parametrize(
    ("leg", "body", "message"),
    [
        (0, {"qty": 5}, "qty cannot be changed for advanced orders"),
        (0, {"limit_price": 95}, "take_profit.limit_price must be > stop_loss.stop_price"),
        (1, {"stop_price": 110}, "take_profit.limit_price must be > stop_loss.stop_price"),
        (1, {"stop_price": 100}, "stop price must be less than current price"),
        (1, {"time_in_force": "ioc"}, "bracket orders must be DAY or GTC"),
    ],
)
def test_a_live_leg_keeps_its_size_and_its_side(trader, leg, body, message):
    entry = trader.bracket(10)

    assert refused(trader, entry.legs[leg], **body) == invalid(message)


@pytest.mark.parametrize(
    ("which", "body", "message"),
    [
        (0, {"limit_price": 95}, "stop_loss.stop_price must be <= base_price - 0.01"),
        (0, {"limit_price": 110}, "take_profit.limit_price must be >= base_price + 0.01"),
        (1, {"limit_price": 98}, "take_profit.limit_price must be >= base_price + 0.01"),
        (2, {"stop_price": 98}, "stop_loss.stop_price must be <= base_price - 0.01"),
    ],
)
def test_while_the_entry_is_open_exits_are_measured_from_it(trader, which, body, message):
    entry = trader.bracket(10, type="limit", limit_price=98)

    assert refused(trader, [entry, *entry.legs][which], **body) == invalid(message)
