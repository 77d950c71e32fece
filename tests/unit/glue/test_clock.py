import asyncio
from datetime import timedelta

import pytest

from argo.adapters.clock import SystemClock
from simulation.ports.clock import SteppedClock
from tests.unit.builders import NOW


def test_time_stands_until_it_is_set():
    clock = SteppedClock(NOW)

    before = clock.now(), clock.now()
    clock.set(NOW - timedelta(hours=1))

    assert (*before, clock.now()) == (NOW, NOW, NOW - timedelta(hours=1))


@pytest.mark.parametrize(("seconds", "moved"), [(90, 90), (0, 0), (-90, 0)])
def test_sleeping_moves_to_a_time_ahead_and_never_back(seconds, moved):
    clock = SteppedClock(NOW)

    asyncio.run(clock.sleep_until(NOW + timedelta(seconds=seconds)))

    assert clock.now() == NOW + timedelta(seconds=moved)


def test_the_systems_clock_is_aware_and_in_utc():
    clock = SystemClock()

    now = clock.now()

    assert now.utcoffset() == timedelta()


def test_the_systems_clock_does_not_wait_for_what_is_past():
    clock = SystemClock()
    before = clock.now()

    asyncio.run(clock.sleep_until(before - timedelta(hours=1)))

    assert clock.now() - before < timedelta(seconds=5)
