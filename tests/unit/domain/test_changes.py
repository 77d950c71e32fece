from datetime import timedelta

from argo.domain.changes import exit_recorded, paused
from argo.domain.execution import ExecutionState, Exit
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


def test_an_exit_is_recorded_on_the_record_as_it_was_read_and_a_pause_whatever_was_added_since():
    known = an_execution(state=ExecutionState.UNKNOWN)

    assert exit_recorded(known, Exit(why="time", planned_at=NOW), now=NOW).of_same_state
    assert not paused(known, Obstacle.BROKER_UNREACHABLE, until=LATER, now=NOW).of_same_state
