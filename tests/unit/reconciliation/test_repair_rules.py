from datetime import timedelta
from decimal import Decimal

import pytest

from argo.domain.profile import ExitRules
from argo.domain.settlement import Orders
from argo.domain.signal import Side
from argo.domain.symbols import Symbol
from reconciliation.repair import Close, Tighten, plan_repair
from tests.unit.builders import NOW, a_market_clock
from tests.unit.reconciliation.positions import (
    BOTH,
    COIN,
    HELD,
    LATER,
    NO_RULES,
    a_bracket,
    a_stop,
    a_target,
    an_entry,
    at,
    filled,
    held,
    held_simply,
    situation,
)


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


def test_without_that_rule_a_position_is_kept_over_the_close():
    clock = a_market_clock(is_open=True, next_close=LATER + timedelta(seconds=30))

    assert plan_repair(situation(a_bracket(), clock=clock), NO_RULES) is None


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
