from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from argo.domain.placements import Cover
from argo.domain.profile import ExitRules, OnUnprotected
from argo.domain.settlement import Orders
from argo.domain.signal import Side
from argo.domain.symbols import Symbol
from reconciliation.repair import Adopt, Cancel, Guard, Tighten, cover, plan_repair
from tests.unit.reaching import given_reaching
from tests.unit.reconciliation.positions import (
    COIN,
    HELD,
    NO_RULES,
    a_stop,
    a_target,
    an_entry,
    at,
    ended,
    filled,
    held,
    held_simply,
    situation,
    tried,
)
from tests.unit.strategies import decimals

prices = decimals("50", "150")
FOUR_EXITS = 4 * HELD
ANY_POSITION = st.integers(-24, 24)
OF_STOCKS = st.sampled_from(Side).map(held)
OF_ANYTHING = OF_STOCKS | st.sampled_from([COIN, Symbol("AAPL")]).map(held_simply)


@st.composite
def exits(draw, side, most):
    """Draw up to two exits in any state that the broker may show, of which no more has filled together."""
    drawn = []
    for _ in range(draw(st.integers(0, 2))):
        quantity = draw(st.integers(1, 12).map(Decimal))
        made = draw(st.sampled_from([a_stop, a_target]))(side, quantity=quantity)
        fill = draw(st.integers(0, int(min(quantity, most))))
        drawn.append(filled(draw(st.sampled_from([made, ended(made)])), fill))
        most -= fill
    return tuple(drawn)


@st.composite
def situations(draw, *, is_held=False, positions=ANY_POSITION):
    """Draw whatever orders and positions may be, agreeing or not; ``is_held`` by the orders, if it must be."""
    side = draw(st.sampled_from(Side))
    simple = side is Side.BUY and draw(st.booleans())
    execution = held_simply(draw(st.sampled_from([COIN, Symbol("AAPL")]))) if simple else held(side)
    protection = draw(st.none() | st.integers(0, 3).map(tried))
    most = HELD - 1 if is_held else FOUR_EXITS
    legs = () if simple else draw(exits(side, most))
    guards = draw(exits(side, most - taken_back(legs)))
    least = taken_back(legs + guards) + 1 if is_held else 1
    entry = filled(ended(an_entry(side, HELD, *legs)), draw(st.integers(int(least), 12)))
    return situation(
        Orders(entry, guards=guards),
        execution.model_copy(update={"protection": protection}),
        position=draw(positions.map(Decimal)),
        price=draw(st.none() | prices),
    )


@st.composite
def unguarded(draw, of=OF_ANYTHING):
    """Draw a position that no order closes any more, the market mostly between its planned exits."""
    execution = draw(of)
    side, simple = execution.side, not execution.legs
    legs = () if simple else tuple(map(ended, draw(exits(side, HELD - 1))))
    entry = filled(ended(an_entry(side, HELD, *legs)), draw(st.integers(int(taken_back(legs)) + 1, 12)))
    return situation(
        Orders(entry),
        execution.model_copy(update={"protection": draw(st.none() | st.integers(0, 1).map(tried))}),
        position=draw(st.integers(1, 24).map(Decimal)),
        price=draw(st.none() | decimals("94", "111")),
    )


@st.composite
def profitable(draw):
    """Draw a position that one stop guards, wherever that has been moved to, and a price beyond its entry."""
    side, with_target = draw(st.sampled_from(Side)), draw(st.booleans())
    moved = a_stop(side, stop_price=at(side, draw(st.sampled_from([-5, -5, -5, -4, 0, 4]))))
    legs = (a_target(side), moved) if with_target else (moved,)
    gain = draw(decimals("4", "30" if with_target else "9.99"))
    return situation(Orders(an_entry(side, HELD, *legs)), price=at(side, gain))


def taken_back(orders):
    return sum((order.filled_quantity for order in orders), Decimal(0))


def unprotected(seen):
    """Return the situation without its live stops, if they cover all that is held."""
    if cover(seen) is not Cover.COMPLETE:
        return seen
    legs, guards = (tuple(map(without_a_live_stop, some)) for some in (seen.orders.entry.legs, seen.orders.guards))
    return replace(seen, orders=Orders(seen.orders.entry.model_copy(update={"legs": legs}), guards=guards))


def without_a_live_stop(order):
    return ended(order) if order.role == "stop_loss" and not order.status.is_final else order


rules = st.builds(
    ExitRules,
    break_even_at_r=st.none() | decimals("0.5", "3"),
    trail_r=st.none() | decimals("0.5", "3"),
    bars=st.none() | st.integers(1, 120),
    unprotected=st.sampled_from(OnUnprotected),
)
not_yet_due = rules.map(lambda drawn: drawn.model_copy(update={"bars": None}))
"""Rules that leave a position alone for now, so that what protects it is asked."""

tightening = st.one_of(
    not_yet_due.filter(lambda drawn: drawn.trail_r is not None),
    not_yet_due.filter(lambda drawn: drawn.break_even_at_r is not None),
)


@given_reaching(15, situations() | unguarded(), rules | not_yet_due)
def test_a_guard_is_never_larger_than_what_is_held_nor_than_the_position(seen, rules):
    action = plan_repair(seen, rules)

    if isinstance(action, Guard):
        assert 0 < action.quantity <= min(seen.orders.held, seen.position)
        assert not seen.orders.live
    return isinstance(action, Guard)


@given_reaching(15, situations() | unguarded(of=OF_STOCKS), rules | not_yet_due)
def test_a_guards_exits_lie_on_their_sides_of_each_other(seen, rules):
    action = plan_repair(seen, rules)

    if not isinstance(action, Guard) or action.target is None:
        return False
    assert (action.target > action.stop) is seen.long
    return True


@given_reaching(20, profitable(), tightening)
def test_a_stop_only_ever_comes_closer_and_never_crosses_the_market(seen, rules):
    action = plan_repair(seen, rules)

    if not isinstance(action, Tighten):
        return False
    side = 1 if seen.long else -1
    assert (action.stop - action.order.stop_price) * side > 0
    assert (seen.price - action.stop) * side > 0
    return True


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


@given(situations(is_held=True, positions=st.integers(-24, 0)), rules)
def test_orders_that_disagree_with_the_position_are_never_answered_with_an_order_against_it(seen, rules):
    assert isinstance(plan_repair(seen, rules), Adopt)


@given(situations(is_held=True, positions=st.integers(1, 24)).map(unprotected), rules)
def test_an_unprotected_position_is_never_left_as_it_is(seen, rules):
    assert plan_repair(seen, rules) is not None
