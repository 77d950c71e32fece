from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from argo.domain.account import TradeExit
from argo.domain.changes import (
    exit_recorded,
    holds_claim,
    intended,
    landed,
    paused,
    protection_recorded,
    revived,
    settled,
    taken_over,
    turned_away,
)
from argo.domain.execution import ExecutionState, IllegalTransition, Transition
from argo.domain.ledger import Held, Intent, Release, Settled, Settlement
from argo.domain.placements import Cover, Exit, Fill, OrderLeg, Protection
from argo.domain.reasons import Obstacle
from tests.unit.builders import NOW, a_trade_exit, an_execution

S = ExecutionState
SETTLED = [each for each in S if each not in {S.DEAD_LETTERED, S.CLAIMED, S.SUBMITTING, S.UNKNOWN}]
AN_INSTANT, LATER = timedelta(microseconds=1), NOW + timedelta(seconds=10)
LEASE = NOW + timedelta(minutes=1)


def step(change):
    """Return the state, the time, the worker's epoch and what is told of a change's step."""
    return change.step.state, change.step.at, change.step.epoch, dict(change.step.detail)


@pytest.mark.parametrize("state", SETTLED)
def test_what_has_an_order_or_an_end_is_settled_for_a_delivery(state):
    found = an_execution(state=state, lease_until=NOW - AN_INSTANT)

    assert turned_away(found, NOW) == Settled(found)


@pytest.mark.parametrize("state", [S.CLAIMED, S.SUBMITTING, S.UNKNOWN])
def test_what_another_worker_holds_is_its_own_until_its_lease_is_over(state):
    found = an_execution(state=state, lease_until=LATER)

    assert turned_away(found, LATER - AN_INSTANT) == Held(LATER)
    assert turned_away(found, LATER) is None


def test_what_was_dead_lettered_may_be_claimed_whatever_its_lease():
    assert turned_away(an_execution(state=S.DEAD_LETTERED, lease_until=LATER), NOW) is None


def test_the_next_worker_has_the_next_epoch_and_the_history_as_it_was():
    found = an_execution(epoch=3, state=S.UNKNOWN)

    held = taken_over(found, now=LATER, lease_until=LEASE)

    assert (held.epoch, held.lease_until, held.updated_at) == (4, LEASE, LATER)
    assert (held.history, held.state) == (found.history, S.UNKNOWN)


def test_a_redriven_message_begins_its_execution_anew():
    found = an_execution(state=S.DEAD_LETTERED, epoch=2, reason="malformed")

    change = revived(found, now=LATER, lease_until=LEASE)
    left = change.applied_to(found)

    assert (left.state, left.epoch, left.reason, left.lease_until) == (S.CLAIMED, 3, None, LEASE)
    assert left.updated_at == LATER
    assert step(change) == (S.CLAIMED, LATER, 2, {"redriven": "true"})
    assert left.history[-1] == change.step
    assert not change.of_same_state


INTENT = Intent(
    "argo-argo-1-entry",
    {"qty": "12"},
    Decimal(1200),
    Decimal(60),
    planned_stop=Decimal(95),
    planned_target=Decimal(110),
    detail={"shares": "12"},
)


def test_an_intent_forgets_what_was_known_of_the_order_before_it():
    found = an_execution(missing_since=NOW, sent_again=True, closes="b" * 24, attempts=1)

    change = intended(found, INTENT, now=LATER)
    left = change.applied_to(found)

    assert (left.state, left.attempts, left.updated_at) == (S.SUBMITTING, 2, LATER)
    assert (left.missing_since, left.sent_again) == (None, False)
    assert (left.client_order_id, left.order_body) == ("argo-argo-1-entry", {"qty": "12"})
    assert (left.reserved_notional, left.reserved_risk) == (1200, 60)
    assert (left.planned_stop, left.planned_target) == (95, 110)
    assert left.detail == {"shares": "12", "stop_price": "95", "target_price": "110", "leaves": "b" * 24}
    assert step(change) == (S.SUBMITTING, LATER, found.epoch, dict(left.detail))
    assert (change.release, change.ended, change.of_same_state) == (Release.NOTHING, None, False)


@pytest.mark.parametrize("state", [S.SUBMITTED, S.FILLED, S.CLOSED, S.DENIED])
def test_no_intent_is_made_of_what_is_past_being_sent(state):
    with pytest.raises(IllegalTransition):
        intended(an_execution(state=state), INTENT, now=NOW)


FILL = Fill(order_id="entry", leg="entry", quantity=Decimal(12), price=Decimal(100), at=NOW)
LEG = OrderLeg(order_id="stop", role="stop_loss", status="held")


