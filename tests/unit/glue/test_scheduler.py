import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo.domain.values import iso
from generation.cycle import Tick
from simulation.ports.clock import SteppedClock
from simulation.ports.scheduler import Schedule, next_minute
from tests.unit.builders import BAR_TIME
from tests.unit.strategies import times

MINUTE = timedelta(minutes=1)


class Slow:
    """A function that takes so many seconds of virtual time, call by call, and then fails or not."""

    def __init__(self, clock, *seconds, fault=None):
        self.clock = clock
        self.seconds = list(seconds)
        self.fault = fault
        self.events = []
        self.begun = []
        self.ended = []

    async def __call__(self, event):
        self.events.append(event)
        self.begun.append(self.clock.now())
        self.clock.set(self.clock.now() + timedelta(seconds=self.seconds.pop(0) if self.seconds else 0))
        self.ended.append(self.clock.now())
        if self.fault is not None:
            raise self.fault


def run(function, minutes, offset=0.0):
    """Run a schedule for so many minutes from ``offset`` seconds past the minute; return its errors."""
    errors = []
    clock = function.clock
    clock.set(BAR_TIME + timedelta(seconds=offset))
    asyncio.run(Schedule(clock, function, errors.append).run(until=BAR_TIME + minutes * MINUTE))
    return errors


def minutes_of(function):
    return [(begun - BAR_TIME) / MINUTE for begun in function.begun]


@pytest.fixture
def clock():
    return SteppedClock(BAR_TIME)


@pytest.mark.parametrize("offset", [0, 0.5, 30, 59.999])
def test_a_function_is_invoked_at_every_full_minute(clock, offset):
    function = Slow(clock)

    run(function, 5, offset)

    assert minutes_of(function) == [1, 2, 3, 4]


def test_an_event_says_which_tick_it_is(clock):
    function = Slow(clock)

    run(function, 3)

    assert function.events == [{"scheduled_time": iso(BAR_TIME + number * MINUTE)} for number in (1, 2)]
    assert [Tick.model_validate(event).shard.count for event in function.events] == [1, 1]


def test_an_error_does_not_stop_the_schedule(clock):
    fault = RuntimeError("out of memory")
    function = Slow(clock, fault=fault)

    errors = run(function, 4)

    assert minutes_of(function) == [1, 2, 3]
    assert errors == [fault] * 3


def test_a33_a_slow_function_skips_the_ticks_it_overlaps(clock):
    function = Slow(clock, 0, 150, 0)

    run(function, 7)

    assert minutes_of(function) == [1, 2, 5, 6]


@given(st.lists(st.integers(0, 400), max_size=12))
def test_a33_invocations_never_overlap_and_begin_on_the_minute(seconds):
    function = Slow(SteppedClock(BAR_TIME), *seconds)

    run(function, 20)

    assert all(minute % 1 == 0 for minute in minutes_of(function))
    assert all(end <= begin for end, begin in zip(function.ended, function.begun[1:], strict=False))


def test_nothing_is_invoked_at_the_end_itself(clock):
    function = Slow(clock)

    run(function, 1)

    assert function.events == []


@given(times)
def test_the_next_minute_is_full_and_less_than_a_minute_away(now):
    found = next_minute(now)

    assert (found.second, found.microsecond) == (0, 0)
    assert timedelta() < found - now <= MINUTE
