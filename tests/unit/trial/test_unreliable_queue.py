import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from trials.faults import Fault, FaultDraws
from trials.unreliable_queue import UnreliableQueue
from trials.virtual_time import Stuck, VirtualClock, VirtualLoop

VISIBILITY = timedelta(seconds=30)


class Scene:
    """A queue on virtual time, and somebody who polls it as a long poll does."""

    def __init__(self):
        self.loop = VirtualLoop()
        draws = FaultDraws(0, without=Fault)
        clock = VirtualClock(self.loop, datetime(2026, 3, 2, 12, tzinfo=UTC))
        self.queue = UnreliableQueue(
            clock, visibility=VISIBILITY, max_receives=5, draws=draws, chance=draws.chance("queue")
        )

    async def received(self, polls=10):
        """Poll until something comes; returns it with its second and the number of polls."""
        for number in range(1, polls + 1):
            if found := await self.queue.receive():
                return [each.body for each in found], self.loop.time(), number
            await self.queue.until_visible()
        raise AssertionError(f"nothing came in {polls} polls")


@pytest.fixture
def scene():
    return Scene()


def test_a_poll_waits_for_the_next_message(scene):
    async def work():
        poll = scene.loop.create_task(scene.received())
        await asyncio.sleep(7)
        await scene.queue.send_body("late")
        return await poll

    assert scene.loop.run(work()) == (["late"], 7, 2)


def test_a_poll_waits_until_a_hidden_message_is_visible_again(scene):
    async def work():
        await scene.queue.send_body("again")
        await scene.queue.receive()
        return await scene.received()

    assert scene.loop.run(work()) == (["again"], VISIBILITY.total_seconds(), 2)


def test_a_message_that_is_put_off_for_less_than_its_visibility_comes_sooner(scene):
    async def work():
        await scene.queue.send_body("again")
        (hidden,) = await scene.queue.receive()
        poll = scene.loop.create_task(scene.received())
        await asyncio.sleep(1)
        await scene.queue.defer(hidden.receipt_handle, timedelta(seconds=4))
        return await poll

    bodies, second, _ = scene.loop.run(work())
    assert (bodies, second) == (["again"], 5)


def test_every_poll_that_waits_hears_of_a_message(scene):
    async def work():
        polls = [scene.loop.create_task(scene.received()) for _ in range(2)]
        await asyncio.sleep(1)
        await scene.queue.send_body("first")
        await asyncio.sleep(1)
        await scene.queue.send_body("second")
        return [bodies for bodies, _, _ in await asyncio.gather(*polls)]

    assert sorted(scene.loop.run(work())) == [["first"], ["second"]]


def test_a_poll_of_an_empty_queue_that_nobody_fills_waits_for_ever(scene):
    with pytest.raises(Stuck):
        scene.loop.run(scene.received())
