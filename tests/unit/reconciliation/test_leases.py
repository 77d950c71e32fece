"""While a worker's lease runs, what it works on is its own: the reconciler asks and ends nothing, and tells it."""

import asyncio
from datetime import timedelta

import pytest

from argo.domain.execution import ExecutionState
from reconciliation.run import reconcile
from tests.unit.builders import NOW, a_broker_order, an_execution
from tests.unit.reconciliation.in_memory import Book, Exchange, a_wiring

LEASE_OVER = NOW + timedelta(seconds=90)
EXPIRED = {"expires_at": NOW + timedelta(seconds=60)}
SENT = {"client_order_id": "argo-argo-1-entry", "attempts": 1}


def looked_at(execution, *, now):
    """Run once; returns the execution and the ids that the broker was asked for."""
    book, exchange = Book(), Exchange()
    book.add(execution)
    exchange.add(a_broker_order(order_id="entry", client_order_id=SENT["client_order_id"]))
    asyncio.run(reconcile(a_wiring(book, exchange, now=now)))
    return book.executions[execution.signal_id], exchange.asked("look_up")


@pytest.mark.parametrize("state", [ExecutionState.SUBMITTING, ExecutionState.UNKNOWN])
def test_an_order_of_unknown_outcome_is_looked_up_once_its_workers_lease_is_over(state):
    execution = an_execution(state=state, **SENT)

    early, asked_early = looked_at(execution, now=LEASE_OVER - timedelta(seconds=1))
    late, asked_late = looked_at(execution, now=LEASE_OVER)

    assert (early.state, asked_early) == (state, [])
    assert (late.state, asked_late) == (ExecutionState.SUBMITTED, ["look_up argo-argo-1-entry"])


def test_a_claim_whose_signal_has_expired_ends_once_its_workers_lease_is_over():
    execution = an_execution(state=ExecutionState.CLAIMED, **EXPIRED)

    early, _ = looked_at(execution, now=LEASE_OVER - timedelta(seconds=1))
    late, _ = looked_at(execution, now=LEASE_OVER)

    assert (early.state, late.state) == (ExecutionState.CLAIMED, ExecutionState.EXPIRED)


def test_what_waits_for_its_worker_stays_in_sight_however_old_its_signal_is():
    days_ago = an_execution(state=ExecutionState.CLAIMED, created_at=NOW - timedelta(days=3))
    book = Book()
    book.add(days_ago)

    report = asyncio.run(reconcile(a_wiring(book, Exchange())))

    assert [each.signal_id for each in report.conserved.unresolved] == [days_ago.signal_id]
