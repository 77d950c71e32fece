"""Generators that relieve each other, minute after minute, on virtual time."""

import asyncio
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo.ports import Unavailable
from generation.cycle import generate
from generation.shift import LONGEST, Shift
from simulation.ports.ledger import InMemoryLedger
from tests.unit.generation.bars import AAPL, OPENING, bars_of
from tests.unit.generation.cycles import seconds
from tests.unit.generation.generator import QUIET, Above, Generator, rules, weighted
from tests.unit.generation.in_memory import Feed
from trials.virtual_time import VirtualClock, VirtualLoop
from worlds.paths import TEMPLATE
from worlds.template import read_template

TIMEOUT = seconds(read_template(TEMPLATE)["Resources"]["GenerateFunction"]["Properties"]["Timeout"])
INTERVAL = seconds(5)
MINUTE = 60


class Minutes:
    """Ticks of consecutive minutes, each fired ``late`` by some seconds, to processes that start ``cold``."""

    def __init__(self, late, *, cold=0.0, shard=None, lost=(), ledger=None):
        self._loop = VirtualLoop()
        self._clock = VirtualClock(self._loop, OPENING)
        self.ledger = ledger or InMemoryLedger(mode="simulated")
        self._event = {"shard": shard} if shard else {}
        self.invocations = []
        self._late, self._cold, self._lost = late, cold, lost
        self._loop.run(self._play())

    async def _play(self):
        await asyncio.gather(
            *(
                self._tick(minute * MINUTE + late)
                for minute, late in enumerate(self._late)
                if minute not in self._lost
            )
        )

    async def _tick(self, second):
        await asyncio.sleep(second + self._cold)
        feed = Feed({AAPL: bars_of(QUIET, end=OPENING)})
        asking = weighted(above=Above(100))
        generator = Generator(feed, self._clock, rules(), asking, store=self.ledger)
        began = self._clock.now()
        await generate(self._event, generator.wiring, time_left=TIMEOUT)
        self.invocations.append((began, self._clock.now(), [request.end for request in feed.requests]))

    @property
    def cycles(self):
        return sorted(cycle for *_, cycles in self.invocations for cycle in cycles)

    def longest_hole(self):
        """Return the longest time without a cycle, until the last tick's generator is at it."""
        last = max(began for began, *_ in self.invocations)
        return max(later - earlier for earlier, later in pairwise(self.cycles) if earlier < last)


def test_c13_a_minute_has_no_hole():
    minutes = Minutes([0, 0, 0, 0])

    assert minutes.longest_hole() <= 2 * INTERVAL


@given(st.lists(st.floats(0, 59), min_size=2, max_size=6), st.floats(0, 15))
def test_c13_no_hole_is_longer_than_two_intervals_wherever_in_its_minute_a_tick_fires(late, cold):
    minutes = Minutes(late, cold=cold)

    assert minutes.longest_hole() <= 2 * INTERVAL


def test_c13_a_lost_tick_leaves_no_hole():
    minutes = Minutes([0, 30, 59], cold=15, lost={1})

    assert minutes.longest_hole() <= 2 * INTERVAL


@given(st.lists(st.floats(0, 59), min_size=2, max_size=6), st.floats(0, 15))
def test_c13_whoever_is_relieved_ends_within_an_interval(late, cold):
    began_last, *others = sorted(Minutes(late, cold=cold).invocations, reverse=True)

    relieved_at = began_last[0]
    for began, ended, _ in others:
        assert ended <= relieved_at + INTERVAL
        relieved_at = began


def test_c13_a_tick_that_comes_twice_makes_one_generators_cycles():
    class Twice(Minutes):
        async def _play(self):
            await asyncio.gather(self._tick(0), self._tick(0.5), self._tick(MINUTE))

    first, second, _ = sorted(Twice([]).invocations)

    assert len(first[2]) == 1
    assert len(second[2]) == MINUTE / INTERVAL.total_seconds()


