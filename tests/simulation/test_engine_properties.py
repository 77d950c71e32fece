from collections import defaultdict
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.broker import BrokerError
from tests.simulation.trader import Trader

cents = st.integers(min_value=8_000, max_value=12_000).map(lambda number: Decimal(number) / 100)
quantities = st.integers(min_value=1, max_value=400)


@st.composite
def bars(draw):
    prices = sorted(draw(st.lists(cents, min_size=4, max_size=4)))
    first, last = draw(st.permutations(prices[1:3]))
    return "bar", (first, prices[3], prices[0], last)


@st.composite
def orders(draw):
    kind = draw(st.sampled_from(["market", "limit", "stop"]))
    price = {} if kind == "market" else {f"{kind}_price": draw(cents)}
    terms = {"type": kind, "time_in_force": draw(st.sampled_from(["day", "gtc", "ioc"])), **price}
    return "order", (draw(st.sampled_from(["buy", "sell"])), draw(quantities), terms)


@st.composite
def brackets(draw):
    side = draw(st.sampled_from(["buy", "sell"]))
    low, high = draw(st.integers(60, 79)), draw(st.integers(121, 140))
    profit, stop = (high, low) if side == "buy" else (low, high)
    exits = {"take_profit": {"limit_price": profit}, "stop_loss": {"stop_price": stop}}
    return "order", (side, draw(quantities), {"order_class": "bracket", "time_in_force": "gtc", **exits})


@st.composite
def ocos(draw):
    low, high = draw(st.integers(60, 99)), draw(st.integers(101, 140))
    exits = {"take_profit": {"limit_price": high}, "stop_loss": {"stop_price": low}}
    terms = {"type": "limit", "order_class": "oco", "time_in_force": "gtc", **exits}
    return "order", ("sell", draw(quantities), terms)


changes = st.fixed_dictionaries(
    {}, optional={"qty": quantities, "limit_price": cents, "stop_price": cents, "time_in_force": st.just("gtc")}
)
replacements = st.tuples(st.just("replace"), st.tuples(st.integers(min_value=0, max_value=30), changes))
cancels = st.tuples(st.just("cancel"), st.integers(min_value=0, max_value=30))
wild_bars = st.tuples(st.just("price"), st.integers(min_value=50, max_value=150))
waits = st.tuples(st.just("wait"), st.integers(min_value=0, max_value=5))
events = st.lists(
    st.one_of(bars(), orders(), brackets(), ocos(), cancels, replacements, wild_bars, waits), max_size=25
)


def for_any_story(test):
    return settings(deadline=None)(given(events)(test))


def any_order(trader, number):
    orders = list(trader.account.orders.values())
    return orders[number % len(orders)]


def played(story, behaviour=None, **account):
    trader = Trader(**account)
    trader.behave(**behaviour or {})
    for kind, details in story:
        try:
            if kind == "bar":
                trader.bar(*details)
            elif kind == "price":
                trader.price(details)
            elif kind == "order":
                side, quantity, terms = details
                trader.send(side, quantity, **terms)
            elif kind == "wait":
                trader.wait(details)
            elif kind == "replace" and trader.account.orders:
                trader.replace(any_order(trader, details[0]), **details[1])
            elif trader.account.orders:
                trader.cancel(any_order(trader, details))
        except BrokerError:
            continue
    return trader


@for_any_story
def test_cash_changes_by_exactly_what_the_fills_cost(story):
    account = played(story).account

    spent = sum((fill.side.sign * fill.quantity * fill.price for fill in account.fills), Decimal(0))

    assert account.cash == 100_000 - spent


@for_any_story
def test_positions_are_the_sum_of_the_fills(story):
    account = played(story).account

    sums = defaultdict(Decimal)
    for fill in account.fills:
        sums[fill.asset.symbol] += fill.side.sign * fill.quantity

    held = {symbol: position.quantity for symbol, position in account.positions.items()}
    assert held == {symbol: quantity for symbol, quantity in sums.items() if quantity}


@for_any_story
def test_orders_and_their_fills_agree_and_none_fills_beyond_its_quantity(story):
    account = played(story).account

    filled = defaultdict(Decimal)
    for fill in account.fills:
        filled[fill.order_id] += fill.quantity

    for order in account.orders.values():
        assert order.filled_quantity == filled[order.id] <= order.quantity


@for_any_story
def test_at_most_one_of_two_legs_fills_and_only_after_the_entry(story):
    for entry in played(story).account.orders.values():
        if not entry.order_class.is_entry or entry.parent is not None:
            continue
        legs = [leg for leg in entry.legs if leg.filled_quantity]
        assert len(legs) <= 1
        assert not legs or entry.status == "filled"


@for_any_story
def test_every_fill_keeps_its_orders_worst_price(story):
    account = played(story).account

    for fill in account.fills:
        limit = account.orders[fill.order_id].limit_price
        assert limit is None or fill.side.sign * (limit - fill.price) >= 0


@for_any_story
def test_without_shorting_orders_never_promise_more_of_a_position_than_there_is(story):
    trader = played(story, shorting_enabled=False)

    promised = trader.account.held_for_orders(trader.broker.assets.named("AAPL"))

    assert 0 <= promised <= trader.held()


@for_any_story
def test_the_same_story_is_told_the_same_twice(story):
    first, second = played(story).account, played(story).account

    assert first.fills == second.fills
    assert list(first.orders) == list(second.orders)


SLOW = {"cancel_takes": 3, "stop_legs_stay_held": True}
FAST_MARKET = SLOW | {"rival_cancel_takes": 3}


@for_any_story
def test_without_shorting_no_more_is_sold_than_is_held(story):
    for behaviour in ({}, SLOW):
        held = Decimal(0)
        for fill in played(story, behaviour, shorting_enabled=False).account.fills:
            held += fill.side.sign * fill.quantity
            assert held >= 0


@for_any_story
def test_in_a_fast_market_too_cash_and_positions_add_up(story):
    trader = played(story, FAST_MARKET)

    bought = sum((fill.side.sign * fill.quantity for fill in trader.account.fills), Decimal(0))
    spent = sum((fill.side.sign * fill.quantity * fill.price for fill in trader.account.fills), Decimal(0))

    assert trader.held() == bought
    assert trader.account.cash == 100_000 - spent


@for_any_story
def test_a_replacement_and_what_it_replaces_are_not_both_open(story):
    orders = played(story).account.orders

    for order in orders.values():
        assert (order.replaced_by is None) == (order.status != "replaced")
        if order.replaces is not None:
            assert orders[order.replaces].replaced_by == order.id
            assert orders[order.replaces].status == "replaced"


@for_any_story
def test_a_group_has_one_order_for_each_exit_and_no_open_one_outside(story):
    for order in played(story).account.orders.values():
        assert len(order.legs) in {0, 1, 2}
        assert not any(leg.status == "replaced" for leg in order.legs)
        assert order.parent is None or order in order.parent.legs or order.status == "replaced"
