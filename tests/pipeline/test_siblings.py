"""What became of one signal of a batch is known when the next one is decided on."""

import asyncio

import pytest

from argo.domain.execution import ExecutionState
from execution.flow import Flow
from simulation.broker.server import Fault
from tests.pipeline.losses import DEEP, HELD
from tests.pipeline.pipeline import signals
from tests.pipeline.trades import fresh

REFUSED = {"code": 40310000, "message": "not today"}


def handle(pipeline, *batch):
    """Handle signals of one batch, one after the other, and return how each stands."""
    flow = Flow(pipeline.executor())

    async def one_after_the_other():
        for signal in batch:
            await flow.handle(signal, 1)

    pipeline.store(*batch)
    asyncio.run(one_after_the_other())
    return [(str(found.state), found.reason or found.obstacle) for found in map(pipeline.execution, batch)]


@pytest.mark.parametrize(
    ("status", "body", "first", "second"),
    [
        (403, REFUSED, ("REJECTED", "other"), ("SUBMITTED", None)),
        (429, {"message": "too many requests."}, ("CLAIMED", "broker_throttled"), ("SUBMITTED", None)),
        (401, {"message": "unauthorized."}, ("CLAIMED", "broker_unauthorised"), ("DENIED", "halted")),
    ],
    ids=["rejected", "throttled", "credentials refused"],
)
def test_what_a_signal_that_got_no_order_had_reserved_is_the_next_ones(pipeline, status, body, first, second):
    pipeline.configured("argo", position_limit=1)
    pipeline.server.faults.add(Fault(method="POST", path="/v2/orders", status=status, body=body))

    assert handle(pipeline, *signals(2)) == [first, second]


def test_a_signal_after_one_that_found_a_limit_used_up_finds_the_account_halted(invested):
    invested.configured("argo", daily_loss_limit_percent=1)
    for symbol in HELD:
        invested.set_price(symbol, DEEP)

    outcomes = handle(invested, fresh(invested, "SPY"), fresh(invested, "MSFT"))

    assert outcomes == [(ExecutionState.DENIED, "daily_loss_limit"), (ExecutionState.DENIED, "halted")]
