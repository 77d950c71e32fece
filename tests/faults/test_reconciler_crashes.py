"""Reconcilers that end anywhere in a run: the next run comes to the same end, and repairs nothing twice."""

import pytest

from tests.deep import sampled
from tests.faults.positions import Both, ByHand, Late, Part, Target, Trailing
from tests.faults.worker_processes import CRASHED, Crash, Reconciliation

LEFT = [
    ("ledger", "record_exit"),
    ("broker", "cancel"),
    ("broker", "cancel"),
    ("ledger", "record_exit"),
    ("broker", "submit"),
    ("ledger", "record_exit"),
]
EFFECTS = {
    Target: [("ledger", "observe"), ("ledger", "settle")],
    Part: [
        ("ledger", "observe"),
        ("ledger", "settle"),
        ("ledger", "record_protection"),
        ("ledger", "record_protection"),
        ("broker", "submit"),
        ("ledger", "record_protection"),
    ],
    Late: [("ledger", "observe"), *LEFT, ("ledger", "settle")],
    Both: [
        ("ledger", "observe"),
        ("ledger", "settle"),
        ("ledger", "record_exit"),
        ("ledger", "record_exit"),
        ("broker", "submit"),
        ("ledger", "record_exit"),
    ],
    ByHand: [
        ("ledger", "observe"),
        ("broker", "cancel"),
        ("broker", "cancel"),
        ("ledger", "settle"),
        ("ledger", "settle"),
    ],
    Trailing: [("ledger", "observe"), ("broker", "replace"), ("ledger", "record_protection")],
}
"""What the run does that sees it, in order: `test_these_are_all_its_writes` holds the list to the code."""


def _crashes():
    for what, effects in EFFECTS.items():
        for index, (port, method) in enumerate(effects):
            nth = effects[: index + 1].count((port, method))
            yield pytest.param(
                what, Crash(port, method, "after", nth), id=f"{what.__name__}: after {method} {nth}"
            )


@pytest.mark.parametrize("what", EFFECTS, ids=lambda what: what.__name__)
def test_these_are_all_its_writes(shared_pipeline, worker_processes, what):
    position = what(shared_pipeline, worker_processes)

    written = position.reconcile()

    assert written == EFFECTS[what]
    position.until_the_end()
    position.check()


@pytest.mark.parametrize(("what", "crash"), sampled(_crashes(), every=5))
def test_a_reconciler_that_ends_in_a_run_is_followed_by_one_that_comes_to_the_same_end(
    shared_pipeline, worker_processes, what, crash
):
    position = what(shared_pipeline, worker_processes)

    assert position.run(crash) == CRASHED
    position.until_the_end()

    position.check()


@pytest.mark.parametrize("what", sampled(EFFECTS, every=3), ids=lambda what: what.__name__)
def test_two_reconcilers_at_once_repair_once(shared_pipeline, worker_processes, what):
    position = what(shared_pipeline, worker_processes)
    work = Reconciliation(
        environment=shared_pipeline.variables("argo", executor=position.executor),
        profile=position.profile,
        now=shared_pipeline.clock.now(),
    )

    assert worker_processes.run(work, work) == [0, 0]
    position.until_the_end()

    position.check()
