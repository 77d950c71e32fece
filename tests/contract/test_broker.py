from datetime import timedelta
from decimal import Decimal

import pytest

from argo.domain.account import Asset
from argo.domain.orders import OrderStatus, differences
from argo.domain.symbols import Symbol
from simulation.broker.assets import Asset as BrokersAsset
from tests.contract.backends import together
from tests.contract.faces import ON_BOTH_FACES
from tests.simulation.trader import NEXT_OPENING, TEN_O_CLOCK
from tests.unit.builders import an_entry_plan

pytestmark = ON_BOTH_FACES

FILLED_AT_ONCE = an_entry_plan(limit_price="101")
RESTING = an_entry_plan(limit_price="99")


def test_an_account_comes_with_its_balances_and_flags(face, broker):
    face.call(lambda: setattr(face.trader.account, "trading_blocked", True))

    account = broker.account()

    assert (account.equity, account.cash, account.buying_power) == (100_000, 100_000, 200_000)
    assert (account.last_equity, account.non_marginable_buying_power) == (100_000, 100_000)
    assert (account.status, account.trading_blocked, account.shorting_enabled) == ("ACTIVE", True, True)
    assert account.is_blocked


def test_the_clock_is_the_exchanges_in_utc(broker):
    clock = broker.clock()

    assert (clock.now, clock.is_open) == (TEN_O_CLOCK, True)
    assert (clock.next_open, clock.next_close) == (NEXT_OPENING, TEN_O_CLOCK + timedelta(hours=6))


def test_positions_are_signed_and_a_pair_has_its_slash(face, broker):
    def trade():
        face.trader.price(50_000, "BTC/USD")
        face.trader.price(20, "IBM")
        face.trader.sell(5, symbol="IBM")
        face.trader.buy(1, symbol="BTC/USD", time_in_force="gtc")

    assert broker.positions() == []
    face.call(trade)

    pair, short = broker.positions()

    assert (pair.symbol, pair.quantity, pair.average_entry_price) == ("BTC/USD", Decimal("0.9975"), 50_000)
    assert (short.symbol, short.quantity, short.market_value) == ("IBM", -5, -100)


def test_a_bracket_comes_back_with_its_legs_and_their_roles(broker):
    order = broker.submit(RESTING.body())

    assert (order.client_order_id, order.status) == (RESTING.client_order_id, OrderStatus.PENDING_NEW)
    assert (order.order_class, order.quantity) == ("bracket", 12)
    assert order.submitted_at == TEN_O_CLOCK
    assert {leg.role: leg.limit_price or leg.stop_price for leg in order.legs} == {
        "take_profit": 110,
        "stop_loss": 95,
    }
    assert len({order.order_id, *(leg.order_id for leg in order.legs)}) == 3


@pytest.mark.parametrize("by", ["order_id", "client_order_id"])
def test_an_order_is_found_by_either_id_with_its_legs(broker, by):
    sent = broker.submit(FILLED_AT_ONCE.body())

    look_up = broker.order if by == "order_id" else broker.order_by_client_id
    found = look_up(getattr(sent, by))

    assert (found.order_id, found.status) == (sent.order_id, OrderStatus.FILLED)
    assert (found.filled_quantity, found.filled_average_price) == (12, 100)
    assert [leg.order_id for leg in found.legs] == [leg.order_id for leg in sent.legs]
    assert [leg.role for leg in found.legs] == ["take_profit", "stop_loss"]
    assert differences(FILLED_AT_ONCE.body(), found) == {}


def test_an_order_nobody_sent_is_none(broker):
    assert broker.order("00000000-0000-0000-0000-000000000000") is None
    assert broker.order_by_client_id("argo-1") is None


def test_open_orders_are_those_that_may_still_fill_newest_first(broker):
    resting = [
        broker.submit(an_entry_plan(limit_price=price, client_order_id=f"argo-{price}").body())
        for price in ("99", "98", "97")
    ]
    broker.submit(FILLED_AT_ONCE.body())
    broker.cancel(resting[1].order_id)

    found = broker.open_orders()

    assert [order.client_order_id for order in found] == ["argo-97", "argo-99"]
    assert [(order.symbol, order.side, order.quantity, order.filled_quantity) for order in found] == [
        ("AAPL", "buy", 12, 0)
    ] * 2
    assert [order.limit_price for order in found] == [97, 99]


def test_an_open_brackets_legs_stand_within_it(broker):
    sent = broker.submit(RESTING.body())

    (found,) = broker.open_orders()

    assert found.order_id == sent.order_id
    assert [leg.role for leg in found.legs] == ["take_profit", "stop_loss"]


def test_an_account_without_open_orders_has_an_empty_list(broker):
    assert broker.open_orders() == []


def test_more_open_orders_than_the_brokers_default_page_are_all_seen(broker):
    plans = [an_entry_plan(limit_price="99", client_order_id=f"argo-{number}") for number in range(60)]
    together(*(broker.port.submit(plan.body()) for plan in plans))

    found = broker.open_orders()

    assert {order.client_order_id for order in found} == {plan.client_order_id for plan in plans}


