from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from argo.domain.account import VIEWS_LAG
from argo.domain.execution import Cover, Protection
from argo.domain.orders import OrderStatus
from argo.domain.profile import ExitRules, OnUnprotected
from argo.domain.settlement import Orders
from argo.domain.signal import Side
from argo.domain.symbols import Symbol
from reconciliation.repair import PATIENCE, Adopt, Cancel, Close, Guard, Report, Tighten, cover, plan_repair
from tests.unit.builders import NOW, a_market_clock
from tests.unit.reconciliation.positions import (
    COIN,
    HELD,
    LATER,
    a_bracket,
    a_stop,
    a_target,
    an_entry,
    an_order,
    at,
    ended,
    filled,
    held,
    held_simply,
    situation,
)
from tests.unit.strategies import decimals

NO_RULES = ExitRules()
BOTH = pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
FRACTION = Decimal("0.25")
SECOND = timedelta(seconds=1)


def working(side, filled_quantity=0):
    return an_order("entry", side, quantity=HELD, filled_quantity=Decimal(filled_quantity))


def naked(side=Side.BUY, quantity=HELD):
    return Orders(an_entry(side, quantity, ended(a_target(side)), ended(a_stop(side))))


def tried(attempts):
    return Protection(cover=Cover.NONE, naked_since=NOW, attempt=attempts, reason="no")


@BOTH
def test_an_entry_is_waited_for_until_its_signal_expires_and_then_cancelled(side):
    orders = Orders(working(side))
    execution = held(side, expires_at=LATER, fills=())

    waits = plan_repair(situation(orders, execution, now=LATER - SECOND), NO_RULES)
    expired = plan_repair(situation(orders, execution, now=LATER), NO_RULES)

    assert waits is None
    assert expired == Cancel((orders.entry,), "its signal has expired")


@BOTH
@pytest.mark.parametrize(("waited", "cancelled"), [(PATIENCE - SECOND, False), (PATIENCE, True)])
def test_b08_a_part_of_an_entry_waits_for_the_rest_a_while_because_its_exits_do_not_work(side, waited, cancelled):
    orders = Orders(working(side, 5))

    action = plan_repair(situation(orders, held(side, expires_at=LATER), now=NOW + waited), NO_RULES)

    assert action == (
        Cancel((orders.entry,), "partly filled, and its exits wait for the rest") if cancelled else None
    )


@BOTH
def test_live_orders_of_a_closed_position_are_cancelled(side):
    orders = Orders(an_entry(side, HELD, filled(a_target(side), price=110), a_stop(side)))

    assert plan_repair(situation(orders), NO_RULES) == Cancel((a_stop(side),), "its position is closed")


@BOTH
def test_a_closed_position_without_live_orders_needs_nothing(side):
    orders = Orders(an_entry(side, HELD, filled(a_target(side), price=110), ended(a_stop(side))))

    assert plan_repair(situation(orders), NO_RULES) is None


@BOTH
def test_what_two_exits_have_sold_too_much_is_bought_back_once_the_position_shows_it(side):
    orders = Orders(an_entry(side, HELD, filled(a_target(side)), filled(a_stop(side))))

    assert plan_repair(situation(orders, position=-HELD), NO_RULES) == Close("two exits filled")


@BOTH
def test_what_two_exits_have_sold_too_much_may_be_bought_back_by_somebody_else(side):
    second = filled(a_stop(side)).model_copy(update={"filled_at": NOW + SECOND})
    orders = Orders(an_entry(side, HELD, filled(a_target(side)), second))
    gone = {"position": Decimal(0)}

    early = plan_repair(situation(orders, **gone, now=NOW + VIEWS_LAG + SECOND), NO_RULES)
    settled = plan_repair(situation(orders, **gone, now=NOW + VIEWS_LAG + 2 * SECOND), NO_RULES)

    assert early is None
    assert settled == Adopt(-HELD)


@BOTH
@pytest.mark.parametrize("position", [0, -3])
def test_a_position_that_is_gone_is_looked_for_once_the_brokers_views_have_had_their_time(side, position):
    gone = {"position": Decimal(position)}

    early = plan_repair(situation(a_bracket(side), **gone, now=NOW + timedelta(seconds=10)), NO_RULES)
    settled = plan_repair(situation(a_bracket(side), **gone, now=NOW + timedelta(seconds=11)), NO_RULES)

    assert early is None
    assert settled == Adopt(HELD)


