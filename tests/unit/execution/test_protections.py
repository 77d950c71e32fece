from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo.domain.profile import CooldownRules, DrawdownGuardRules, Protections, StopLossGuardRules
from argo.domain.reasons import Denial, DenialReason
from argo.domain.symbols import Symbol
from execution.gate import LEDGER_CHECKS, first_denial
from execution.ledger_checks import cooldown, drawdown_guard, stop_loss_guard
from tests.unit.builders import NOW, a_profile, a_signal, a_trade_exit, an_account_state

AAPL, MSFT = Symbol("AAPL"), Symbol("MSFT")
MINUTE = timedelta(minutes=1)
COOLDOWN = CooldownRules(minutes=30)
STOPS = StopLossGuardRules(stops=3, within_minutes=60, lock_minutes=20)
FALL = DrawdownGuardRules(drawdown_percent=1, within_minutes=60, lock_minutes=20)


def ago(minutes, **exit_fields):
    return a_trade_exit(at=NOW - minutes * MINUTE, **exit_fields)


PROTECTION = {
    CooldownRules: cooldown,
    StopLossGuardRules: stop_loss_guard,
    DrawdownGuardRules: drawdown_guard,
}


@dataclass(frozen=True)
class Lock:
    """Until when a protection denies, and the other numbers of its denial."""

    until: datetime
    why: dict[str, str]


def locked(exits, rules, *, symbol=AAPL, equity=100_000, now=NOW):
    """Return the lock of the one protection that has these rules."""
    protection = PROTECTION[type(rules)]
    state = an_account_state(exits=tuple(exits), equity=None if equity is None else Decimal(equity))
    profile = a_profile(protections={protection.__name__: rules})
    denial = protection(a_signal(symbol=symbol), profile, state, now)
    if denial is None:
        return None
    why = dict(denial.numbers)
    return Lock(datetime.fromisoformat(why.pop("until")), why)


def losses(*minutes_and_profits):
    return [ago(minutes, profit=Decimal(profit)) for minutes, profit in minutes_and_profits]


def test_a_symbol_rests_after_its_last_trade():
    lock = locked([ago(50), ago(10)], COOLDOWN)

    assert lock == Lock(NOW + 20 * MINUTE, {"last_exit": (NOW - 10 * MINUTE).isoformat()})


def test_a_symbol_rests_whatever_ended_its_trade():
    for leg, profit in (("take_profit", 500), ("exit", 0), ("stop_loss", -50)):
        assert locked([ago(10, leg=leg, profit=Decimal(profit))], COOLDOWN) is not None


def test_only_the_symbol_that_was_traded_rests():
    assert locked([ago(10)], COOLDOWN, symbol=MSFT) is None


@pytest.mark.parametrize(("later", "rests"), [(19, True), (20, False), (21, False)])
def test_a_rest_passes(later, rests):
    lock = locked([ago(10)], COOLDOWN, now=NOW + later * MINUTE)

    assert (lock is not None) == rests


def test_stop_losses_too_close_together_lock_from_the_last_one_on():
    lock = locked([ago(65), ago(40), ago(10)], STOPS)

    assert lock == Lock(NOW + 10 * MINUTE, {"stop_losses": "3", "since": (NOW - 65 * MINUTE).isoformat()})


def test_stop_losses_lock_every_symbol():
    assert locked([ago(3), ago(2), ago(1)], STOPS, symbol=MSFT) is not None


@pytest.mark.parametrize(
    "exits",
    [
        [ago(40), ago(10)],
        [ago(75), ago(40), ago(10)],
        [ago(40, leg="take_profit"), ago(20), ago(10)],
        [ago(40, leg="exit", profit=Decimal(-900)), ago(20), ago(10)],
    ],
    ids=["too few", "too far apart", "a target among them", "an early exit among them"],
)
def test_what_are_not_enough_stop_losses_in_the_time_locks_nothing(exits):
    assert locked(exits, STOPS) is None


def test_stop_losses_exactly_as_far_apart_as_the_time_count():
    assert locked([ago(70), ago(40), ago(10)], STOPS) is not None


@pytest.mark.parametrize(("later", "locks"), [(9, True), (10, False)])
def test_a_lock_after_stop_losses_passes(later, locks):
    lock = locked([ago(50), ago(30), ago(10)], STOPS, now=NOW + later * MINUTE)

    assert (lock is not None) == locks


def test_one_more_stop_loss_prolongs_the_lock():
    first = locked([ago(30), ago(20), ago(10)], STOPS)

    second = locked([ago(30), ago(20), ago(10), ago(1)], STOPS)

    assert first is not None
    assert second is not None
    assert (first.until, second.until) == (NOW + 10 * MINUTE, NOW + 19 * MINUTE)


def test_stop_losses_are_counted_in_their_order_and_not_in_the_order_they_are_listed():
    exits = [ago(10), ago(40), ago(65)]

    assert locked(exits, STOPS) == locked(exits[::-1], STOPS)


def test_one_stop_loss_is_enough_where_the_rules_say_so():
    one = StopLossGuardRules(stops=1, within_minutes=1, lock_minutes=20)

    lock = locked([ago(5)], one)

    assert lock is not None
    assert lock.until == NOW + 15 * MINUTE


def test_a_fall_of_the_realised_profit_locks_from_the_trade_on_that_reached_the_limit():
    lock = locked(losses((40, "-600"), (10, "-400")), FALL)

    assert lock == Lock(NOW + 10 * MINUTE, {"fall": "1000.00", "limit": "1000.00"})


