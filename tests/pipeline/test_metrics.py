"""Every metric of the executor where it is written: each number of a batch, and no other."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from argo.domain.metrics import Metric
from argo.ports import GivenPorts
from argo.ports.interposed import InterposedBroker
from execution.batch import execute_batch
from simulation.broker.server import Fault
from tests.emf import measured
from tests.pipeline.pipeline import against, signals
from tests.unit.builders import a_signal

FUNNEL = {Metric.SIGNALS_RECEIVED: [0], Metric.SIGNALS_DENIED: [0], Metric.ORDERS_SUBMITTED: [0]}
"""Written with every batch, whatever was in it."""

ONE_RECEIVED = {Metric.SIGNALS_RECEIVED: [1]}
TIMES = {Metric.BROKER_CALL, Metric.SIGNAL_TO_ORDER}
A_REQUEST = timedelta(milliseconds=250)


@pytest.fixture
def executed(pipeline, capsys):
    """Call with signals: the metrics of the batch that executes what waits in the queue."""

    def execute(*batch, event=None):
        if batch:
            pipeline.publish(*batch)
        execute.event = event or pipeline.events(count=1)[0]
        wiring = pipeline.executor()
        ports = GivenPorts.like(wiring.ports, broker=InterposedBroker(wiring.ports.broker, taking_time))
        batch_done = execute_batch(execute.event, replace(wiring, ports=ports), seconds_left=lambda: 30.0)
        asyncio.run(batch_done)
        return measured(ports.telemetry, capsys)

    async def taking_time(name, method, /, *args, **kwargs):
        try:
            return await method(*args, **kwargs)
        finally:
            if name == "submit":
                pipeline.clock.set(pipeline.clock.now() + A_REQUEST)

    return execute


def counts(found):
    return {name: values for name, values in found.items() if name not in TIMES}


def answered(status, body, **more):
    return Fault(method="POST", path="/v2/orders", status=status, body=body, **more)


def test_a_batch_counts_what_it_received_denied_and_ordered_and_a_second_delivery_is_a_duplicate(executed):
    *good, weak = signals(3)
    weak = a_signal(symbol=weak.symbol, confidence=Decimal(70))

    first, again = executed(*good, weak), executed(event=executed.event)

    assert counts(first) == {
        Metric.SIGNALS_RECEIVED: [3],
        Metric.SIGNALS_DENIED: [1],
        Metric.ORDERS_SUBMITTED: [2],
    }
    assert again == FUNNEL | {Metric.DUPLICATE_DELIVERIES: [3]}


def test_an_order_is_timed_from_its_signal_and_its_request_alone(pipeline, executed):
    pipeline.pass_time(timedelta(seconds=7.5))

    found = executed(a_signal())

    assert found == FUNNEL | ONE_RECEIVED | {
        Metric.ORDERS_SUBMITTED: [1],
        Metric.BROKER_CALL: [250],
        Metric.SIGNAL_TO_ORDER: [7_750],
    }


def test_a_position_that_a_signal_closes_is_an_order_that_is_timed_too(pipeline, executed):
    held = a_signal()
    pipeline.hold(held)

    found = executed(against(held))

    assert found == FUNNEL | ONE_RECEIVED | {Metric.ORDERS_SUBMITTED: [1], Metric.SIGNAL_TO_ORDER: [250]}


@pytest.mark.parametrize(
    ("fault", "written"),
    [
        (answered(403, {"code": 40310000, "message": "no"}), {Metric.ORDERS_REJECTED: [1]}),
        (answered(429, {"message": "too many requests."}), {Metric.RETRIES: [1]}),
        (answered(401, {"message": "unauthorized."}), {Metric.RETRIES: [1]}),
        (answered(504, "<html>"), {Metric.AMBIGUOUS_SUBMISSIONS: [1], Metric.RETRIES: [1]}),
        (answered(504, "<html>", after=True), {Metric.AMBIGUOUS_SUBMISSIONS: [1], Metric.ORDERS_SUBMITTED: [1]}),
        (answered(422, {"code": 40010001, "message": "client_order_id must be unique"}), {Metric.RETRIES: [1]}),
    ],
    ids=["rejected", "throttled", "refused key", "lost", "taken and not told", "another under its id"],
)
def test_an_answer_to_an_order_is_counted_as_what_it_is(pipeline, executed, fault, written):
    pipeline.server.faults.add(fault)

    found = executed(a_signal())

    assert counts(found) == FUNNEL | ONE_RECEIVED | written
    assert found[Metric.BROKER_CALL] == [250]
    assert (Metric.SIGNAL_TO_ORDER in found) is (Metric.ORDERS_SUBMITTED in written)


def test_a_signal_that_was_received_before_is_not_received_again(pipeline, executed):
    pipeline.server.faults.add(answered(429, {"message": "too many requests."}))
    executed(a_signal())
    pipeline.pass_time(timedelta(seconds=15))

    found = executed(event=executed.event)

    assert counts(found) == FUNNEL | {Metric.ORDERS_SUBMITTED: [1]}


def test_signals_that_are_too_old_are_counted(pipeline, executed):
    batch = signals(2)
    pipeline.pass_time(timedelta(minutes=6))

    found = executed(*batch)

    assert found == FUNNEL | {Metric.SIGNALS_RECEIVED: [2], Metric.SIGNALS_EXPIRED: [2]}


def test_messages_that_no_retry_can_mend_are_counted(pipeline, executed):
    for body in ("poison", "{}"):
        pipeline.send_raw(body)

    assert executed() == FUNNEL | {Metric.MESSAGES_QUARANTINED: [2]}