@BOTH
def test_b08_a_naked_stock_gets_both_exits_for_what_is_held(side):
    action = plan_repair(situation(naked(side, 5)), NO_RULES)

    assert action == Guard(Decimal(5), at(side, -5), at(side, 10))


def test_a16_a_fraction_and_a_coin_get_a_stop_alone():
    fraction, coin = held_simply(Symbol("AAPL")), held_simply(COIN)

    actions = [
        plan_repair(situation(Orders(an_entry(Side.BUY, quantity)), execution), NO_RULES)
        for execution, quantity in ((fraction, FRACTION), (coin, HELD))
    ]

    assert actions == [Guard(FRACTION, Decimal(95), None), Guard(HELD, Decimal(95), None)]


@BOTH
def test_a_guard_is_for_no_more_than_the_position_is(side):
    action = plan_repair(situation(naked(side), position=Decimal(7)), NO_RULES)

    assert isinstance(action, Guard)
    assert action.quantity == 7


@BOTH
@pytest.mark.parametrize("kept", ["target", "small stop"])
def test_what_guards_only_a_part_is_cancelled_first(side, kept):
    live = a_target(side) if kept == "target" else a_stop(side, quantity=Decimal(7))
    orders = Orders(an_entry(side, HELD, live))

    assert plan_repair(situation(orders), NO_RULES) == Cancel((live,), "they do not guard all that is held")


@BOTH
@pytest.mark.parametrize(("distance", "left"), [("-4.99", False), (-5, True), (-9, True)])
def test_a_naked_position_whose_stop_the_market_has_met_is_left(side, distance, left):
    action = plan_repair(situation(naked(side), price=at(side, distance)), NO_RULES)

    assert (action == Close("the market is past its stop")) is left


@pytest.mark.parametrize(("price", "left"), [("94.53", False), ("94.525", False), ("94.52", True)])
def test_a_coin_whose_stop_the_market_has_jumped_over_with_its_limit_is_left(price, left):
    stop = a_stop(order_type="stop_limit", limit_price=Decimal("94.525"))
    orders = Orders(an_entry(), guards=(stop,))

    action = plan_repair(situation(orders, held_simply(), price=Decimal(price)), NO_RULES)

    assert action == (Close("the market is past its stop") if left else None)


@BOTH
def test_the_second_attempt_is_corrected_to_its_side_of_the_market(side):
    first = plan_repair(situation(naked(side), price=at(side, 11)), NO_RULES)
    second = plan_repair(
        situation(naked(side), held(side, protection=tried(1)), price=at(side, "11.004")), NO_RULES
    )

    assert isinstance(first, Guard)
    assert isinstance(second, Guard)
    assert first.target == at(side, 10)
    assert second == Guard(HELD, at(side, -5), at(side, "11.02"))


@BOTH
@pytest.mark.parametrize(
    ("rule", "action"),
    [
        (OnUnprotected.FLATTEN, Close("the broker will not guard it")),
        (OnUnprotected.WARN, Report("the broker will not guard it")),
    ],
)
def test_what_the_broker_refuses_twice_is_left_or_reported_by_profile(side, rule, action):
    seen = situation(naked(side), held(side, protection=tried(2)))

    assert plan_repair(seen, ExitRules(unprotected=rule)) == action


def test_a_second_attempt_whose_fate_is_not_known_is_looked_for_and_not_given_up():
    pending = tried(2).model_copy(update={"order_body": {"qty": "12"}})

    assert isinstance(plan_repair(situation(naked(), held(protection=pending)), NO_RULES), Guard)


@BOTH
@pytest.mark.parametrize(("minutes", "left"), [(179, False), (180, True), (500, True)])
def test_a_position_is_left_after_so_many_bars_of_its_timeframe(side, minutes, left):
    seen = situation(a_bracket(side), now=NOW + timedelta(minutes=minutes))

    action = plan_repair(seen, ExitRules(bars=180))

    assert action == (Close("held for 180 bars") if left else None)


