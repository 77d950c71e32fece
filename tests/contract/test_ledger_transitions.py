from datetime import timedelta
from decimal import Decimal

import pytest

from argo.domain.execution import TRANSITIONS, ExecutionState, IllegalTransition
from argo.domain.ledger import Claimed, Held, LostLease, Release, Settlement, SymbolLocked
from argo.domain.placements import Exit, Fill, OrderLeg
from argo.domain.reasons import DenialReason, Obstacle, RejectionReason
from tests.contract.workers import LEASE, claim, intend, reach, reached, reserved, settle
from tests.unit.builders import NOW, a_signal

LATER = NOW + timedelta(seconds=7, microseconds=123_456)
LEGAL = [reached(source, target) for source, targets in TRANSITIONS.items() for target in sorted(targets)]
WORKABLE = (ExecutionState.CLAIMED, ExecutionState.SUBMITTING, ExecutionState.UNKNOWN)
ENTRY = Fill(order_id="order-1", leg="entry", quantity=Decimal("0.123456789"), price=Decimal("100.25"), at=LATER)
STOPPED = ENTRY.model_copy(update={"order_id": "order-3", "leg": "stop_loss"})
LEGS = (
    OrderLeg(order_id="order-2", role="take_profit", status="held"),
    OrderLeg(order_id="order-3", role="stop_loss", status="held"),
)


@pytest.mark.parametrize(("source", "target"), LEGAL, ids=str)
def test_a_legal_transition_is_written_with_its_time(ledger, source, target):
    execution = reach(ledger, source)

    settled = settle(ledger, execution, target, now=LATER)

    assert settled == ledger.execution(*execution.key)
    assert (settled.state, settled.updated_at, settled.epoch) == (target, LATER, execution.epoch)
    assert settled.history[:-1] == execution.history
    assert (settled.history[-1].state, settled.history[-1].at) == (target, LATER)
    assert ledger.open_executions("argo", limit=10) == ([] if target.is_terminal else [settled])


@pytest.mark.parametrize("source", [reached(state) for state in ExecutionState])
def test_an_illegal_transition_is_refused_and_writes_nothing(ledger, source):
    execution, account = reach(ledger, source), ledger.account("argo")

    for target in set(ExecutionState) - TRANSITIONS[source] - {source}:
        with pytest.raises(IllegalTransition):
            settle(ledger, execution, target, release=Release.RESERVATION_AND_SYMBOL)
        with pytest.raises(IllegalTransition):
            ledger.pause(execution, Obstacle.NONE, until=LATER, now=NOW, state=target)

    assert ledger.execution(*execution.key) == execution
    assert ledger.account("argo") == account


@pytest.mark.transaction
def test_what_is_learnt_is_kept_and_none_leaves_a_field_as_it_is(ledger):
    learnt = Settlement(
        reason=RejectionReason.OTHER,
        detail={"entry": "new"},
        order_id="order-1",
        legs=LEGS,
        fills=(ENTRY,),
        realised_profit=Decimal("-0.1"),
    )
    submitted = ledger.settle(reach(ledger, ExecutionState.SUBMITTING), ExecutionState.SUBMITTED, learnt, now=NOW)

    filled = ledger.settle(submitted, ExecutionState.FILLED, Settlement(detail={"exit": "held"}), now=LATER)

    assert filled == ledger.execution(*filled.key)
    assert (filled.order_id, filled.legs, filled.fills) == ("order-1", LEGS, (ENTRY,))
    assert (filled.reason, filled.realised_profit) == ("other", Decimal("-0.1"))
    assert filled.detail == {"entry": "new", "exit": "held"}
    assert submitted.history[-1].detail == {"reason": "other", "order_id": "order-1", "entry": "new"}


def test_a_denial_keeps_its_reason_and_numbers(ledger):
    numbers = {"confidence": "70", "minimum": "75"}

    denied = ledger.settle(
        claim(ledger),
        ExecutionState.DENIED,
        Settlement(reason=DenialReason.CONFIDENCE_BELOW_MINIMUM, detail=numbers),
        now=NOW,
    )

    assert denied == ledger.execution(*denied.key)
    assert (denied.reason, denied.detail) == ("confidence_below_minimum", numbers)


@pytest.mark.transaction
def test_a_history_grows_by_every_transition_in_order(ledger):
    execution = claim(ledger)
    execution = intend(ledger, execution, now=NOW + timedelta(seconds=1))
    for second, state in ((2, "UNKNOWN"), (3, "SUBMITTING"), (4, "SUBMITTED"), (5, "CANCELED")):
        execution = settle(ledger, execution, ExecutionState(state), now=NOW + timedelta(seconds=second))

    history = ledger.execution(*execution.key).history

    states = ["CLAIMED", "SUBMITTING", "UNKNOWN", "SUBMITTING", "SUBMITTED", "CANCELED"]
    assert [(step.state, step.at) for step in history] == [
        (state, NOW + timedelta(seconds=second)) for second, state in enumerate(states)
    ]


