from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo.domain.profile import CooldownRules, DrawdownGuardRules, Protections, StopLossGuardRules
from argo.domain.reasons import Denial, DenialReason
from argo.domain.symbols import Symbol
from execution.protections.base import Lock, Question
from execution.protections.cooldown import Cooldown
from execution.protections.drawdown_guard import DrawdownGuard
from execution.protections.registry import locked, protections
from execution.protections.stop_loss_guard import StopLossGuard
from tests.unit.builders import NOW, a_profile, a_signal, a_trade_exit, an_account_state

AAPL, MSFT = Symbol("AAPL"), Symbol("MSFT")
MINUTE = timedelta(minutes=1)
COOLDOWN = CooldownRules(minutes=30)
STOPS = StopLossGuardRules(stops=3, within_minutes=60, lock_minutes=20)
FALL = DrawdownGuardRules(drawdown_percent=1, within_minutes=60, lock_minutes=20)


def ago(minutes, **exit_fields):
    return a_trade_exit(at=NOW - minutes * MINUTE, **exit_fields)


def asked(exits, *, symbol=AAPL, equity=100_000, later=0):
    known = None if equity is None else Decimal(equity)
    return Question(symbol, NOW + later * MINUTE, tuple(exits), known)


def losses(*minutes_and_profits):
    return [ago(minutes, profit=Decimal(profit)) for minutes, profit in minutes_and_profits]


def test_a_symbol_rests_after_its_last_trade():
    lock = Cooldown(COOLDOWN).lock(asked([ago(50), ago(10)]))

    assert lock == Lock(NOW + 20 * MINUTE, {"last_exit": (NOW - 10 * MINUTE).isoformat()})


def test_a_symbol_rests_whatever_ended_its_trade():
    for leg, profit in (("take_profit", 500), ("exit", 0), ("stop_loss", -50)):
        assert Cooldown(COOLDOWN).lock(asked([ago(10, leg=leg, profit=Decimal(profit))])) is not None


def test_only_the_symbol_that_was_traded_rests():
    assert Cooldown(COOLDOWN).lock(asked([ago(10)], symbol=MSFT)) is None


@pytest.mark.parametrize(("later", "rests"), [(19, True), (20, False), (21, False)])
def test_a_rest_passes(later, rests):
    lock = Cooldown(COOLDOWN).lock(asked([ago(10)], later=later))

    assert (lock is not None) == rests


def test_stop_losses_too_close_together_lock_from_the_last_one_on():
    lock = StopLossGuard(STOPS).lock(asked([ago(65), ago(40), ago(10)]))

    assert lock == Lock(NOW + 10 * MINUTE, {"stop_losses": "3", "since": (NOW - 65 * MINUTE).isoformat()})


def test_stop_losses_lock_every_symbol():
    assert StopLossGuard(STOPS).lock(asked([ago(3), ago(2), ago(1)], symbol=MSFT)) is not None


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
    assert StopLossGuard(STOPS).lock(asked(exits)) is None


def test_stop_losses_exactly_as_far_apart_as_the_time_count():
    assert StopLossGuard(STOPS).lock(asked([ago(70), ago(40), ago(10)])) is not None


@pytest.mark.parametrize(("later", "locks"), [(9, True), (10, False)])
def test_a_lock_after_stop_losses_passes(later, locks):
    lock = StopLossGuard(STOPS).lock(asked([ago(50), ago(30), ago(10)], later=later))

    assert (lock is not None) == locks


def test_one_more_stop_loss_prolongs_the_lock():
    first = StopLossGuard(STOPS).lock(asked([ago(30), ago(20), ago(10)]))

    second = StopLossGuard(STOPS).lock(asked([ago(30), ago(20), ago(10), ago(1)]))

    assert first is not None
    assert second is not None
    assert (first.until, second.until) == (NOW + 10 * MINUTE, NOW + 19 * MINUTE)


def test_stop_losses_are_counted_in_their_order_and_not_in_the_order_they_are_listed():
    exits = [ago(10), ago(40), ago(65)]

    assert StopLossGuard(STOPS).lock(asked(exits)) == StopLossGuard(STOPS).lock(asked(exits[::-1]))


def test_one_stop_loss_is_enough_where_the_rules_say_so():
    one = StopLossGuardRules(stops=1, within_minutes=1, lock_minutes=20)

    lock = StopLossGuard(one).lock(asked([ago(5)]))

    assert lock is not None
    assert lock.until == NOW + 15 * MINUTE


