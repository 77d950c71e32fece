from collections import Counter, defaultdict

import pytest

from simulation.broker.server import BackgroundServer
from tests.aws_wire import Trouble
from tests.faults.worker_processes import WorkerProcesses
from tests.pipeline.pipeline import Pipeline, a_broker
from worlds.paths import TEMPLATE

OUTCOMES = pytest.StashKey[dict]()
CELLS = pytest.StashKey[dict]()


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


@pytest.fixture
def record_cell(request):
    """Keep that a function has borne a trouble of AWS's, for the second table."""
    cells = request.config.stash.setdefault(CELLS, {})

    def record(function, strike):
        cells.setdefault(function, {}).setdefault(strike.operation, Counter())[strike.trouble] += 1

    return record


def pytest_terminal_summary(terminalreporter, config):
    if outcomes := config.stash.get(OUTCOMES, {}):
        terminalreporter.section("fault matrix: what the broker does with the order, by where the worker ends")
        _write_outcomes(terminalreporter.write_line, outcomes)
    if cells := config.stash.get(CELLS, {}):
        terminalreporter.section("fault matrix: what AWS answers, by every call of every function")
        _write_cells(terminalreporter.write_line, cells)


def _write_outcomes(write, outcomes):
    columns = list(outcomes)
    rows = dict.fromkeys(row for by_row in outcomes.values() for row in by_row)
    write(f"{'':36}" + "".join(f"{number:>3}" for number in range(1, len(columns) + 1)))
    for row in rows:
        write(f"{row:36}" + "".join(f"{_sign(outcomes[column].get(row)):>3}" for column in columns))
    write("\n1: one order, its id in the ledger; R: rejected with the broker's reason, nothing reserved any more")
    for number, column in enumerate(columns, start=1):
        write(f"{number:>3} {column}")
    cells = sum(len(by_row) for by_row in outcomes.values())
    write(f"{cells} cells: at most one order each, none lost")


def _write_cells(write, cells):
    write(f"{'':16}{'':24}" + "".join(f"{number:>4}" for number in range(1, len(Trouble) + 1)))
    for function, operations in cells.items():
        for first, (operation, met) in enumerate(operations.items()):
            signs = (f"{met[trouble] or _unmet(trouble, operation):>4}" for trouble in Trouble)
            write(f"{'' if first else function:16}{operation:24}" + "".join(signs))
    write(
        "\nhow many calls met it, one at a time, each with the outcome, the counts and the orders as without it;"
    )
    write("-: it cannot meet it in a way of its own; .: not tried now: `make test-faults` tries every cell")
    for number, trouble in enumerate(Trouble, start=1):
        write(f"{number:>3} {trouble.value}")
    tried = sum(met.total() for operations in cells.values() for met in operations.values())
    write(f"{tried} cells: no order more than ten seconds later, no halt, nothing uncounted")


def _unmet(trouble, operation):
    return "." if trouble.can_meet(operation) else "-"


def _sign(outcome):
    return outcome[0] if outcome else "-"