@pytest.mark.transaction
def test_sending_again_counts_as_an_attempt(ledger):
    unknown = reach(ledger, ExecutionState.UNKNOWN)

    assert (unknown.attempts, settle(ledger, unknown, ExecutionState.SUBMITTING).attempts) == (1, 2)


@pytest.mark.transaction
def test_a_stale_state_loses_the_lease_and_writes_nothing(ledger):
    submitting = reach(ledger, ExecutionState.SUBMITTING)
    submitted = settle(ledger, submitting, ExecutionState.SUBMITTED)

    with pytest.raises(LostLease):
        settle(ledger, submitting, ExecutionState.REJECTED, release=Release.RESERVATION_AND_SYMBOL)
    with pytest.raises(LostLease):
        ledger.pause(submitting, Obstacle.BROKER_UNREACHABLE, until=LATER, now=NOW)

    assert ledger.execution(*submitting.key) == submitted
    assert reserved(ledger) == (1000, 50)


@pytest.mark.transaction
def test_c19_of_two_who_keep_the_state_the_second_has_not_read_what_the_first_wrote(ledger):
    filled = reach(ledger, ExecutionState.FILLED)
    of_the_first = ledger.settle(filled, ExecutionState.FILLED, Settlement(fills=(ENTRY, STOPPED)), now=NOW)

    with pytest.raises(LostLease):
        ledger.settle(filled, ExecutionState.FILLED, Settlement(fills=(ENTRY,)), now=NOW)
    with pytest.raises(LostLease):
        ledger.record_exit(filled, Exit(why="time", planned_at=NOW), now=NOW)

    assert ledger.execution(*filled.key) == of_the_first
    assert settle(ledger, of_the_first, ExecutionState.FILLED).fills == (ENTRY, STOPPED)


@pytest.mark.transaction
@pytest.mark.parametrize("state", [reached(state) for state in WORKABLE])
def test_c19_a_pause_from_an_older_view_forgets_nothing(ledger, state):
    read = reach(ledger, state)
    paused = ledger.pause(read, Obstacle.OUTCOME_UNKNOWN, until=LATER, now=NOW, missing_since=LATER)

    with pytest.raises(LostLease):
        ledger.pause(read, Obstacle.BROKER_UNREACHABLE, until=LATER, now=NOW)

    assert ledger.execution(*read.key).missing_since == paused.missing_since == LATER


@pytest.mark.transaction
def test_a_stale_epoch_loses_the_lease_and_writes_nothing(ledger):
    stalled = reach(ledger, ExecutionState.SUBMITTING)
    successor = claim(ledger, now=NOW + LEASE)

    with pytest.raises(LostLease):
        settle(ledger, stalled, ExecutionState.SUBMITTED)
    with pytest.raises(LostLease):
        settle(ledger, stalled, ExecutionState.REJECTED, release=Release.RESERVATION_AND_SYMBOL)
    with pytest.raises(LostLease):
        ledger.pause(stalled, Obstacle.BROKER_UNREACHABLE, until=LATER, now=NOW)

    assert ledger.execution(*stalled.key) == successor
    assert reserved(ledger) == (1000, 50)


@pytest.mark.transaction
@pytest.mark.parametrize(
    ("release", "left", "locked"),
    [
        (Release.NOTHING, (1000, 50), True),
        (Release.RESERVATION, (0, 0), True),
        (Release.RESERVATION_AND_SYMBOL, (0, 0), False),
    ],
)
def test_a_release_gives_back_what_it_says(ledger, release, left, locked):
    execution = reach(ledger, ExecutionState.SUBMITTED)
    version = ledger.account("argo").version

    closed = settle(ledger, execution, ExecutionState.CLOSED, release=release)

    assert closed == ledger.execution(*closed.key)
    assert (closed.reserved_notional, closed.reserved_risk) == left == reserved(ledger)
    assert (ledger.account("argo").version > version) == (release is not Release.NOTHING)
    rival = claim(ledger, a_signal(strategy="rival"))
    if locked:
        with pytest.raises(SymbolLocked) as held:
            intend(ledger, rival)
        assert held.value.args == (execution.signal_id,)
    else:
        assert intend(ledger, rival).state is ExecutionState.SUBMITTING


