from datetime import timedelta
from decimal import Decimal

import pytest

from argo.domain.account import VIEWS_LAG
from argo.domain.settlement import Orders
from reconciliation.repair import Adopt, Cancel, Close, Report, plan_repair
from tests.unit.builders import NOW
from tests.unit.reconciliation.positions import (
    BOTH,
    HELD,
    LATER,
    NO_RULES,
    a_bracket,
    a_stop,
    a_target,
    an_entry,
    an_order,
    ended,
    filled,
    held,
    situation,
)

SECOND = timedelta(seconds=1)


def working(side, filled_quantity=0):
    return an_order("entry", side, quantity=HELD, filled_quantity=Decimal(filled_quantity))


@BOTH
def test_an_entry_is_waited_for_until_its_signal_expires_and_then_cancelled(side):
    orders = Orders(working(side))
    execution = held(side, expires_at=LATER, fills=())

    waits = plan_repair(situation(orders, execution, now=LATER - SECOND), NO_RULES)
    expired = plan_repair(situation(orders, execution, now=LATER), NO_RULES)

    assert waits is None
    assert expired == Cancel((orders.entry,), "its signal has expired")


@BOTH
@pytest.mark.parametrize(("waited", "cancelled"), [(29 * SECOND, False), (30 * SECOND, True)])
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


def test_a_trial_may_protect_by_a_rule_of_its_own():
    asked = []

    def protecting(*given):
        asked.append(given)
        return Report("by another rule")

    seen = situation(a_bracket(), position=HELD - 1)

    assert plan_repair(seen, NO_RULES, protecting=protecting) == Report("by another rule")
    assert asked == [(seen, HELD - 1, NO_RULES)]


@BOTH
@pytest.mark.parametrize("position", [0, -3])
def test_a_position_that_is_gone_is_looked_for_once_the_brokers_views_have_had_their_time(side, position):
    gone = {"position": Decimal(position)}

    early = plan_repair(situation(a_bracket(side), **gone, now=NOW + timedelta(seconds=10)), NO_RULES)
    settled = plan_repair(situation(a_bracket(side), **gone, now=NOW + timedelta(seconds=11)), NO_RULES)

    assert early is None
    assert settled == Adopt(HELD)
