from decimal import Decimal

import pytest

from argo.domain.orders import OrderStatus
from argo.domain.placements import Cover
from argo.domain.profile import ExitRules, OnUnprotected
from argo.domain.settlement import Orders
from argo.domain.signal import Side
from argo.domain.symbols import Symbol
from reconciliation.repair import Cancel, Close, Guard, Report, cover, plan_repair
from tests.unit.reconciliation.positions import (
    BOTH,
    COIN,
    HELD,
    NO_RULES,
    a_stop,
    a_target,
    an_entry,
    at,
    ended,
    held,
    held_simply,
    situation,
    tried,
)

FRACTION = Decimal("0.25")


def unprotected(side=Side.BUY, quantity=HELD):
    return Orders(an_entry(side, quantity, ended(a_target(side)), ended(a_stop(side))))


@BOTH
def test_b08_an_unprotected_stock_gets_both_exits_for_what_is_held(side):
    action = plan_repair(situation(unprotected(side, 5)), NO_RULES)

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
    action = plan_repair(situation(unprotected(side), position=Decimal(7)), NO_RULES)

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
def test_an_unprotected_position_whose_stop_the_market_has_met_is_left(side, distance, left):
    action = plan_repair(situation(unprotected(side), price=at(side, distance)), NO_RULES)

    assert (action == Close("the market is past its stop")) is left


@pytest.mark.parametrize(("price", "left"), [("94.53", False), ("94.525", False), ("94.52", True)])
def test_a_coin_whose_stop_the_market_has_jumped_over_with_its_limit_is_left(price, left):
    stop = a_stop(limit_price=Decimal("94.525"))
    orders = Orders(an_entry(), guards=(stop,))

    action = plan_repair(situation(orders, held_simply(), price=Decimal(price)), NO_RULES)

    assert action == (Close("the market is past its stop") if left else None)


@BOTH
def test_the_second_attempt_is_corrected_to_its_side_of_the_market(side):
    first = plan_repair(situation(unprotected(side), price=at(side, 11)), NO_RULES)
    second = plan_repair(
        situation(unprotected(side), held(side, protection=tried(1)), price=at(side, "11.004")), NO_RULES
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
    seen = situation(unprotected(side), held(side, protection=tried(2)))

    assert plan_repair(seen, ExitRules(unprotected=rule)) == action


def test_a_second_attempt_whose_fate_is_not_known_is_looked_for_and_not_given_up():
    pending = tried(2).model_copy(update={"order_body": {"qty": "12"}})

    assert isinstance(plan_repair(situation(unprotected(), held(protection=pending)), NO_RULES), Guard)


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