@pytest.mark.transaction
def test_a_release_happens_once_however_often_it_is_asked_for(ledger):
    intend(ledger, claim(ledger, a_signal(symbol="MSFT")), notional="0.7", risk="0.07")
    execution = reach(ledger, ExecutionState.SUBMITTED)

    filled = settle(ledger, execution, ExecutionState.FILLED, release=Release.RESERVATION)
    with pytest.raises(LostLease):
        settle(ledger, execution, ExecutionState.FILLED, release=Release.RESERVATION)
    settle(ledger, filled, ExecutionState.CLOSED, release=Release.RESERVATION_AND_SYMBOL)

    assert reserved(ledger) == (Decimal("0.7"), Decimal("0.07"))


@pytest.mark.transaction
def test_a_release_happens_once_where_the_state_stays(ledger):
    unknown = reach(ledger, ExecutionState.UNKNOWN)
    release = {"until": LATER, "now": NOW, "release": Release.RESERVATION}

    ledger.pause(unknown, Obstacle.BROKER_UNREACHABLE, **release)
    with pytest.raises(LostLease):
        ledger.pause(unknown, Obstacle.BROKER_UNREACHABLE, **release)

    assert reserved(ledger) == (0, 0)


@pytest.mark.transaction
def test_a_symbol_that_is_free_already_does_not_stop_its_release(ledger):
    denied = settle(ledger, claim(ledger), ExecutionState.DENIED, release=Release.RESERVATION_AND_SYMBOL)

    assert denied.state is ExecutionState.DENIED
    assert reserved(ledger) == (0, 0)


@pytest.mark.parametrize("state", [reached(state) for state in WORKABLE])
def test_a_pause_keeps_the_state_and_names_the_next_delivery(ledger, state):
    execution = reach(ledger, ExecutionState(state))

    paused = ledger.pause(execution, Obstacle.BROKER_THROTTLED, until=LATER, now=NOW, detail={"status": "429"})

    assert paused == ledger.execution(*execution.key)
    assert (paused.state, paused.obstacle, paused.lease_until) == (state, "broker_throttled", LATER)
    assert (paused.detail, paused.epoch) == ({"status": "429"}, execution.epoch)
    assert paused.history[-1].detail == {"obstacle": "broker_throttled", "status": "429"}
    early = ledger.claim(a_signal(), "argo", now=LATER - timedelta(microseconds=1), lease=LEASE)
    assert early == Held(LATER)
    following = ledger.claim(a_signal(), "argo", now=LATER, lease=LEASE)
    assert isinstance(following, Claimed)
    assert (following.execution.state, following.execution.obstacle) == (state, "broker_throttled")


def test_a_pause_can_shorten_the_lease(ledger):
    ledger.pause(claim(ledger), Obstacle.BROKER_UNREACHABLE, until=NOW, now=NOW)

    assert isinstance(ledger.claim(a_signal(), "argo", now=NOW, lease=LEASE), Claimed)


@pytest.mark.transaction
def test_b02_a_pause_into_unknown_keeps_order_reservation_and_lock(ledger):
    submitting = reach(ledger, ExecutionState.SUBMITTING)

    unknown = ledger.pause(
        submitting, Obstacle.OUTCOME_UNKNOWN, until=LATER, now=NOW, state=ExecutionState.UNKNOWN
    )

    assert unknown == ledger.execution(*submitting.key)
    assert (unknown.state, unknown.history[-1].state) == (ExecutionState.UNKNOWN, ExecutionState.UNKNOWN)
    assert unknown.order_body == submitting.order_body
    assert reserved(ledger) == (1000, 50)
    with pytest.raises(SymbolLocked):
        intend(ledger, claim(ledger, a_signal(strategy="rival")))


@pytest.mark.transaction
def test_a_withdrawn_intent_gives_all_back_once_and_can_be_made_again(ledger):
    submitting = reach(ledger, ExecutionState.SUBMITTING)
    withdrawal = {
        "until": LATER,
        "now": NOW,
        "state": ExecutionState.CLAIMED,
        "release": Release.RESERVATION_AND_SYMBOL,
    }

    withdrawn = ledger.pause(submitting, Obstacle.BROKER_THROTTLED, **withdrawal)
    with pytest.raises(LostLease):
        ledger.pause(submitting, Obstacle.BROKER_THROTTLED, **withdrawal)

    assert withdrawn == ledger.execution(*submitting.key)
    assert (withdrawn.state, withdrawn.reserved_notional) == (ExecutionState.CLAIMED, 0)
    assert reserved(ledger) == (0, 0)
    assert intend(ledger, claim(ledger, a_signal(strategy="rival"))).state is ExecutionState.SUBMITTING
