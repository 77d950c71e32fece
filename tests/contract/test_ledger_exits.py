"""An exit's record, written step by step by whoever may."""

import pytest

from argo.domain.execution import ExecutionState, Exit
from argo.domain.ledger import LostLease
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
