"""Two signals against one position at the same time: one exit, whatever they meet at."""

import asyncio
import contextlib
from dataclasses import replace

import pytest

from argo.domain.execution import ExecutionState
from execution.batch import execute_batch
from tests.pipeline.exits import exit_order
from tests.pipeline.stage import MINUTE, against
from tests.unit.builders import a_signal


def test_two_opposite_signals_in_one_batch_place_one_exit(stage):
    held = a_signal()
    stage.hold(held)
    one, other = against(held), against(held, bar_time=held.bar_time - MINUTE)
    stage.publish(one, other)

    stage.poll()
    stage.deliver_again(*stage.invocations[-1])
    stage.reconcile()

    ended = {stage.execution(signal).state for signal in (one, other)}
    assert ended <= {ExecutionState.CLOSED, ExecutionState.DENIED}
    assert ExecutionState.CLOSED in ended
    assert exit_order(stage, held).quantity == stage.broker_orders()[0].quantity
    assert stage.held("AAPL") == 0
    assert stage.execution(held).state is ExecutionState.CLOSED


def test_two_opposite_signals_in_one_batch_flip_once(stage):
    stage.configured("argo", flip=True)
    held = a_signal()
    stage.hold(held)
    one, other = against(held), against(held, bar_time=held.bar_time - MINUTE)
    stage.publish(one, other)

    stage.poll()
    stage.deliver_again(*stage.invocations[-1])

    outcomes = sorted((str(found.state), found.reason or "") for found in map(stage.execution, (one, other)))
    assert outcomes == [("DENIED", "already_positioned"), ("SUBMITTED", "")]
    flips = [order for order in stage.broker_orders() if order.client_order_id.endswith("-flip")]
    assert stage.held("AAPL") == -sum(order.quantity for order in flips)
    assert len(flips) == 1


class Meeting:
    """A port at one of whose methods two workers wait for each other, once."""

    def __init__(self, inner, method, barrier):
        self._inner = inner
        self._method = method
        self._barrier = barrier

    def __getattr__(self, name):
        method = getattr(self._inner, name)
        if name != self._method:
            return method

        async def together(*args, **kwargs):
            self._method = None
            with contextlib.suppress(TimeoutError, asyncio.BrokenBarrierError):
                async with asyncio.timeout(1):
                    await self._barrier.wait()
            return await method(*args, **kwargs)

        return together


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
def test_two_opposite_signals_that_meet_anywhere_place_one_exit(stage, place, flip):
    stage.configured("argo", flip=flip)
    held = a_signal()
    stage.hold(held)
    pair = [against(held), against(held, bar_time=held.bar_time - MINUTE)]
    events = [stage.event_of(signal) for signal in pair]
    port, method = place

    async def at_once():
        barrier = asyncio.Barrier(2)
        wirings = [stage.executor() for _ in pair]
        met = [replace(each, **{port: Meeting(getattr(each, port), method, barrier)}) for each in wirings]
        work = [
            execute_batch(event, wiring, seconds_left=lambda: 30.0)
            for event, wiring in zip(events, met, strict=True)
        ]
        return await asyncio.gather(*work)

    for event, answer in zip(events, asyncio.run(at_once()), strict=True):
        stage.deliver_again(event, answer)
    stage.reconcile()

    outcomes = sorted((str(found.state), found.reason or "") for found in map(stage.execution, pair))
    flips = [order for order in stage.broker_orders() if order.client_order_id.endswith("-flip")]
    assert exit_order(stage, held).filled_quantity == stage.broker_orders()[0].quantity
    assert stage.held("AAPL") == -sum(order.quantity for order in flips)
    assert stage.execution(held).state is ExecutionState.CLOSED
    if flip:
        assert len(flips) == 1
        assert outcomes == [("DENIED", "already_positioned"), ("FILLED", "")]
    else:
        assert flips == []
        assert outcomes in ([("CLOSED", ""), ("CLOSED", "")], [("CLOSED", ""), ("DENIED", "nothing_held")])
