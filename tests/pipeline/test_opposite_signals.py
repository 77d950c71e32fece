"""Two signals against one position at the same time: one exit, whatever they meet at."""

import asyncio
import contextlib
from dataclasses import replace

import pytest

from argo.domain.execution import ExecutionState
from argo.ports import GivenPorts
from execution.batch import execute_batch
from simulation.broker.server import Fault
from tests.interposing import INTERPOSED
from tests.pipeline.exits import exit_order
from tests.pipeline.pipeline import MINUTE, OPENS, against
from tests.unit.builders import a_signal


def test_two_opposite_signals_in_one_batch_place_one_exit(pipeline):
    held = a_signal()
    pipeline.hold(held)
    one, other = against(held), against(held, bar_time=held.bar_time - MINUTE)
    pipeline.publish(one, other)

    pipeline.poll()
    pipeline.deliver_again(*pipeline.invocations[-1])
    pipeline.reconcile()

    ended = {pipeline.execution(signal).state for signal in (one, other)}
    assert ended <= {ExecutionState.CLOSED, ExecutionState.DENIED}
    assert ExecutionState.CLOSED in ended
    assert exit_order(pipeline, held).quantity == pipeline.broker_orders()[0].quantity
    assert pipeline.held("AAPL") == 0
    assert pipeline.execution(held).state is ExecutionState.CLOSED


def test_two_opposite_signals_in_one_batch_flip_once(pipeline):
    pipeline.configured("argo", flip=True)
    held = a_signal()
    pipeline.hold(held)
    one, other = against(held), against(held, bar_time=held.bar_time - MINUTE)
    pipeline.publish(one, other)

    pipeline.poll()
    pipeline.deliver_again(*pipeline.invocations[-1])

    outcomes = sorted((str(found.state), found.reason or "") for found in map(pipeline.execution, (one, other)))
    assert outcomes == [("DENIED", "already_positioned"), ("SUBMITTED", "")]
    flips = [order for order in pipeline.broker_orders() if order.client_order_id.endswith("-flip")]
    assert pipeline.held("AAPL") == -sum(order.quantity for order in flips)
    assert len(flips) == 1


def test_a_signal_against_a_position_is_denied_while_the_exchange_is_closed_and_leaves_it_guarded(pipeline):
    held = a_signal()
    pipeline.hold(held)
    opposite = against(held)
    pipeline.set_time(OPENS, is_open=False)
    pipeline.publish(opposite)

    pipeline.poll()

    denied = pipeline.execution(opposite)
    assert (denied.state, denied.reason) == (ExecutionState.DENIED, "market_closed")
    assert pipeline.execution(held).exit is None
    (order,) = pipeline.broker_orders()
    assert all(leg.is_open for leg in order.legs)


LEGS_STAY = Fault(method="DELETE", path="/v2/orders/*", status=204, times=2)
"""The broker has taken the request to cancel and not done it yet: the exit waits."""


def test_a_position_that_another_exit_has_closed_meanwhile_was_not_closed_by_the_signal(day):
    held = day.hold()
    opposite = against(held)
    day.flatten()
    day.pipeline.server.faults.add(LEGS_STAY)
    day.pipeline.publish(opposite)
    day.pipeline.poll()
    waiting = day.pipeline.execution(opposite)

    day.minute(2)
    day.pipeline.deliver_again(*day.pipeline.invocations[-1])

    assert (waiting.state, waiting.obstacle) == (ExecutionState.CLAIMED, "awaiting_exit")
    assert day.execution(held).state is ExecutionState.CLOSED
    assert day.order(held, "exit").filled_quantity > 0
    denied = day.pipeline.execution(opposite)
    assert (denied.state, denied.reason, denied.order_id) == (ExecutionState.DENIED, "nothing_held", None)
    assert denied.detail["held_by"] == held.signal_id


def test_a_position_that_its_target_has_closed_before_the_signals_exit_was_sent_was_not_closed_by_it(day):
    held = day.hold()
    opposite = against(held)
    day.pipeline.server.faults.add(LEGS_STAY)
    day.pipeline.publish(opposite)
    day.pipeline.poll()
    planned = day.execution(held).exit

    day.price(111)
    day.minute()
    day.pipeline.deliver_again(*day.pipeline.invocations[-1])

    assert (planned.why, planned.order_id) == (f"signal {opposite.signal_id}", None)
    assert [fill.leg for fill in day.execution(held).fills] == ["entry", "take_profit"]
    denied = day.pipeline.execution(opposite)
    assert (denied.state, denied.reason, denied.order_id) == (ExecutionState.DENIED, "nothing_held", None)


class Meeting:
    """At one of a port's methods two workers wait for each other, once."""

    def __init__(self, method, barrier):
        self._method = method
        self._barrier = barrier

    async def __call__(self, name, method, /, *args, **kwargs):
        if name == self._method:
            self._method = None
            with contextlib.suppress(TimeoutError, asyncio.BrokenBarrierError):
                async with asyncio.timeout(1):
                    await self._barrier.wait()
        return await method(*args, **kwargs)


def meeting_at(ports, port, meeting):
    return GivenPorts.like(ports, **{port: INTERPOSED[port](getattr(ports, port), meeting)})


@pytest.mark.parametrize(
    ("place", "flip"),
    [
        (("ledger", "record_exit"), False),
        (("ledger", "record_exit"), True),
        (("broker", "cancel"), False),
        (("broker", "submit"), False),
        (("broker", "submit"), True),
        (("ledger", "settle"), False),
    ],
    ids=lambda given: given[1] if isinstance(given, tuple) else "with flip" if given else "without flip",
)
def test_two_opposite_signals_that_meet_anywhere_place_one_exit(pipeline, place, flip):
    pipeline.configured("argo", flip=flip)
    held = a_signal()
    pipeline.hold(held)
    pair = [against(held), against(held, bar_time=held.bar_time - MINUTE)]
    events = [pipeline.event_of(signal) for signal in pair]
    port, method = place

    async def at_once():
        barrier = asyncio.Barrier(2)
        wirings = [pipeline.executor() for _ in pair]
        met = [replace(each, ports=meeting_at(each.ports, port, Meeting(method, barrier))) for each in wirings]
        work = [
            execute_batch(event, wiring, seconds_left=lambda: 30.0)
            for event, wiring in zip(events, met, strict=True)
        ]
        return await asyncio.gather(*work)

    for event, answer in zip(events, asyncio.run(at_once()), strict=True):
        pipeline.deliver_again(event, answer)
    pipeline.reconcile()

    outcomes = sorted((str(found.state), found.reason or "") for found in map(pipeline.execution, pair))
    flips = [order for order in pipeline.broker_orders() if order.client_order_id.endswith("-flip")]
    assert exit_order(pipeline, held).filled_quantity == pipeline.broker_orders()[0].quantity
    assert pipeline.held("AAPL") == -sum(order.quantity for order in flips)
    assert pipeline.execution(held).state is ExecutionState.CLOSED
    if flip:
        assert len(flips) == 1
        assert outcomes == [("DENIED", "already_positioned"), ("FILLED", "")]
    else:
        assert flips == []
        assert outcomes in ([("CLOSED", ""), ("CLOSED", "")], [("CLOSED", ""), ("DENIED", "nothing_held")])