def test_a_settlement_writes_what_was_learnt_and_leaves_the_rest_as_it_was():
    found = an_execution(
        state=S.SUBMITTED,
        order_id="entry",
        legs=(LEG,),
        detail={"shares": "12"},
        attempts=1,
        reserved_notional=Decimal(1200),
        reserved_risk=Decimal(60),
    )
    learnt = Settlement(fills=(FILL,), detail={"entry": "filled"}, release=Release.RESERVATION)

    change = settled(found, S.FILLED, learnt, now=LATER)
    left = change.applied_to(found)

    assert (left.state, left.fills, left.legs, left.order_id) == (S.FILLED, (FILL,), (LEG,), "entry")
    assert left.detail == {"shares": "12", "entry": "filled"}
    assert (left.reserved_notional, left.reserved_risk, left.attempts) == (0, 0, 1)
    assert change.release is Release.RESERVATION
    assert step(change) == (S.FILLED, LATER, found.epoch, {"entry": "filled"})


def test_a_settlement_that_releases_nothing_keeps_what_is_reserved():
    found = an_execution(state=S.SUBMITTING, reserved_notional=Decimal(1200), reserved_risk=Decimal(60))

    left = settled(found, S.SUBMITTED, Settlement(order_id="entry"), now=LATER).applied_to(found)

    assert (left.reserved_notional, left.reserved_risk) == (1200, 60)


def test_the_end_of_a_trade_is_written_with_its_profit():
    found, ended = an_execution(state=S.FILLED), a_trade_exit()
    learnt = Settlement(reason="why", order_id="entry", realised_profit=Decimal(-50), trade_exit=ended)

    change = settled(found, S.CLOSED, learnt, now=LATER)
    left = change.applied_to(found)

    assert isinstance(change.ended, TradeExit)
    assert change.ended == ended
    assert (left.reason, left.order_id, left.realised_profit) == ("why", "entry", -50)
    assert step(change)[3] == {"reason": "why", "order_id": "entry"}


def test_an_order_that_is_sent_again_is_missing_since_no_time_and_tried_once_more():
    found = an_execution(state=S.UNKNOWN, missing_since=NOW, attempts=1)

    change = settled(found, S.SUBMITTING, Settlement(sent_again=True), now=LATER)
    left = change.applied_to(found)

    assert (left.state, left.missing_since, left.sent_again, left.attempts) == (S.SUBMITTING, None, True, 2)
    assert left.detail == {"missing_since": ""}


def test_what_is_settled_without_being_sent_again_stays_missing():
    found = an_execution(state=S.UNKNOWN, missing_since=NOW, attempts=1)

    left = settled(found, S.EXPIRED, Settlement(), now=LATER).applied_to(found)

    assert (left.missing_since, left.sent_again, left.attempts) == (NOW, False, 1)


def test_a_pause_changes_nothing_that_it_is_not_told():
    known = an_execution(
        state=ExecutionState.UNKNOWN, missing_since=NOW, closes="b" * 24, detail={"answer": "timeout"}
    )

    left = paused(known, Obstacle.BROKER_UNREACHABLE, until=LATER, now=NOW).applied_to(known)

    assert (left.state, left.missing_since, left.closes) == (known.state, known.missing_since, known.closes)
    assert left.detail == known.detail
    assert (left.obstacle, left.lease_until) == (Obstacle.BROKER_UNREACHABLE, LATER)


def test_a_pause_may_be_a_transition_that_gives_the_reservation_back():
    known = an_execution(state=S.SUBMITTING, reserved_notional=Decimal(1200), reserved_risk=Decimal(60))
    learnt = {"state": S.CLAIMED, "release": Release.RESERVATION_AND_SYMBOL, "detail": {"message": "slowly"}}

    change = paused(known, Obstacle.BROKER_THROTTLED, until=LATER, now=NOW, **learnt)
    left = change.applied_to(known)

    assert (left.state, left.reserved_notional, left.reserved_risk) == (S.CLAIMED, 0, 0)
    assert change.release is Release.RESERVATION_AND_SYMBOL
    assert step(change) == (S.CLAIMED, NOW, known.epoch, {"obstacle": "broker_throttled", "message": "slowly"})


def test_a_pause_learns_what_is_closed_and_since_when_an_order_is_missing():
    known = an_execution(state=S.UNKNOWN)
    learnt = {"closes": "b" * 24, "missing_since": NOW}

    left = paused(known, Obstacle.OUTCOME_UNKNOWN, until=LATER, now=NOW, **learnt).applied_to(known)

    assert (left.closes, left.missing_since) == ("b" * 24, NOW)
    assert left.detail == {"leaves": "b" * 24, "missing_since": NOW.isoformat()}