def test_a_fall_of_the_realised_profit_locks_from_the_trade_on_that_reached_the_limit():
    lock = DrawdownGuard(FALL).lock(asked(losses((40, "-600"), (10, "-400"))))

    assert lock == Lock(NOW + 10 * MINUTE, {"fall": "1000.00", "limit": "1000.00"})


def test_a_fall_is_measured_from_the_highest_point_and_not_from_nothing():
    lock = DrawdownGuard(FALL).lock(asked(losses((40, "700"), (20, "-600"), (10, "-450"))))

    assert lock is not None
    assert lock.why == {"fall": "1050.00", "limit": "1000.00"}


def test_a_fall_below_the_limit_locks_nothing():
    assert DrawdownGuard(FALL).lock(asked(losses((40, "-600"), (10, "-399.99")))) is None


def test_a_fall_that_took_longer_than_the_time_locks_nothing():
    assert DrawdownGuard(FALL).lock(asked(losses((75, "-600"), (10, "-400")))) is None


@pytest.mark.parametrize(("later", "locks"), [(9, True), (10, False)])
def test_a_lock_after_a_fall_passes(later, locks):
    lock = DrawdownGuard(FALL).lock(asked(losses((10, "-1000")), later=later))

    assert (lock is not None) == locks


def test_a_gain_after_a_fall_does_not_unlock():
    lock = DrawdownGuard(FALL).lock(asked(losses((10, "-1000"), (5, "5000"))))

    assert lock is not None
    assert lock.until == NOW + 10 * MINUTE


def test_a19_without_a_known_equity_the_first_loss_locks():
    guard = DrawdownGuard(FALL)

    assert guard.lock(asked(losses((10, "-0.01")), equity=None)) is not None
    assert guard.lock(asked(losses((10, "500")), equity=None)) is None


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
    for protection, longest in ((Cooldown(COOLDOWN), 30), (StopLossGuard(STOPS), 20), (DrawdownGuard(FALL), 20)):
        lock = protection.lock(asked(sorted(found, key=lambda trade: trade.at)))
        if lock is not None:
            assert NOW < lock.until <= NOW + longest * MINUTE
            assert lock.why
            after = Question(AAPL, lock.until, tuple(found), Decimal(100_000))
            assert protection.lock(after) is None
        other = protection.lock(asked(shuffled))
        assert (other and other.until) == (lock and lock.until)


@given(exits)
def test_what_is_older_than_the_rules_look_back_changes_no_lock(found):
    rules = Protections(cooldown=COOLDOWN, stop_loss_guard=STOPS, drawdown_guard=FALL)
    recent = [trade for trade in found if trade.at >= NOW - rules.looks_back]
    in_order = sorted(found, key=lambda trade: trade.at)

    for protection in protections(rules):
        assert protection.lock(asked(in_order)) == protection.lock(
            asked(sorted(recent, key=lambda trade: trade.at))
        )


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


def test_only_what_has_a_table_is_switched_on_and_in_this_order():
    assert protections(Protections()) == []
    every = Protections(cooldown=COOLDOWN, stop_loss_guard=STOPS, drawdown_guard=FALL)
    assert [protection.reason for protection in protections(every)] == [
        DenialReason.COOLDOWN,
        DenialReason.STOP_LOSS_GUARD,
        DenialReason.DRAWDOWN_LIMIT,
    ]


def test_a05_a_lock_denies_with_its_end_and_its_numbers():
    profile = a_profile(protections={"cooldown": {"minutes": 30}})
    state = an_account_state(exits=(ago(10),))

    denial = locked(a_signal(), profile, state, NOW)

    assert denial == Denial(
        DenialReason.COOLDOWN,
        {"until": (NOW + 20 * MINUTE).isoformat(), "last_exit": (NOW - 10 * MINUTE).isoformat()},
    )


def test_a_fall_is_measured_against_the_equity_that_was_last_observed():
    profile = a_profile(protections={"drawdown_guard": FALL})
    exits = tuple(losses((10, "-1500")))

    denials = [
        locked(a_signal(), profile, an_account_state(exits=exits, equity=Decimal(equity)), NOW)
        for equity in (100_000, 200_000)
    ]

    assert [denial and denial.numbers["limit"] for denial in denials] == ["1000.00", None]


def test_an_account_without_recent_exits_is_not_locked():
    profile = a_profile(protections={"cooldown": COOLDOWN, "stop_loss_guard": STOPS, "drawdown_guard": FALL})

    assert locked(a_signal(), profile, an_account_state(), NOW) is None
