import asyncio
from datetime import timedelta

from argo.closing import plan_exit
from argo.domain.execution import ExecutionState, Exit
from simulation.ports.clock import SteppedClock
from tests.unit.builders import NOW, an_execution
from tests.unit.exchange import Book

LATER = NOW + timedelta(minutes=1)


def planned(book, **overrides):
    held = an_execution(**{"state": ExecutionState.FILLED, "order_id": "entry"} | overrides)
    return asyncio.run(plan_exit(book, SteppedClock(LATER), held, "operator: flatten"))


def test_an_exit_is_planned_with_its_reason_and_its_time():
    book = Book()

    execution = planned(book)

    assert execution.exit == Exit(why="operator: flatten", planned_at=LATER)
    assert book.plans == [execution.exit]


def test_a12_an_exit_that_is_on_its_way_is_not_planned_anew():
    begun = Exit(why="target reached", planned_at=NOW, sent_at=NOW, attempt=1, order_id="exit-1")
    book = Book()

    execution = planned(book, exit=begun)

    assert (execution.exit, book.plans) == (begun, [])
