"""What the rules of repair decide at their edges: fractions, ticks, two stops, no risk at all."""

from decimal import Decimal

import pytest

from argo.domain.orders import OrderStatus
from argo.domain.placements import Cover, Protection
from argo.domain.profile import ExitRules
from argo.domain.settlement import Orders
from argo.domain.signal import Side
from argo.domain.symbols import Symbol
from reconciliation.repair import Close, Guard, Tighten, cover, plan_repair
from tests.unit.builders import NOW
from tests.unit.reconciliation.positions import (
    BOTH,
    HELD,
    NO_RULES,
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

HALF = Decimal("0.5")


@pytest.mark.parametrize(
    ("quantity", "position", "found"),
    [(HALF, HALF, Cover.COMPLETE), (HALF, 1, Cover.PARTIAL), (None, HALF, Cover.NONE)],
)
def test_a_stop_of_half_a_share_covers_half_a_share(quantity, position, found):
    orders = Orders(an_entry(Side.BUY, HELD, a_stop(quantity=quantity)))

    assert cover(situation(orders, position=Decimal(position))) is found


def test_a_part_of_an_entry_that_has_been_sold_already_does_not_cancel_the_rest():
    entry = an_entry().model_copy(update={"status": OrderStatus.PARTIALLY_FILLED, "filled_quantity": Decimal(5)})
    sold = filled(an_order("exit", Side.SELL), 5)
    early = held(expires_at=NOW.replace(year=2027))

    assert plan_repair(situation(Orders(entry, exits=(sold,)), early), NO_RULES) is None


def test_a_target_that_a_guard_carries_is_the_brokers_to_meet():
    guard = a_target().model_copy(update={"legs": (a_stop(),)})
    orders = Orders(an_entry(), guards=(guard,))

    assert plan_repair(situation(orders, held_simply(Symbol("AAPL")), price=Decimal(111)), NO_RULES) is None


@pytest.mark.parametrize(
    ("side", "price", "attempt", "stop"),
    [
        (Side.BUY, "95.005", 0, "95"),
        (Side.BUY, "95.005", 1, "94.99"),
        (Side.SELL, "104.995", 0, "105"),
        (Side.SELL, "104.995", 1, "105.01"),
    ],
)
def test_only_a_second_attempts_stop_is_corrected_to_the_tick_behind_the_market(side, price, attempt, stop):
    orders = Orders(an_entry(side, HELD, ended(a_target(side)), ended(a_stop(side))))
    known = held(side, protection=Protection(cover=Cover.NONE, naked_since=NOW, attempt=attempt))

    action = plan_repair(situation(orders, known, price=Decimal(price)), NO_RULES)

    assert isinstance(action, Guard)
    assert action.stop == Decimal(stop)


@BOTH
@pytest.mark.parametrize(("distance", "passed"), [("-5.5", False), (-6, False), ("-6.01", True)])
def test_a_stop_with_a_limit_is_passed_over_once_the_market_is_past_the_limit(side, distance, passed):
    orders = Orders(an_entry(side, HELD, a_stop(side, limit_price=at(side, -6))))

    action = plan_repair(situation(orders, price=at(side, distance)), NO_RULES)

    assert action == (Close("the market is past its stop") if passed else None)


@pytest.mark.parametrize(
    ("side", "price", "stop"), [(Side.BUY, "108.005", "103.00"), (Side.SELL, "91.995", "97.00")]
)
def test_a_stop_that_trails_is_rounded_away_from_the_market(side, price, stop):
    action = plan_repair(situation(a_bracket(side), price=Decimal(price)), ExitRules(trail_r=1))

    assert isinstance(action, Tighten)
    assert action.stop == Decimal(stop)


def test_a_stop_trails_by_less_than_a_dollar_too():
    action = plan_repair(situation(a_bracket(), price=Decimal(101)), ExitRules(trail_r=Decimal("0.1")))

    assert isinstance(action, Tighten)
    assert action.stop == Decimal("100.5")


@pytest.mark.parametrize(("planned", "moves"), [(100, False), (99, True)])
def test_a_position_without_a_risk_has_no_stop_that_trails_by_it(planned, moves):
    known = held_simply(Symbol("AAPL"), detail={"stop_price": str(planned), "target_price": "110.00"})
    stop = a_stop(stop_price=Decimal(planned))
    seen = situation(Orders(an_entry(), guards=(stop,)), known, price=Decimal("101.005"))

    assert isinstance(plan_repair(seen, ExitRules(trail_r=1)), Tighten) is moves


def test_of_two_stops_none_is_moved():
    halves = [a_stop(quantity=Decimal(6)), a_stop(quantity=Decimal(6)).model_copy(update={"order_id": "other"})]

    seen = situation(Orders(an_entry(Side.BUY, HELD, *halves)), price=Decimal(109))

    assert plan_repair(seen, ExitRules(trail_r=1)) is None
