import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from trials.faults import FaultDraws
from trials.virtual_time import Stuck, VirtualClock, VirtualLoop

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def loop():
    return VirtualLoop()


async def after(seconds, seen, name):
    await asyncio.sleep(seconds)
    seen.append(name)


def test_what_is_due_later_runs_later_and_no_second_is_waited_for(loop):
    seen = []

    async def work():
        await asyncio.gather(after(7200, seen, "late"), after(1, seen, "soon"), after(3600, seen, "then"))

    loop.run(work())

    assert seen == ["soon", "then", "late"]
    assert loop.time() == 7200


def test_callbacks_of_one_moment_run_in_the_order_they_were_asked_for(loop):
    seen = []

    async def work():
        for number in range(5):
            loop.call_soon(seen.append, number)
        await asyncio.sleep(0)

    loop.run(work())

    assert seen == [0, 1, 2, 3, 4]


def test_timers_of_one_moment_run_in_the_order_they_were_set(loop):
    seen = []

    async def work():
        await asyncio.gather(*(after(1, seen, number) for number in range(5)))

    loop.run(work())

    assert seen == [0, 1, 2, 3, 4]


def test_a_timer_that_is_cancelled_never_runs(loop):
    seen = []

    async def work():
        timer = loop.call_later(1, seen.append, "cancelled")
        soon = loop.call_soon(seen.append, "cancelled")
        timer.cancel()
        soon.cancel()
        await loop.sleep(2)

    loop.run(work())

    assert (seen, loop.time()) == ([], 2)


def test_whoever_is_cancelled_while_asleep_is_not_woken(loop):
    async def work():
        asleep = loop.create_task(after(5, [], "cancelled"))
        await loop.sleep(1)
        asleep.cancel()
        await loop.sleep(9)
        return asleep.cancelled()

    assert loop.run(work())


def test_a_tie_is_broken_by_the_seed_and_by_the_same_seed_in_the_same_way():
    def order(seed):
        seen = []

        async def work():
            await asyncio.gather(*(after(1, seen, number) for number in range(8)))

        VirtualLoop(FaultDraws(seed).chance("ties").random).run(work())
        return seen

    assert order(1) == order(1)
    assert order(1) != order(2)
    assert sorted(order(1)) == list(range(8))


def test_a_cancelled_timer_does_not_run_and_moves_no_time(loop):
    seen = []

    async def work():
        loop.call_later(50, seen.append, "cancelled").cancel()
        await asyncio.sleep(1)

    loop.run(work())

    assert (seen, loop.time()) == ([], 1)


def test_a_task_is_cancelled_where_it_waits(loop):
    async def work():
        task = loop.create_task(asyncio.sleep(100))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    loop.run(work())

    assert loop.time() == 1


def test_a_timeout_is_virtual(loop):
    async def work():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30):
                await asyncio.sleep(1000)

    loop.run(work())

    assert loop.time() == 30


def test_a_task_group_cancels_the_others_when_one_fails(loop):
    seen = []

    async def fails():
        await asyncio.sleep(1)
        raise ValueError("first")

    async def both():
        async with asyncio.TaskGroup() as group:
            group.create_task(fails())
            group.create_task(after(2, seen, "other"))

    with pytest.raises(ExceptionGroup):
        loop.run(both())

    assert (seen, loop.time()) == ([], 1)


def test_a_lock_lets_one_in_after_the_other(loop):
    seen = []
    lock = asyncio.Lock()

    async def enter(name):
        async with lock:
            await after(1, seen, name)

    async def work():
        await asyncio.gather(enter("a"), enter("b"))

    loop.run(work())

    assert (seen, loop.time()) == (["a", "b"], 2)


def test_a_semaphore_bounds_how_many_are_under_way(loop):
    bound = asyncio.Semaphore(2)

    async def enter():
        async with bound:
            await asyncio.sleep(1)

    async def work():
        await asyncio.gather(*(enter() for _ in range(6)))

    loop.run(work())

    assert loop.time() == 3


def test_the_result_and_the_error_of_what_is_run_are_its_own(loop):
    async def gives():
        return 7

    async def fails():
        raise KeyError("seven")

    assert loop.run(gives()) == 7
    with pytest.raises(KeyError, match="seven"):
        loop.run(fails())


def test_who_waits_for_what_nobody_brings_about_is_stuck(loop):
    async def work():
        await asyncio.sleep(3)
        await loop.create_future()

    with pytest.raises(Stuck, match=r"nothing is due any more at 3\.000 s"):
        loop.run(work())


def test_an_error_that_nobody_would_see_ends_the_run(loop):
    def fails():
        raise ZeroDivisionError("unseen")

    async def work():
        loop.call_later(1, fails)
        await asyncio.sleep(10)

    with pytest.raises(ZeroDivisionError, match="unseen"):
        loop.run(work())


def test_the_loop_is_the_running_one_only_while_it_runs(loop):
    async def work():
        return asyncio.get_running_loop() is loop and loop.is_running()

    assert loop.run(work())
    assert not loop.is_running()


def test_a_socket_is_asked_for_in_vain(loop):
    with pytest.raises(NotImplementedError):
        loop.add_reader(0, print)


def test_a_clock_shows_the_loops_time_and_its_own_skew(loop):
    true, off = VirtualClock(loop, NOON), VirtualClock(loop, NOON, skew=timedelta(seconds=2))

    async def work():
        await off.sleep_until(NOON + timedelta(seconds=10))
        return true.now(), off.now()

    assert loop.run(work()) == (NOON + timedelta(seconds=8), NOON + timedelta(seconds=10))


def test_a_time_that_has_passed_is_not_waited_for(loop):
    clock = VirtualClock(loop, NOON)

    loop.run(clock.sleep_until(NOON - timedelta(hours=1)))

    assert loop.time() == 0
