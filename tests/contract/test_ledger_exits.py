"""An exit's record and a guard's, written step by step by whoever may."""

import pytest

from argo.domain.execution import ExecutionState
from argo.domain.ledger import LostLease
from argo.domain.placements import Cover, Exit, Protection
from tests.contract.workers import LEASE, SECOND, claim, reach, settle
from tests.unit.builders import NOW


@pytest.mark.transaction
def test_a12_an_exit_is_recorded_step_by_step_and_the_state_stays(ledger):
    filled = reach(ledger, ExecutionState.FILLED)
    steps = [
        Exit(why="an operator", planned_at=NOW),
        Exit(why="an operator", planned_at=NOW, order_body={"qty": "12"}),
        Exit(why="an operator", planned_at=NOW, order_body={"qty": "12"}, order_id="exit-1"),
    ]

    execution = filled
    for step in steps:
        execution = ledger.record_exit(execution, step, now=NOW + SECOND)

    assert execution == ledger.execution(*filled.key)
    assert (execution.state, execution.exit) == (ExecutionState.FILLED, steps[-1])
    assert ledger.open_executions("argo", limit=10) == [execution]
    assert execution.history[-1].detail == {"exit": "an operator", "exit_order_id": "exit-1"}


@pytest.mark.transaction
def test_an_exit_of_an_execution_that_moved_is_not_recorded(ledger):
    submitted = reach(ledger, ExecutionState.SUBMITTED)
    filled = settle(ledger, submitted, ExecutionState.FILLED)

    with pytest.raises(LostLease):
        ledger.record_exit(submitted, Exit(why="an operator", planned_at=NOW), now=NOW)

    assert ledger.execution(*filled.key) == filled


@pytest.mark.transaction
def test_an_exit_of_a_worker_that_was_taken_over_is_not_recorded(ledger):
    stalled = reach(ledger, ExecutionState.SUBMITTING)
    successor = claim(ledger, now=NOW + LEASE)

    with pytest.raises(LostLease):
        ledger.record_exit(stalled, Exit(why="an operator", planned_at=NOW), now=NOW + LEASE)

    assert ledger.execution(*successor.key) == successor


AN_EXIT, A_GUARD = Exit(why="an operator", planned_at=NOW), Protection(cover=Cover.NONE, naked_since=NOW)


@pytest.mark.transaction
@pytest.mark.parametrize("second", [AN_EXIT, A_GUARD], ids=["exit", "guard"])
@pytest.mark.parametrize("first", [AN_EXIT, A_GUARD], ids=["exit", "guard"])
def test_b10_of_two_who_read_a_position_at_once_only_the_first_records_its_exit_or_guard(ledger, first, second):
    as_both_read_it = reach(ledger, ExecutionState.FILLED)
    recorded = record(ledger, as_both_read_it, first)

    with pytest.raises(LostLease):
        record(ledger, as_both_read_it, another_attempt(second))

    assert ledger.execution(*as_both_read_it.key) == recorded
    assert (recorded.exit or recorded.protection) == first


@pytest.mark.transaction
@pytest.mark.parametrize("placed", [AN_EXIT, A_GUARD], ids=["exit", "guard"])
def test_whoever_reads_again_records_the_next_attempt(ledger, placed):
    first = record(ledger, reach(ledger, ExecutionState.FILLED), placed)

    again = record(ledger, ledger.execution(*first.key), another_attempt(placed))

    assert again == ledger.execution(*first.key)
    assert (again.exit or again.protection) == another_attempt(placed)


def record(ledger, execution, placed):
    write = ledger.record_exit if isinstance(placed, Exit) else ledger.record_protection
    return write(execution, placed, now=NOW + SECOND)


def another_attempt(placed):
    """What is sent for it has another client order id: the broker would take both."""
    return placed.model_copy(update={"attempt": placed.attempt + 1})