def test_shards_do_not_relieve_each_other():
    minutes = Minutes([0], shard={"index": 0, "count": 2})

    assert asyncio.run(minutes.ledger.latest_shift("0/2")) == OPENING
    assert asyncio.run(minutes.ledger.latest_shift("1/2")) is None


@pytest.mark.parametrize("budget", [0, 30])
def test_a_budget_of_its_own_relieves_nobody(budget):
    minutes = Minutes([])
    loop = VirtualLoop()
    feed = Feed({AAPL: bars_of(QUIET, end=OPENING)})
    generator = Generator(feed, VirtualClock(loop, OPENING), rules(), store=minutes.ledger)

    loop.run(generate({"budget_seconds": budget}, generator.wiring, time_left=TIMEOUT))

    assert asyncio.run(minutes.ledger.latest_shift("0/1")) is None


def test_metrics_are_written_minute_by_minute(capsys):
    Minutes([20], cold=0.0)

    written = [line for line in capsys.readouterr().out.splitlines() if "GenerationCycles" in line]
    assert len(written) == 3
    assert timedelta(minutes=len(written)) <= TIMEOUT


class Throttled(InMemoryLedger):
    """A ledger that is not available for the first so many calls of a method."""

    def __init__(self, **times):
        super().__init__(mode="simulated")
        self._times = times

    def _refuse(self, name):
        if self._times.get(name, 0) > 0:
            self._times[name] -= 1
            raise Unavailable("throttled")

    async def unpublished(self, *, limit=None):
        self._refuse("unpublished")
        return await super().unpublished(limit=limit)

    async def record_shift(self, shard, began):
        self._refuse("record_shift")
        await super().record_shift(shard, began)

    async def latest_shift(self, shard):
        self._refuse("latest_shift")
        return await super().latest_shift(shard)


@pytest.mark.parametrize("name", ["unpublished", "record_shift", "latest_shift"])
def test_c13_a_ledger_that_throttles_for_two_cycles_ends_no_ones_minute(name):
    minutes = Minutes([0, 0], ledger=Throttled(**{name: 2}))

    assert minutes.longest_hole() <= 2 * INTERVAL
    (first, _) = sorted(minutes.invocations)
    assert first[1] <= OPENING + timedelta(minutes=1) + 3 * INTERVAL


def test_a_generator_whose_last_cycle_had_no_ledger_fails():
    with pytest.raises(Unavailable, match="throttled"):
        Minutes([0], ledger=Throttled(unpublished=1_000))


class Counting(InMemoryLedger):
    def __init__(self):
        super().__init__(mode="simulated")
        self.recorded = []

    async def record_shift(self, shard, began):
        self.recorded.append(began)
        await super().record_shift(shard, began)


def test_c13_a_generator_that_nobody_relieves_makes_cycles_for_200_seconds_and_says_once_that_it_does():
    ledger = Counting()

    ((began, _, cycles),) = Minutes([0], ledger=ledger).invocations

    assert timedelta(seconds=200) == LONGEST
    assert len(cycles) == LONGEST / INTERVAL
    assert ledger.recorded == [began]


class Flushed:
    """Ports of a generator whose clock is set by hand, and which counts what is written."""

    def __init__(self):
        self.ledger, self.now, self.written = InMemoryLedger(mode="simulated"), OPENING, 0
        self.clock = self.telemetry = self

    def flush(self):
        self.written += 1


def test_metrics_are_written_once_in_each_minute_after_the_first():
    ports = Flushed()
    began = OPENING + timedelta(milliseconds=100)
    shift = Shift(ports, "0/1", began)
    written = []

    for later in (0.4, 59, 60, 61, 119.9, 120.5, 121):
        ports.now = lambda later=later: OPENING + timedelta(seconds=later)
        assert asyncio.run(shift.goes_on())
        written.append(ports.written)

    assert written == [0, 0, 1, 1, 1, 2, 2]
