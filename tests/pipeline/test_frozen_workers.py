"""A worker that Lambda has frozen between two invocations: whatever idled is reset with its next packet."""

import asyncio
from contextlib import ExitStack
from datetime import timedelta

import pytest

from argo.adapters import idling
from argo.domain.execution import ExecutionState
from argo.environment import Environment
from execution.batch import execute_batch
from execution.wiring import from_environment
from reconciliation import wiring as reconciliation_wiring
from reconciliation.run import reconcile
from tests.freezing import FreezingProxy
from tests.pipeline.pipeline import signals

FROZEN = timedelta(minutes=5)


class Frozen:
    """A worker whose every connection goes through a proxy that forgets."""

    def __init__(self, pipeline, kept):
        self.pipeline = pipeline
        self.aws = kept.enter_context(FreezingProxy(pipeline._aws.url))
        self.broker = kept.enter_context(FreezingProxy(pipeline.background.url))
        variables = pipeline.variables("argo") | {
            "AWS_ENDPOINT_URL": self.aws.url,
            "APCA_API_BASE_URL": self.broker.url,
            "APCA_API_DATA_URL": self.broker.url,
        }
        self.environment = Environment(variables)
        self.wiring = from_environment(
            self.environment, pipeline.clock, profile=pipeline.profiles["argo"], log_to=pipeline.logs
        )

    def freeze(self):
        self.aws.freeze()
        self.broker.freeze()
        self.pipeline.pass_time(FROZEN)

    def deliver(self, *batch):
        """Deliver signals in one invocation, and return what comes back."""
        event = {"Records": [record for each in batch for record in self.pipeline.event_of(each)["Records"]]}
        answer = asyncio.run(execute_batch(event, self.wiring, seconds_left=lambda: 30.0))
        return answer["batchItemFailures"]

    def reconcile(self):
        wiring = reconciliation_wiring.from_environment(
            self.environment,
            self.pipeline.clock,
            profile=self.pipeline.profiles["argo"],
            log_to=self.pipeline.logs,
        )
        asyncio.run(reconcile(wiring))

    @property
    def resets(self):
        return self.aws.reset + self.broker.reset


@pytest.fixture
def frozen(pipeline, monkeypatch):
    # The test's own waits are milliseconds, and AWS's requests go by the machine's clock.
    monkeypatch.setattr(idling, "LONGEST", timedelta())
    with ExitStack() as kept:
        yield Frozen(pipeline, kept)


@pytest.mark.parametrize("size", [1, 4])
def test_c10_a_frozen_worker_places_its_next_orders_with_one_delivery(frozen, size):
    warm, *rest = signals(1 + size, expires_at=frozen.pipeline.clock.now() + 4 * FROZEN)
    assert frozen.deliver(warm) == []
    began = frozen.pipeline.clock.now() + FROZEN

    frozen.freeze()

    assert frozen.deliver(*rest) == []
    found = [frozen.pipeline.execution(each) for each in rest]
    assert {each.state for each in found} == {ExecutionState.SUBMITTED}
    assert {each.attempts for each in found} == {1}
    assert frozen.pipeline.clock.now() == began  # Nothing was waited for.
    assert frozen.resets == 0


def test_c10_six_rounds_of_freezing_cost_no_delivery(frozen):
    for each in signals(6, expires_at=frozen.pipeline.clock.now() + 8 * FROZEN):
        assert frozen.deliver(each) == []
        frozen.freeze()

    assert frozen.resets == 0


def test_c10_a_reconciler_that_was_frozen_sees_what_became_of_its_orders(frozen):
    (signal,) = signals(1, expires_at=frozen.pipeline.clock.now() + 4 * FROZEN)
    frozen.deliver(signal)
    frozen.freeze()

    frozen.reconcile()

    assert frozen.pipeline.execution(signal).state is ExecutionState.FILLED
    assert frozen.resets == 0
