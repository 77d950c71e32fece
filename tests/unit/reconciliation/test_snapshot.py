from datetime import timedelta
from decimal import Decimal

import pytest

from argo.domain.execution import ExecutionState
from argo.domain.orders import OrderClass, OrderStatus
from argo.domain.placements import Cover, Exit, Protection
from argo.domain.profile import ExitRules
from argo.domain.signal import Side
from argo.domain.symbols import Symbol
from reconciliation.snapshot import Snapshot, is_as_known, needs_price
from tests.unit.builders import NOW, a_broker_account, a_market_clock
from tests.unit.reconciliation.positions import (
    BOTH,
    COIN,
    HELD,
    LATER,
    NO_RULES,
    a_stop,
    a_target,
    an_order,
    at,
    filled,
    held,
    held_simply,
)

GUARDED = Protection(cover=Cover.COMPLETE, attempt=1, order_body={}, order_id="guard")


def seen(*live, side=Side.BUY, quantity=HELD, symbol="AAPL", price=100, **overrides):
    """Build what the lists show: these orders, and a position in one symbol."""
    signed = quantity if side is Side.BUY else -quantity
    fields = {
        "taken_at": LATER,
        "account": a_broker_account(),
        "clock": a_market_clock(next_close=LATER + timedelta(hours=3)),
        "live": {order.order_id: order for order in live},
        "positions": {symbol: signed} if signed else {},
        "prices": {symbol: Decimal(price)},
    }
    return Snapshot(**fields | overrides)


def submitted(**overrides):
    return held(**{"state": ExecutionState.SUBMITTED, "fills": (), "expires_at": LATER} | overrides)


@BOTH
def test_a_position_whose_exits_stand_is_as_known(side):
    assert is_as_known(held(side), seen(a_target(side), a_stop(side), side=side), NO_RULES)


@BOTH
@pytest.mark.parametrize(
    "lists",
    [
        lambda side: seen(a_target(side), side=side),
        lambda side: seen(a_stop(side), side=side),
        lambda side: seen(filled(a_target(side), 5), a_stop(side), side=side),
        lambda side: seen(a_target(side), a_stop(side), quantity=Decimal(0)),
        lambda side: seen(side=side),
    ],
    ids=["stop gone", "target gone", "part of an exit", "position gone", "nothing live"],
)
def test_a_position_something_has_happened_to_is_not(side, lists):
    assert not is_as_known(held(side), lists(side), NO_RULES)


def test_a_position_that_is_being_left_is_looked_at():
    leaving = held(exit=Exit(why="an operator", planned_at=NOW))

    assert not is_as_known(leaving, seen(a_target(), a_stop()), NO_RULES)


def test_a_naked_position_is_looked_at():
    naked = held(protection=Protection(cover=Cover.NONE, naked_since=NOW))

    assert not is_as_known(naked, seen(a_target(), a_stop()), NO_RULES)


def test_a_position_of_another_symbol_is_not_taken_for_it():
    assert not is_as_known(held(symbol=Symbol("MSFT")), seen(a_target(), a_stop()), NO_RULES)


def test_a_position_that_is_gone_is_looked_at_before_the_views_agree():
    lists = seen(a_target(), a_stop(), quantity=Decimal(0), taken_at=NOW + timedelta(seconds=1))

    assert not is_as_known(held(), lists, NO_RULES)


def test_a_record_without_its_entrys_fill_is_looked_at():
    assert not is_as_known(held(fills=()), seen(a_target(), a_stop()), NO_RULES)


def test_a_guard_stands_for_the_legs_that_have_ended():
    assert is_as_known(held(protection=GUARDED), seen(a_stop(order_id="guard")), NO_RULES)


@pytest.mark.parametrize("status", [OrderStatus.NEW, OrderStatus.ACCEPTED, OrderStatus.HELD])
def test_an_entry_that_rests_is_as_known_until_its_signal_expires(status):
    entry = an_order("entry", Side.BUY, status=status)
    before = seen(entry, quantity=Decimal(0), taken_at=LATER - timedelta(seconds=1))

    assert is_as_known(submitted(), before, NO_RULES)
    assert not is_as_known(submitted(), seen(entry, quantity=Decimal(0)), NO_RULES)


@pytest.mark.parametrize(
    "live", [(), (an_order("entry", Side.BUY, filled_quantity=Decimal(5)),)], ids=["gone", "filled in part"]
)
def test_an_entry_that_has_filled_or_ended_is_looked_at(live):
    lists = seen(*live, quantity=Decimal(0), taken_at=LATER - timedelta(seconds=1))

    assert not is_as_known(submitted(), lists, NO_RULES)


@pytest.mark.parametrize("state", [ExecutionState.CLAIMED, ExecutionState.SUBMITTING, ExecutionState.UNKNOWN])
def test_an_execution_without_an_order_is_looked_at(state):
    assert not is_as_known(submitted(state=state), seen(), NO_RULES)


@BOTH
@pytest.mark.parametrize(
    ("rules", "distance", "due"),
    [
        (ExitRules(trail_r=Decimal(1)), 0, False),
        (ExitRules(trail_r=Decimal(1)), 1, True),
        (ExitRules(break_even_at_r=Decimal(1)), "4.99", False),
        (ExitRules(break_even_at_r=Decimal(1)), 5, True),
        (ExitRules(bars=61), 0, False),
        (ExitRules(bars=60), 0, True),
        (ExitRules(minutes_before_close=179), 0, False),
        (ExitRules(minutes_before_close=180), 0, True),
    ],
)
def test_a_position_is_looked_at_when_a_rule_is_due_and_not_before(side, rules, distance, due):
    lists = seen(a_target(side), a_stop(side), side=side, price=at(side, distance))

    assert is_as_known(held(side), lists, rules) is not due


@pytest.mark.parametrize(("price", "due"), [(100, False), (110, True), ("94.5", True)])
def test_a_coin_with_its_stop_is_looked_at_when_its_price_says_so(price, due):
    stop = a_stop(order_id="guard", symbol=COIN, limit_price=Decimal("94.525"))

    assert is_as_known(held_simply(protection=GUARDED), seen(stop, symbol=COIN, price=price), NO_RULES) is not due


def test_a_pair_of_exits_whose_stop_the_record_does_not_name_is_looked_at():
    pair = a_target(order_id="guard", order_class=OrderClass.OCO)

    assert not is_as_known(held(protection=GUARDED), seen(pair), NO_RULES)


@pytest.mark.parametrize(
    ("execution", "rules", "needed"),
    [
        (held(), NO_RULES, False),
        (held(), ExitRules(trail_r=Decimal(1)), True),
        (held(), ExitRules(break_even_at_r=Decimal(1)), True),
        (held(), ExitRules(bars=5), False),
        (held(protection=Protection(cover=Cover.NONE)), NO_RULES, True),
        (held_simply(), NO_RULES, True),
        (submitted(), ExitRules(trail_r=Decimal(1)), False),
    ],
)
def test_prices_are_asked_for_where_something_goes_by_them(execution, rules, needed):
    assert needs_price(execution, rules) is needed