def test_an_order_that_is_not_argos_is_among_the_open_ones(face, broker):
    face.call(lambda: face.trader.buy(5, type="limit", limit_price=90, client_order_id="by hand"))

    (found,) = broker.open_orders()

    assert (found.client_order_id, found.limit_price) == ("by hand", 90)


def test_an_asset_says_how_it_can_be_traded(face, broker):
    face.call(lambda: face.trader.broker.assets.override(BrokersAsset("AAPL", shortable=False)))

    assert broker.asset(Symbol("AAPL")) == Asset(tradable=True, shortable=False, fractionable=True)


def test_a24_a_pairs_asset_is_found_by_its_symbol(face, broker):
    face.call(lambda: face.trader.price(50_000, "BTC/USD"))

    asset = broker.asset(Symbol("BTC-USD"))

    assert asset == Asset(tradable=True, shortable=False, fractionable=True)


def test_an_asset_the_broker_does_not_know_is_none(broker):
    assert broker.asset(Symbol("NONE")) is None


def test_an_open_order_is_cancelled_and_a_final_or_unknown_one_is_not(broker):
    sent = broker.submit(RESTING.body())

    assert broker.cancel(sent.order_id) is True
    assert broker.order(sent.order_id).status is OrderStatus.CANCELED
    assert broker.cancel(sent.order_id) is False
    assert broker.cancel("00000000-0000-0000-0000-000000000000") is False


def test_calls_at_once_each_get_their_own_answer(face, broker):
    plans = [an_entry_plan(limit_price="99", client_order_id=f"argo-{number}") for number in range(20)]

    sent = together(*(broker.port.submit(plan.body()) for plan in plans))
    found = together(*(broker.port.order_by_client_id(plan.client_order_id) for plan in plans))

    assert [order.client_order_id for order in sent] == [plan.client_order_id for plan in plans]
    assert [order.order_id for order in found] == [order.order_id for order in sent]
    assert face.entries == 20


def test_a_filled_brackets_legs_are_open_orders_of_their_own_and_not_nested(broker):
    sent = broker.submit(FILLED_AT_ONCE.body())

    assert broker.open_orders() == []
    assert [order.order_id for order in broker.open_orders(nested=False)] == [
        leg.order_id for leg in reversed(sent.legs)
    ]


def test_final_orders_of_a_symbol_since_a_time_are_found(face, broker):
    face.call(lambda: face.trader.price(20, "IBM"))
    face.call(lambda: face.trader.buy(1, client_order_id="too early"))
    face.call(lambda: face.trader.wait(60))
    for name in ("by hand", "again"):
        face.call(lambda name=name: face.trader.buy(1, client_order_id=name))
    face.call(lambda: face.trader.buy(1, symbol="IBM"))
    face.call(lambda: face.trader.buy(1, type="limit", limit_price=90, client_order_id="still open"))

    found = broker.closed_orders(Symbol("AAPL"), since=TEN_O_CLOCK)

    assert [order.client_order_id for order in found] == ["again", "by hand"]
    assert {order.submitted_at for order in found} == {TEN_O_CLOCK + timedelta(seconds=60)}


def test_a_moved_stop_is_an_order_in_its_predecessors_place(broker):
    sent = broker.submit(FILLED_AT_ONCE.body())
    stop = next(leg for leg in sent.legs if leg.role == "stop_loss")

    moved = broker.replace(stop.order_id, stop_price=Decimal("96.5"))

    assert (moved.stop_price, moved.quantity, moved.status) == (Decimal("96.5"), 12, OrderStatus.PENDING_NEW)
    assert broker.order(stop.order_id).replaced_by == moved.order_id
    assert moved.order_id in {leg.order_id for leg in broker.order(sent.order_id).legs}


def test_orders_and_positions_that_lag_are_those_of_a_while_ago(face, broker):
    face.call(lambda: face.trader.behave(orders_lag=2, positions_lag=5))
    sent = broker.submit(FILLED_AT_ONCE.body())

    unseen = broker.order_by_client_id(sent.client_order_id), broker.open_orders(nested=False), broker.positions()
    face.call(lambda: face.trader.wait(2))
    found, positions = broker.order(sent.order_id), broker.positions()
    face.call(lambda: face.trader.wait(3))
    (position,) = broker.positions()

    assert unseen == (None, [], [])
    assert (found.status, positions) == (OrderStatus.FILLED, [])
    assert position.quantity == 12


def test_an_order_that_is_rejected_later_was_accepted(face, broker):
    face.call(lambda: face.trader.behave(rejected_after={RESTING.client_order_id: 3}))

    sent = broker.submit(RESTING.body())
    face.call(lambda: face.trader.wait(3))

    assert sent.status is OrderStatus.ACCEPTED
    assert broker.order(sent.order_id).status is OrderStatus.REJECTED


def test_ids_do_not_depend_on_which_order_came_first(face, broker):
    plans = [an_entry_plan(client_order_id=f"argo-{number}") for number in range(3)]
    sent = [broker.submit(plan.body()) for plan in plans]

    with type(face)() as other:
        sent_backwards = [other.broker().submit(plan.body()) for plan in reversed(plans)]

    assert sent == sent_backwards[::-1]