@pytest.mark.parametrize(
    ("minutes", "is_open", "symbol", "left"),
    [
        (15, True, "AAPL", True),
        (16, True, "AAPL", False),
        (15, False, "AAPL", False),
        (15, True, COIN, False),
    ],
    ids=["close is near", "not yet", "exchange is closed", "coin"],
)
def test_a_stock_is_left_so_many_minutes_before_the_close(minutes, is_open, symbol, left):
    clock = a_market_clock(is_open=is_open, next_close=LATER + timedelta(minutes=minutes))
    seen = situation(a_bracket(), held(symbol=Symbol(symbol)), clock=clock)

    action = plan_repair(seen, ExitRules(minutes_before_close=15))

    assert action == (Close("15 minutes before the close") if left else None)


@pytest.mark.parametrize(("price", "left"), [("109.99", False), (110, True), (120, True)])
def test_a_target_that_no_order_carries_is_watched(price, left):
    orders = Orders(an_entry(), guards=(a_stop(),))

    action = plan_repair(situation(orders, held_simply(), price=Decimal(price)), NO_RULES)

    assert action == (Close("target reached") if left else None)


@BOTH
def test_a_target_that_an_order_carries_is_the_brokers_to_meet(side):
    assert plan_repair(situation(a_bracket(side), price=at(side, 12)), NO_RULES) is None


@BOTH
@pytest.mark.parametrize(("distance", "stop"), [("4.99", None), (5, 0), (8, 0)])
def test_a_stop_goes_to_break_even_at_so_many_times_the_risk(side, distance, stop):
    seen = situation(a_bracket(side), price=at(side, distance))

    action = plan_repair(seen, ExitRules(break_even_at_r=Decimal(1)))

    assert action == (None if stop is None else Tighten(a_stop(side), at(side, stop)))


@BOTH
@pytest.mark.parametrize(("distance", "stop"), [(-1, None), (0, None), ("0.01", "-4.99"), (7, 2)])
def test_a_stop_trails_so_many_times_the_risk_behind_the_price(side, distance, stop):
    seen = situation(a_bracket(side), price=at(side, distance))

    action = plan_repair(seen, ExitRules(trail_r=Decimal(1)))

    assert action == (None if stop is None else Tighten(a_stop(side), at(side, stop)))


@BOTH
def test_of_two_rules_the_closer_stop_counts(side):
    rules = ExitRules(break_even_at_r=Decimal(1), trail_r=Decimal(2))

    near = plan_repair(situation(a_bracket(side), price=at(side, 6)), rules)
    far = plan_repair(situation(a_bracket(side), price=at(side, 13)), rules)

    assert near == Tighten(a_stop(side), at(side, 0))
    assert far == Tighten(a_stop(side), at(side, 3))


def test_a_stop_that_has_begun_to_fill_is_not_moved():
    selling = filled(a_stop(), 5)
    orders = Orders(an_entry(Side.BUY, HELD, a_target(), selling))

    assert plan_repair(situation(orders, price=Decimal(108)), ExitRules(trail_r=Decimal(1))) is None


def test_without_a_price_no_stop_moves():
    assert plan_repair(situation(a_bracket(), price=None), ExitRules(trail_r=Decimal(1))) is None


@BOTH
@pytest.mark.parametrize(
    ("exits", "found"),
    [
        ((a_target, a_stop), Cover.COMPLETE),
        ((a_stop,), Cover.COMPLETE),
        ((a_target,), Cover.NONE),
        ((), Cover.NONE),
        ((lambda side: a_stop(side, quantity=Decimal(7)),), Cover.PARTIAL),
        ((lambda side: ended(a_stop(side)),), Cover.NONE),
        ((lambda side: a_stop(side, status=OrderStatus.HELD),), Cover.COMPLETE),
    ],
    ids=["bracket", "stop", "target", "nothing", "small stop", "cancelled stop", "held stop"],
)
def test_cover_is_what_live_stops_would_close(side, exits, found):
    orders = Orders(an_entry(side, HELD, *(each(side) for each in exits)))

    assert cover(situation(orders)) is found


