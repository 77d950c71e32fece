"""Every AWS call of every function meets everything that AWS really answers: the outcome is as without."""

from datetime import timedelta
from typing import NamedTuple

import botocore.endpoint
import pytest

from argo.ports.interposed import InterposedLedger, InterposedQueue
from tests.deep import deeply, sampled
from tests.faults.aws_deliveries import Delivery
from tests.faults.aws_matrix import PLACES, cells
from tests.faults.aws_places import UnkindAws

LATEST = timedelta(seconds=10)
"""How much later an order may be, for all that AWS calls retryable."""


class Without(NamedTuple):
    """What becomes of a place where AWS is kind."""

    place: object
    outcome: object
    calls: dict


@pytest.fixture(scope="session")
def aws_sessions(shared_pipeline):
    return UnkindAws(shared_pipeline)


@pytest.fixture
def unkind(aws_sessions, shared_pipeline, monkeypatch):
    def sleep(seconds):
        shared_pipeline.pass_time(timedelta(seconds=seconds))

    # Botocore's own waits pass on the pipeline's clock, so that an order's delay has them.
    monkeypatch.setattr(botocore.endpoint.time, "sleep", sleep)
    shared_pipeline.server.faults.clear()
    yield aws_sessions
    aws_sessions.begin()
    shared_pipeline.server.faults.clear()


@pytest.fixture(scope="session")
def as_without(aws_sessions, shared_pipeline):
    found = {}

    def of(kind):
        if kind not in found:
            place = kind(shared_pipeline, aws_sessions)
            aws_sessions.begin()
            place.work()
            calls = aws_sessions.calls
            found[kind] = Without(place, place.outcome(), calls)
        return found[kind]

    return of


@pytest.fixture
def place(unkind, shared_pipeline, as_without, kind):
    as_without(kind)  # First: a place begins by emptying the broker's account of all of them.
    return kind(shared_pipeline, unkind)


@pytest.mark.usefixtures("unkind")
@pytest.mark.parametrize("kind", PLACES, ids=lambda kind: kind.__name__)
def test_every_call_is_in_the_matrix(as_without, kind):
    assert as_without(kind).calls == PLACES[kind]


@pytest.mark.usefixtures("unkind")
def test_every_method_of_the_ledger_and_of_the_queues_is_in_the_matrix(as_without):
    asked = set().union(*(as_without(kind).place.asked for kind in PLACES))

    for port in (InterposedLedger, InterposedQueue):
        assert {name for name in vars(port) if not name.startswith("_")} <= asked


def tried():
    """Return the cells: of each call one trouble in turn is a candidate, of which some are always tried."""
    found = [
        (pytest.param(kind, strike, id=f"{kind.__name__}-{strike}"), first) for kind, strike, first in cells()
    ]
    always = sampled([cell for cell, first in found if first], every=6)
    return always + [deeply(cell) for cell, first in found if not first]


@pytest.mark.parametrize(("kind", "strike"), tried())
def test_c02_whatever_aws_answers_the_outcome_is_as_without(unkind, as_without, place, strike, record_cell):
    without = as_without(type(place))
    unkind.begin(strike)

    place.work()

    assert unkind.struck > 0
    unkind.begin()
    assert place.outcome() == without.outcome
    assert place.counted == without.place.counted
    assert place.tally.surprises == []
    if isinstance(place, Delivery):
        assert place.took - without.place.took <= LATEST
    record_cell(type(place).__name__, strike)
