"""An account with 200 open executions: each run within its share of the rate limit, and nothing starves."""

from itertools import batched, islice, product
from string import ascii_uppercase

import pytest

from argo.domain.execution import ExecutionState
from reconciliation.run import REQUESTS_A_RUN
from tests.pipeline.market_day import Day
from tests.pipeline.pipeline import PRICE
from tests.unit.builders import a_signal

MANY = 200
CHANGED = 20
SYMBOLS = ["M" + "".join(letters) for letters in islice(product(ascii_uppercase, repeat=2), MANY)]


@pytest.fixture
def many(pipeline):
    """200 positions, each entered a moment ago and with live legs; the reconciler has seen none of them."""
    pipeline.profiles["argo"] = pipeline.small_profile()
    day = Day(pipeline)
    for symbol in SYMBOLS:
        pipeline.set_price(symbol, PRICE)
    for symbols in batched(SYMBOLS, 10, strict=True):
        fresh = [_signal(pipeline, symbol) for symbol in symbols]
        day.signals += fresh
        pipeline.publish(*fresh)
        pipeline.poll()
    assert len(day.books.positions) == MANY
    return day


def _signal(pipeline, symbol):
    return a_signal(symbol=symbol, created_at=pipeline.clock.now())


def requests_of(day):
    """Return what the broker itself counted of a run."""
    before = sum(day.pipeline.server.requests.values())
    report = day.minute()
    return report, sum(day.pipeline.server.requests.values()) - before


@pytest.mark.deep
def test_200_open_executions_are_seen_within_60_requests_a_run_and_none_starves(many):
    counted, looked_at = [], []
    for _ in range(5):
        report, requests = requests_of(many)
        counted.append(requests)
        looked_at.append(report.looked_at)
    figures = f"requests by run {counted}, looked at {looked_at}"
    assert {execution.state for execution in many.ours} == {ExecutionState.FILLED}, figures
    assert max(counted) <= REQUESTS_A_RUN, figures

    _, quiet = requests_of(many)
    for symbol in SYMBOLS[-CHANGED:]:
        many.price(110, symbol)
    report, changed = requests_of(many)

    figures = f"{MANY} open: {quiet} requests when nothing has changed, {changed} when {CHANGED} have; {figures}"
    assert (quiet, changed) <= (10, REQUESTS_A_RUN), figures
    assert report.left_for_next == 0, figures
    assert report.moved[ExecutionState.CLOSED] == CHANGED, figures
    many.check_books()
