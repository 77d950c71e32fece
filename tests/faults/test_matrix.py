import pytest

from tests.deep import sampled
from tests.faults.cell import LEASE_AND_MORE, Cell
from tests.faults.matrix import OWN_WAY, PORTS, ROWS, SAME_WAY, crashes_in
from tests.faults.worker_processes import ACKNOWLEDGED, CRASHED, GIVEN_BACK


@pytest.fixture
def cell(shared_pipeline, worker_processes):
    shared_pipeline.server.faults.clear()
    yield Cell(shared_pipeline, worker_processes)
    shared_pipeline.server.faults.clear()


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_delivery_that_comes_to_its_end(cell, shared_pipeline, row, record_outcome):
    shared_pipeline.server.faults.add(*row.faults)

    cell.deliver_until_settled()

    record_outcome(str(row), "no crash", cell.outcome(row))
    assert cell.codes[-1] == ACKNOWLEDGED
    assert not row.taken or cell.orders
    made = [tuple(method for port, method in calls if PORTS.get(method) == port) for calls in cell.calls]
    assert tuple(made) == row.effects


def test_a_row_that_is_left_out_goes_the_way_of_another():
    left_out = {(row.effects, row.taken) for row in ROWS if row.says in SAME_WAY}

    assert left_out <= {(row.effects, row.taken) for row in OWN_WAY}


@pytest.mark.parametrize(("row", "crash"), sampled(crashes_in(0), every=4), ids=str)
def test_a_worker_that_ends_in_the_first_delivery(cell, shared_pipeline, row, crash, record_outcome):
    shared_pipeline.server.faults.add(*row.faults)

    cell.deliver(crash)
    assert cell.codes == [CRASHED]
    cell.deliver_here()
    cell.deliver_until_settled()

    record_outcome(str(row), f"the first worker ended {crash}", cell.outcome(row))


@pytest.mark.parametrize(("row", "crash"), sampled(crashes_in(1), every=4), ids=str)
def test_a_worker_that_ends_in_the_second_delivery(cell, shared_pipeline, row, crash, record_outcome):
    shared_pipeline.server.faults.add(*row.faults)
    cell.deliver_here()
    shared_pipeline.pass_time(LEASE_AND_MORE)
    cell.resume()

    cell.deliver(crash)
    assert cell.codes == [GIVEN_BACK, CRASHED]
    cell.deliver_until_settled()

    record_outcome(str(row), f"the second worker ended {crash}", cell.outcome(row))


@pytest.mark.parametrize("row", OWN_WAY, ids=str)
def test_two_workers_race_for_one_message(cell, shared_pipeline, row, record_outcome):
    shared_pipeline.server.faults.add(*row.faults)

    cell.deliver(None, None)
    cell.deliver_until_settled()

    record_outcome(str(row), "two workers at once", cell.outcome(row))
    assert set(cell.codes) <= {ACKNOWLEDGED, GIVEN_BACK}