@BOTH
def test_a_stop_for_all_of_a_smaller_position_covers_it(side):
    orders = Orders(an_entry(side, HELD, a_stop(side, quantity=Decimal(7))))

    assert cover(situation(orders, position=Decimal(7))) is Cover.COMPLETE


quantities = st.integers(0, 12).map(Decimal)
prices = decimals("50", "150")


@st.composite
def exits(draw, side):
    """Draw an exit in any state that the broker may show."""
    quantity = draw(st.integers(1, 12).map(Decimal))
    made = draw(st.sampled_from([a_stop, a_target]))(side, quantity=quantity)
    return filled(draw(st.sampled_from([made, ended(made)])), draw(st.integers(0, int(quantity))))


@st.composite
def situations(draw):
    """Draw whatever orders and positions may be, agreeing or not."""
    side = draw(st.sampled_from(Side))
    simple = side is Side.BUY and draw(st.booleans())
    execution = held_simply(draw(st.sampled_from([COIN, Symbol("AAPL")]))) if simple else held(side)
    protection = draw(st.none() | st.integers(0, 3).map(tried))
    entry = an_entry(side, HELD, *(() if simple else draw(st.lists(exits(side), max_size=2))))
    orders = Orders(
        filled(ended(entry), draw(st.integers(1, 12))),
        guards=tuple(draw(st.lists(exits(side), max_size=2))),
    )
    return situation(
        orders,
        execution.model_copy(update={"protection": protection}),
        position=draw(st.integers(-24, 24).map(Decimal)),
        price=draw(st.none() | prices),
    )


rules = st.builds(
    ExitRules,
    break_even_at_r=st.none() | decimals("0.5", "3"),
    trail_r=st.none() | decimals("0.5", "3"),
    bars=st.none() | st.integers(1, 120),
    unprotected=st.sampled_from(OnUnprotected),
)


@given(situations(), rules)
def test_a_guard_is_never_larger_than_what_is_held_nor_than_the_position(seen, rules):
    action = plan_repair(seen, rules)

    if isinstance(action, Guard):
        assert 0 < action.quantity <= min(seen.orders.held, seen.position)
        assert not seen.orders.live


@given(situations(), rules)
def test_a_guards_exits_lie_on_their_sides_of_each_other(seen, rules):
    action = plan_repair(seen, rules)

    if isinstance(action, Guard) and action.target is not None:
        assert (action.target > action.stop) is seen.long


@given(situations(), rules)
def test_a_stop_only_ever_comes_closer_and_never_crosses_the_market(seen, rules):
    action = plan_repair(seen, rules)

    if isinstance(action, Tighten):
        side = 1 if seen.long else -1
        assert (action.stop - action.order.stop_price) * side > 0
        assert (seen.price - action.stop) * side > 0


@given(situations(), st.lists(st.integers(1, 12), min_size=1, max_size=3), rules)
def test_a_closed_position_gets_no_order(seen, parts, rules):
    entry = filled(ended(seen.orders.entry).model_copy(update={"legs": ()}), sum(parts))
    sold = tuple(filled(ended(a_target(Side(entry.side))), part) for part in parts)
    over = Orders(entry, guards=(*sold, a_stop(Side(entry.side))))

    action = plan_repair(replace(seen, orders=over), rules)

    assert action is None or isinstance(action, Cancel)


@given(st.sampled_from(Side), st.integers(1, 12), st.none() | prices)
def test_a_covered_position_without_rules_needs_nothing(side, sold, price):
    rest = HELD - sold + 1
    exits = (filled(a_target(side), sold - 1), a_stop(side, quantity=rest))
    seen = situation(Orders(an_entry(side, HELD, *exits)), price=price)

    assert cover(seen) is Cover.COMPLETE
    assert plan_repair(seen, NO_RULES) is None


@given(situations(), rules)
def test_orders_that_disagree_with_the_position_are_never_answered_with_an_order_against_it(seen, rules):
    assume(seen.orders.held > 0 and seen.position <= 0)

    assert isinstance(plan_repair(seen, rules), Adopt)


@given(situations(), rules)
def test_a_naked_position_is_never_left_as_it_is(seen, rules):
    assume(seen.orders.held > 0 and seen.position > 0 and cover(seen) is not Cover.COMPLETE)

    assert plan_repair(seen, rules) is not None
