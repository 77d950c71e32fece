import pytest

from tests.faults.cell import LEASE_AND_MORE, Cell
from tests.faults.matrix import CRASHES, ROWS
from tests.faults.worker_processes import ACKNOWLEDGED, CRASHED, GIVEN_BACK


@pytest.fixture
def cell(shared_pipeline, worker_processes):
    shared_pipeline.server.faults.clear()
    yield Cell(shared_pipeline, worker_processes)
    shared_pipeline.server.faults.clear()


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_delivery_that_comes_to_its_end(cell, shared_pipeline, row, record_outcome):
    shared_pipeline.server.faults.add(*row.faults)

    cell.deliver(None)
    cell.deliver_until_settled()

    record_outcome(str(row), "no crash", cell.outcome(row))
    assert cell.codes[-1] == ACKNOWLEDGED
    assert not row.taken or cell.orders


@pytest.mark.parametrize("row", ROWS, ids=str)
@pytest.mark.parametrize("crash", CRASHES, ids=str)
def test_a_worker_that_ends_in_the_first_delivery(cell, shared_pipeline, row, crash, record_outcome):
    shared_pipeline.server.faults.add(*row.faults)

    cell.deliver(crash)
    cell.deliver(None)
    cell.deliver_until_settled()

    record_outcome(str(row), f"the first worker ended {crash}", cell.outcome(row))
    assert cell.codes[0] in {ACKNOWLEDGED, GIVEN_BACK, CRASHED}


@pytest.mark.parametrize("row", ROWS, ids=str)
@pytest.mark.parametrize("crash", CRASHES, ids=str)
def test_a_worker_that_ends_in_the_second_delivery(cell, shared_pipeline, row, crash, record_outcome):
    shared_pipeline.server.faults.add(*row.faults)
    cell.deliver(None)
    shared_pipeline.pass_time(LEASE_AND_MORE)

    cell.deliver(crash)
    cell.deliver_until_settled()

    record_outcome(str(row), f"the second worker ended {crash}", cell.outcome(row))


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_two_workers_race_for_one_message(cell, shared_pipeline, row, record_outcome):
    shared_pipeline.server.faults.add(*row.faults)

    cell.deliver(None, None)
    cell.deliver_until_settled()

    record_outcome(str(row), "two workers at once", cell.outcome(row))
    assert set(cell.codes) <= {ACKNOWLEDGED, GIVEN_BACK}