def test_a_fall_is_measured_from_the_highest_point_and_not_from_nothing():
    lock = locked(losses((40, "700"), (20, "-600"), (10, "-450")), FALL)

    assert lock is not None
    assert lock.why == {"fall": "1050.00", "limit": "1000.00"}


def test_a_fall_below_the_limit_locks_nothing():
    assert locked(losses((40, "-600"), (10, "-399.99")), FALL) is None


@pytest.mark.parametrize(("first", "locks"), [(70, True), (71, False), (75, False)])
def test_a_fall_locks_that_took_the_time_exactly_and_none_that_took_longer(first, locks):
    assert (locked(losses((first, "-600"), (10, "-400")), FALL) is not None) == locks


@pytest.mark.parametrize(("later", "locks"), [(9, True), (10, False)])
def test_a_lock_after_a_fall_passes(later, locks):
    lock = locked(losses((10, "-1000")), FALL, now=NOW + later * MINUTE)

    assert (lock is not None) == locks


def test_a_gain_after_a_fall_does_not_unlock():
    lock = locked(losses((10, "-1000"), (5, "5000")), FALL)

    assert lock is not None
    assert lock.until == NOW + 10 * MINUTE


def test_a19_without_a_known_equity_the_first_loss_locks():
    assert locked(losses((10, "-0.001")), FALL, equity=None) is not None
    assert locked(losses((10, "500")), FALL, equity=None) is None


exits = st.lists(
    st.builds(
        ago,
        st.integers(0, 120),
        symbol=st.sampled_from([AAPL, MSFT]),
        leg=st.sampled_from(["stop_loss", "take_profit", "exit"]),
        profit=st.integers(-900, 900).map(Decimal),
    ),
    max_size=6,
    unique_by=lambda trade: trade.at,
)


@given(exits, st.permutations(range(6)))
def test_every_lock_ends_in_time_says_why_and_does_not_depend_on_the_order(found, order):
    shuffled = [found[index] for index in order if index < len(found)]
    for rules, longest in ((COOLDOWN, 30), (STOPS, 20), (FALL, 20)):
        lock = locked(sorted(found, key=lambda trade: trade.at), rules)
        if lock is not None:
            assert NOW < lock.until <= NOW + longest * MINUTE
            assert lock.why
            assert locked(found, rules, now=lock.until) is None
        other = locked(shuffled, rules)
        assert (other and other.until) == (lock and lock.until)


@given(exits)
def test_what_is_older_than_the_rules_look_back_changes_no_lock(found):
    looks_back = Protections(cooldown=COOLDOWN, stop_loss_guard=STOPS, drawdown_guard=FALL).looks_back
    recent = [trade for trade in found if trade.at >= NOW - looks_back]

    for rules in (COOLDOWN, STOPS, FALL):
        in_order, recent_in_order = (sorted(trades, key=lambda trade: trade.at) for trades in (found, recent))
        assert locked(in_order, rules) == locked(recent_in_order, rules)


@pytest.mark.parametrize(
    ("rules", "minutes"),
    [
        (Protections(), 0),
        (Protections(cooldown=COOLDOWN), 30),
        (Protections(cooldown=COOLDOWN, stop_loss_guard=STOPS), 80),
        (Protections(drawdown_guard=DrawdownGuardRules(drawdown_percent=1, within_minutes=5, lock_minutes=6)), 11),
    ],
)
def test_the_rules_look_back_as_far_as_the_longest_of_them_needs(rules, minutes):
    assert rules.looks_back == minutes * MINUTE


def test_only_what_has_a_table_is_switched_on():
    exits = tuple(ago(minutes, profit=Decimal(-1000)) for minutes in (3, 2, 1))
    state = an_account_state(exits=exits, equity=Decimal(100_000))

    reasons = []
    for table, rules in {"cooldown": COOLDOWN, "stop_loss_guard": STOPS, "drawdown_guard": FALL}.items():
        denial = first_denial(LEDGER_CHECKS, a_signal(), a_profile(protections={table: rules}), state, NOW)
        reasons.append(denial.reason)

    assert first_denial(LEDGER_CHECKS, a_signal(), a_profile(), state, NOW) is None
    assert reasons == [DenialReason.COOLDOWN, DenialReason.STOP_LOSS_GUARD, DenialReason.DRAWDOWN_LIMIT]


def test_a05_a_lock_denies_with_its_end_and_its_numbers():
    profile = a_profile(protections={"cooldown": {"minutes": 30}})
    state = an_account_state(exits=(ago(10),))

    denial = first_denial(LEDGER_CHECKS, a_signal(), profile, state, NOW)

    assert denial == Denial(
        DenialReason.COOLDOWN,
        {"until": (NOW + 20 * MINUTE).isoformat(), "last_exit": (NOW - 10 * MINUTE).isoformat()},
    )


def test_a_fall_is_measured_against_the_equity_that_was_last_observed():
    profile = a_profile(protections={"drawdown_guard": FALL})
    exits = tuple(losses((10, "-1500")))

    denials = [
        drawdown_guard(a_signal(), profile, an_account_state(exits=exits, equity=Decimal(equity)), NOW)
        for equity in (100_000, 200_000)
    ]

    assert [denial and denial.numbers["limit"] for denial in denials] == ["1000.00", None]


def test_an_account_without_recent_exits_is_not_locked():
    profile = a_profile(protections={"cooldown": COOLDOWN, "stop_loss_guard": STOPS, "drawdown_guard": FALL})

    assert first_denial(LEDGER_CHECKS, a_signal(), profile, an_account_state(), NOW) is None
