"""Every rule, broken by hand: one that cannot be broken would prove nothing."""

from datetime import timedelta

import pytest

from argo.domain.account import TradingState
from argo.domain.execution import ExecutionState
from argo.domain.reasons import DenialReason
from argo.domain.symbols import Symbol
from tests.unit.builders import a_signal, an_account_state
from tests.unit.trial.breaches import BREACHES, against, deny, write_on
from tests.unit.trial.court import Court
from trials.referee.rules import Rule


@pytest.fixture
def court():
    return Court()


@pytest.mark.parametrize("rule", BREACHES)
def test_a_breach_of_a_rule_is_seen(court, rule):
    BREACHES[rule](court)

    assert rule in court.broken


def test_every_rule_that_the_referee_sees_to_can_be_broken():
    assert set(Rule) - BREACHES.keys() == {Rule.SURPRISE, Rule.STUCK}


def test_a_step_that_is_not_in_the_table_is_out_of_turn(court):
    write_on(court, court.hold(), state=ExecutionState.CLAIMED)

    court.referee.settle()

    assert Rule.OUT_OF_TURN in court.broken


def test_an_account_in_order_breaks_no_rule(court):
    court.guard(court.hold())
    denied = a_signal(symbol=Symbol("MSFT"))
    court.settle(court.claim(denied), ExecutionState.DENIED, reason=DenialReason.COOLDOWN)
    court.do(court.queue.poison("{}"))
    court.acknowledge_all()
    court.do(court.queue.quarantine("{}", "malformed", "not a signal"))

    court.look_twice()
    court.referee.expect_peace()
    court.referee.settle()

    assert court.evidence.violations == []


def test_an_order_is_sent_as_it_is_on_the_record(court):
    execution = court.intend(court.claim())

    court.see("broker", "submit", execution.order_body)
    fine = court.broken
    court.see("broker", "submit", {**execution.order_body, "qty": "11"})

    assert fine == set()
    assert court.broken == {Rule.ORDER_WITHOUT_INTENT}


def test_an_order_that_was_sent_in_time_may_arrive_late(court):
    execution = court.intend(court.claim())
    court.wait(400)

    court.see("broker", "submit", execution.order_body, began=10)

    assert court.broken == set()


def test_a_position_may_be_without_a_stop_for_a_while(court):
    execution = court.hold()

    court.referee.look()
    court.wait(60)
    court.guard(execution)
    court.look_twice()

    assert Rule.UNPROTECTED not in court.broken


def test_what_a_person_sold_of_a_position_needs_no_stop(court):
    execution = court.hold()

    court.sell_by_hand("6")
    court.guard(execution, "4")
    court.look_twice()

    assert Rule.UNPROTECTED not in court.broken


def test_what_a_person_left_of_a_position_needs_a_stop(court):
    execution = court.hold()

    court.sell_by_hand("6")
    court.guard(execution, "3")
    court.look_twice()

    assert Rule.UNPROTECTED in court.broken


def test_an_exit_is_no_risk_but_its_symbol_must_have_been_held_for_a_while(court):
    court.hold()

    deny(court, against())

    assert court.broken == set()


def test_an_exit_may_be_denied_when_nobody_would_take_it(court):
    court.hold()
    court.wait(60)

    deny(court, against(), DenialReason.ACCOUNT_BLOCKED)

    assert court.broken == set()


def test_a_signal_for_the_same_side_may_be_denied(court):
    court.hold()
    court.wait(60)

    deny(court, a_signal(strategy_version="2"))

    assert court.broken == set()


def test_a_signal_that_expired_soon_after_the_last_fault_was_not_given_up(court):
    claimed = court.claim()
    court.wait(200)
    court.referee.expect_peace()

    court.settle(claimed, ExecutionState.EXPIRED, reason="worker_lost")
    court.referee.settle()

    assert Rule.GIVEN_UP not in court.broken


def test_a_lease_that_is_over_may_be_taken(court):
    held = court.claim()
    court.wait(60)

    court.see("ledger", "claim", a_signal(), "argo")
    court.ledger._overwrite(held.model_copy(update={"epoch": 2}))
    court.see("ledger", "account", "argo")

    assert court.broken == set()


def test_a_reservation_that_will_be_refused_is_no_risk(court):
    claimed = court.claim()
    court.do(court.ledger.set_trading_state("argo", TradingState.HALTED, reason="test", now=court.clock.now()))

    court.see("ledger", "intend", claimed, account=an_account_state())

    assert court.broken == set()


def test_a_breach_is_told_once(court):
    court.publish(sent=False)

    court.referee.settle()
    court.referee.settle()

    assert [violation.rule for violation in court.evidence.violations] == [Rule.UNSENT]


def test_c02_a_message_that_comes_back_within_seconds_is_not_held_up(court):
    court.fail_in_aws(a_signal(), hidden=timedelta(seconds=8))

    assert court.broken == set()


def test_c04_a_message_that_finds_its_own_claim_held_is_held_up(court):
    court.fail_in_aws(a_signal(), hidden=timedelta(seconds=8), claimed=True)

    assert court.broken == {Rule.HELD_UP}


def test_c19_who_writes_from_an_older_view_and_keeps_the_state_breaks_a_rule_unless_he_is_refused(court):
    held = court.hold()
    newer, _ = court.guard(held)
    court.see("ledger", "record_exit", held)
    court.see("ledger", "account", "argo")
    refused = set(court.broken)

    court.see("ledger", "record_exit", held)
    court.ledger._overwrite(newer.model_copy(update={"revision": newer.revision + 1}))
    court.see("ledger", "account", "argo")

    assert (refused, court.broken) == (set(), {Rule.OUT_OF_TURN})


def test_a_halt_that_was_taken_back_need_not_hold(court):
    court.referee.confirmed("argo")
    court.referee.takes_back("argo")

    court.referee.look()

    assert court.broken == set()
