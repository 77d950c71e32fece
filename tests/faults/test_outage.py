"""An outage on virtual time: the executor and the ledger are real, the queue keeps the template's own numbers."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from argo.domain.execution import ExecutionState
from argo.ports import GivenPorts
from execution.batch import execute_batch
from simulation.broker.server import Fault
from simulation.ports.event_source import EventSourceMapping
from simulation.ports.queue import InMemoryQueue
from tests.pipeline.pipeline import Pipeline, signals
from tests.unit.builders import NOW, a_signal
from worlds.paths import TEMPLATE
from worlds.template import read_template

SENT = 4
ALWAYS = 1_000_000
NOTHING_ANSWERS = Fault(drop=True, times=ALWAYS)
ORDERS_FAIL = Fault(method="POST", path="/v2/orders", status=503, body="<html>unavailable</html>", times=ALWAYS)
LOOK_UPS_FAIL = Fault(path="/v2/orders:*", status=503, body="<html>unavailable</html>", times=ALWAYS)
ORDERS_FAIL_BUT_ARE_TAKEN = Fault(method="POST", path="/v2/orders", after=True, status=504, times=ALWAYS)
REFUSED_KEYS = Fault(status=401, body={"message": "unauthorized."}, times=ALWAYS)


class Outage:
    """Sends signals while the broker is out of order, and lets time pass from delivery to delivery."""

    def __init__(self, pipeline: Pipeline):
        small = Decimal(2)
        pipeline.configured("argo", base_size_percent=small, size_cap_percent=small)
        queue = read_template(TEMPLATE)["Resources"]["ArgoQueue"]["Properties"]
        self.pipeline = pipeline
        self.queue = InMemoryQueue(
            pipeline.clock,
            visibility=timedelta(seconds=queue["VisibilityTimeout"]),
            max_receives=queue["RedrivePolicy"]["maxReceiveCount"],
        )
        wiring = pipeline.executor()
        self._wiring = replace(wiring, ports=GivenPorts.like(wiring.ports, queue=self.queue))

    def send(self, *sent):
        async def put():
            for signal in sent:
                await self.pipeline.ledger.put_signal(signal, executors={"argo"})
            await self.queue.send(sent)

        asyncio.run(put())

    def go_on(self, until=None):
        """Deliver what becomes visible, up to a time or until the queue is empty."""

        async def invoke(event):
            return await execute_batch(event, self._wiring, seconds_left=lambda: 30.0)

        def fail(error):
            raise error

        mapping = EventSourceMapping(self.queue, invoke, on_error=fail)
        while (due := self.queue.next_visible_at()) is not None and (until is None or due <= until):
            self.pipeline.pass_time(max(due - self.pipeline.clock.now(), timedelta()))
            asyncio.run(mapping.poll())
        if until is not None:
            self.pipeline.pass_time(until - self.pipeline.clock.now())


@pytest.fixture
def outage(pipeline):
    return Outage(pipeline)


def outcomes(pipeline, sent):
    return {(found.state, found.reason) for found in map(pipeline.execution, sent)}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(NOTHING_ANSWERS, "broker_unreachable"), (REFUSED_KEYS, "broker_unauthorised")],
    ids=["nothing answers", "keys are refused"],
)
def test_an_outage_longer_than_a_signals_life_ends_in_expiry_with_its_reason(outage, pipeline, fault, reason):
    sent = signals(SENT)
    pipeline.server.faults.add(fault)

    outage.send(*sent)
    outage.go_on()

    assert outcomes(pipeline, sent) == {(ExecutionState.EXPIRED, reason)}
    assert outage.queue.dead_letters == []
    assert pipeline.broker_orders() == []
    assert pipeline.account().reserved_notional == 0


@pytest.mark.parametrize("fault", [ORDERS_FAIL, ORDERS_FAIL_BUT_ARE_TAKEN], ids=["not taken", "taken"])
def test_orders_of_unknown_fate_are_settled_by_the_reconciler_when_the_broker_is_back(outage, pipeline, fault):
    sent = signals(SENT)
    pipeline.server.faults.add(fault, LOOK_UPS_FAIL)

    outage.send(*sent)
    outage.go_on()
    pipeline.server.faults.clear()
    for _ in range(3):
        pipeline.pass_time(timedelta(minutes=1))
        pipeline.reconcile()

    taken = fault is ORDERS_FAIL_BUT_ARE_TAKEN
    found = [pipeline.execution(signal) for signal in sent]
    assert len(pipeline.broker_orders()) == (SENT if taken else 0)
    assert {execution.state.has_order for execution in found} == {taken}
    assert taken or {reason for _, reason in outcomes(pipeline, sent)} <= {"broker_unreachable", "outcome_unknown"}
    assert outage.queue.dead_letters == []


@pytest.mark.parametrize(
    "faults",
    [[NOTHING_ANSWERS], [ORDERS_FAIL, LOOK_UPS_FAIL], [ORDERS_FAIL_BUT_ARE_TAKEN]],
    ids=["nothing", "orders fail", "taken"],
)
def test_after_an_outage_of_a_minute_every_signal_is_executed_once(outage, pipeline, faults):
    sent = signals(SENT)
    pipeline.server.faults.add(*faults)

    outage.send(*sent)
    outage.go_on(until=pipeline.clock.now() + timedelta(minutes=1))
    pipeline.server.faults.clear()
    outage.go_on()

    assert {state for state, _ in outcomes(pipeline, sent)} == {ExecutionState.SUBMITTED}
    assert len(pipeline.broker_orders()) == SENT
    assert len(outage.queue) == 0
    assert outage.queue.dead_letters == []


@pytest.mark.parametrize("hours", [2, 24])
def test_c11_a_signal_outlives_no_count_of_deliveries_however_long_it_lives(outage, pipeline, hours):
    signal = a_signal(expires_at=NOW + timedelta(hours=hours))
    pipeline.server.faults.add(NOTHING_ANSWERS)

    outage.send(signal)
    outage.go_on(until=signal.expires_at + timedelta(minutes=10))

    assert outcomes(pipeline, [signal]) == {(ExecutionState.EXPIRED, "broker_unreachable")}
    assert outage.queue.dead_letters == []
    assert len(outage.queue) == 0


def test_c11_after_two_hours_of_outage_an_order_is_half_an_hour_late_at_most(outage, pipeline):
    signal = a_signal(expires_at=NOW + timedelta(hours=24))
    pipeline.server.faults.add(NOTHING_ANSWERS)

    outage.send(signal)
    outage.go_on(until=NOW + timedelta(hours=2))
    pipeline.server.faults.clear()
    outage.go_on(until=NOW + timedelta(hours=2, minutes=31))

    assert outcomes(pipeline, [signal]) == {(ExecutionState.SUBMITTED, None)}


def test_a_worker_that_always_fails_leaves_a_typed_reason(outage, pipeline):
    signal = a_signal()
    outage.send(signal)
    outage._wiring = replace(outage._wiring, profile=None)

    outage.go_on()

    assert outcomes(pipeline, [signal]) == {(ExecutionState.EXPIRED, "worker_lost")}
    assert outage.queue.dead_letters == []
