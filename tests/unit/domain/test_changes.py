from datetime import timedelta

from argo.domain.changes import exit_recorded, holds_claim, landed, paused, settled, taken_over
from argo.domain.execution import ExecutionState, Exit
from argo.domain.ledger import Settlement
from argo.domain.reasons import Obstacle
from tests.unit.builders import NOW, an_execution

LATER = NOW + timedelta(seconds=10)


def test_a_pause_changes_nothing_that_it_is_not_told():
    known = an_execution(
        state=ExecutionState.UNKNOWN, missing_since=NOW, closes="b" * 24, detail={"answer": "timeout"}
    )

    left = paused(known, Obstacle.BROKER_UNREACHABLE, until=LATER, now=NOW).applied_to(known)

    assert (left.state, left.missing_since, left.closes) == (known.state, known.missing_since, known.closes)
    assert left.detail == known.detail
    assert (left.obstacle, left.lease_until) == (Obstacle.BROKER_UNREACHABLE, LATER)


def test_c19_whatever_keeps_the_state_holds_for_the_record_as_it_was_read():
    known = an_execution(state=ExecutionState.UNKNOWN)

    assert exit_recorded(known, Exit(why="time", planned_at=NOW), now=NOW).of_same_state
    assert paused(known, Obstacle.BROKER_UNREACHABLE, until=LATER, now=NOW).of_same_state
    assert settled(known, ExecutionState.UNKNOWN, Settlement(), now=NOW).of_same_state
    assert not settled(known, ExecutionState.SUBMITTED, Settlement(), now=NOW).of_same_state


def test_c04_a_write_is_found_on_the_record_by_its_step_whoever_has_gone_on_since():
    known = an_execution(state=ExecutionState.SUBMITTING)
    change = settled(known, ExecutionState.SUBMITTED, Settlement(order_id="order-1"), now=NOW)
    submitted = change.applied_to(known)
    filled = settled(submitted, ExecutionState.FILLED, Settlement(), now=LATER).applied_to(submitted)
    another = settled(known, ExecutionState.SUBMITTED, Settlement(order_id="order-2"), now=NOW)

    assert [landed(found, change) for found in (None, known, submitted, filled)] == [False, False, True, True]
    assert not landed(another.applied_to(known), change)


def test_c04_a_claim_is_its_own_by_holder_and_lease():
    mine = an_execution(state=ExecutionState.CLAIMED)
    later = taken_over(mine, now=LATER, lease_until=LATER + timedelta(seconds=45))

    assert holds_claim(mine, mine)
    assert not holds_claim(later, mine)
    assert not holds_claim(None, mine)
