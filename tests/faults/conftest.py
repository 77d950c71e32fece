from collections import defaultdict

import pytest

from simulation.broker.server import BackgroundServer
from tests.faults.worker_processes import WorkerProcesses
from tests.pipeline.pipeline import Pipeline, a_broker
from worlds.paths import TEMPLATE

OUTCOMES = pytest.StashKey[dict]()


@pytest.fixture(scope="session")
def shared_pipeline(aws):
    """One pipeline for whatever keeps out of the others' way, by an account and a symbol of its own."""
    with BackgroundServer(a_broker()) as background:
        yield Pipeline(aws, aws.create_resources(TEMPLATE, "matrix"), background)


@pytest.fixture(scope="session")
def worker_processes(shared_pipeline):
    made = WorkerProcesses(shared_pipeline.variables("argo"))
    yield made
    made.close()


@pytest.fixture
def record_outcome(request):
    """Keep a cell's outcome for the table at the end of the run."""
    outcomes = request.config.stash.setdefault(OUTCOMES, defaultdict(dict))

    def record(row, column, outcome):
        outcomes[column][row] = outcome

    return record


def pytest_terminal_summary(terminalreporter, config):
    outcomes = config.stash.get(OUTCOMES, {})
    if not outcomes:
        return
    columns = list(outcomes)
    rows = dict.fromkeys(row for by_row in outcomes.values() for row in by_row)
    write = terminalreporter.write_line
    terminalreporter.section("fault matrix: what the broker does with the order, by where the worker ends")
    write(f"{'':36}" + "".join(f"{number:>3}" for number in range(1, len(columns) + 1)))
    for row in rows:
        write(f"{row:36}" + "".join(f"{_sign(outcomes[column].get(row)):>3}" for column in columns))
    write("\n1: one order, its id in the ledger; R: rejected with the broker's reason, nothing reserved any more")
    for number, column in enumerate(columns, start=1):
        write(f"{number:>3} {column}")
    cells = sum(len(by_row) for by_row in outcomes.values())
    write(f"{cells} cells: at most one order each, none lost")


def _sign(outcome):
    return outcome[0] if outcome else "-"