def test_c19_whatever_keeps_the_state_holds_for_the_record_as_it_was_read():
    known = an_execution(state=ExecutionState.UNKNOWN)

    assert exit_recorded(known, Exit(why="time", planned_at=NOW), now=NOW).of_same_state
    assert paused(known, Obstacle.BROKER_UNREACHABLE, until=LATER, now=NOW).of_same_state
    assert settled(known, ExecutionState.UNKNOWN, Settlement(), now=NOW).of_same_state
    assert not settled(known, ExecutionState.SUBMITTED, Settlement(), now=NOW).of_same_state


def test_an_exit_and_a_protection_are_steps_within_a_state():
    known = an_execution(state=S.FILLED, epoch=2)
    exit_, guard = Exit(why="time", planned_at=NOW), Protection(cover=Cover.NONE, reason="no", order_id="guard")

    left = exit_recorded(known, exit_, now=LATER)
    guarded = protection_recorded(known, guard, now=LATER)

    assert step(left) == (S.FILLED, LATER, 2, {"exit": "time"})
    assert step(guarded) == (S.FILLED, LATER, 2, {"cover": "none", "why": "no", "guard_order_id": "guard"})
    assert (left.applied_to(known).exit, left.applied_to(known).updated_at) == (exit_, LATER)
    assert guarded.applied_to(known).protection == guard
    assert guarded.of_same_state
    assert isinstance(left.step, Transition)


def test_c04_a_write_is_found_on_the_record_by_its_step_whoever_has_gone_on_since():
    known = an_execution(state=ExecutionState.SUBMITTING)
    change = settled(known, ExecutionState.SUBMITTED, Settlement(order_id="order-1"), now=NOW)
    submitted = change.applied_to(known)
    filled = settled(submitted, ExecutionState.FILLED, Settlement(), now=LATER).applied_to(submitted)
    another = settled(known, ExecutionState.SUBMITTED, Settlement(order_id="order-2"), now=NOW)

    assert [landed(found, change) for found in (None, known, submitted, filled)] == [False, False, True, True]
    assert not landed(another.applied_to(known), change)


def test_c05_a_write_that_shortened_the_history_is_found_by_the_step_as_it_is_told_there():
    known = an_execution(state=S.UNKNOWN)
    change = paused(known, Obstacle.BROKER_UNREACHABLE, until=LATER, now=NOW)
    told = [change.step.model_copy(update={"detail": {"n": str(n)}}) for n in range(3)]
    written = replace(change, history=tuple(told)).applied_to(known)
    without_the_last = written.model_copy(update={"history": (*told[:2], change.step)})

    assert landed(written, replace(change, history=tuple(told)))
    assert not landed(without_the_last, replace(change, history=tuple(told)))


def test_each_write_is_the_records_next_revision():
    known = an_execution(revision=3)

    assert intended(known, INTENT, now=NOW).applied_to(known).revision == 4


@pytest.mark.parametrize(
    ("of_same_state", "shortened", "needs_all"),
    [(False, False, False), (True, False, True), (False, True, True), (True, True, True)],
)
def test_c19_a_change_of_what_was_read_or_of_the_whole_history_needs_all_as_it_was_read(
    of_same_state, shortened, needs_all
):
    change = intended(an_execution(), INTENT, now=NOW)

    changed = replace(change, of_same_state=of_same_state, history=(change.step,) if shortened else None)

    assert changed.needs_all_as_read is needs_all


def test_c05_the_words_of_an_exit_and_of_a_protection_are_cut():
    known, words = an_execution(state=S.FILLED), "x" * 600
    exit_ = exit_recorded(known, Exit(why=words, planned_at=NOW, reason=words), now=NOW).applied_to(known).exit
    guarded = protection_recorded(known, Protection(cover=Cover.NONE, reason=words), now=NOW).applied_to(known)

    assert all(450 < len(text) <= 500 for text in (exit_.why, exit_.reason, guarded.protection.reason))


def test_c04_a_claim_is_its_own_by_holder_and_lease():
    mine = an_execution(state=ExecutionState.CLAIMED)
    later = taken_over(mine, now=LATER, lease_until=LATER + timedelta(seconds=45))

    assert holds_claim(mine, mine)
    assert not holds_claim(later, mine)
    assert not holds_claim(None, mine)
