from datetime import timedelta
from math import ceil

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from simulation.ports.clock import SteppedClock
from tests.unit.generation.bars import MSFT, OPENING
from tests.unit.generation.cycles import invoke, run, seconds
from tests.unit.generation.generator import Generator, a_crossing, rules
from tests.unit.generation.in_memory import SignalStore


@given(st.integers(0, 120), st.integers(1, 60))
@example(840, 1)
def test_cycles_begin_every_interval_as_long_as_the_budget_lasts(budget, interval):
    generator = a_crossing(generation=rules(interval_seconds=interval))

    report = run(generator, budget)

    assert (report.cycles, report.skipped) == (max(1, ceil(budget / interval)), 0)
    assert generator.journal.count("GenerationCycles") == report.cycles


def test_cycles_are_an_interval_apart():
    generator = a_crossing()

    run(generator, 21)

    begun = [request.end - OPENING for request in generator.feed.requests]
    assert begun == [seconds(5 * number) for number in range(5)]


def test_a33_a_late_cycle_is_skipped_and_counted():
    generator = a_crossing()
    generator.feed.takes = [seconds(12)]

    report = run(generator, 30)

    begun = [request.end - OPENING for request in generator.feed.requests]
    assert begun == [seconds(number) for number in (0, 15, 20, 25)]
    assert (report.cycles, report.skipped) == (4, 2)
    assert generator.journal.count("CyclesSkipped") == 2


def test_a33_a_cycle_that_ends_when_the_next_is_due_makes_none_late():
    generator = a_crossing()
    generator.feed.takes = [seconds(5)] * 10

    report = run(generator, 20)

    assert (report.cycles, report.skipped) == (4, 0)


def test_a33_cycles_of_twenty_five_seconds_on_a_cadence_of_five_never_pile_up():
    generator = a_crossing()
    generator.feed.takes = [seconds(24)] * 10

    report = run(generator, 100)

    begun = [request.end - OPENING for request in generator.feed.requests]
    assert begun == [seconds(number) for number in (0, 25, 50, 75)]
    assert (report.cycles, report.skipped) == (4, 16)


@given(st.lists(st.integers(0, 40), max_size=30), st.integers(1, 10), st.integers(1, 120))
def test_a33_no_cycle_begins_before_the_one_before_has_ended_nor_after_the_budget(takes, interval, budget):
    generator = a_crossing(generation=rules(interval_seconds=interval))
    generator.feed.takes = [seconds(number) for number in takes]

    report = run(generator, budget)

    begun = [request.end - OPENING for request in generator.feed.requests]
    ended = [start + seconds(number) for start, number in zip(begun, takes, strict=False)]
    assert all(start % seconds(interval) == timedelta() for start in begun)
    assert all(start < seconds(budget) for start in begun)
    assert all(end <= start for end, start in zip(ended, begun[1:], strict=False))
    assert report.cycles == len(begun)


@pytest.mark.parametrize(("budget", "takes", "skipped"), [(0, 12, 0), (10, 25, 1), (55, 70, 10)])
def test_a33_only_cycles_within_the_budget_are_counted_as_skipped(budget, takes, skipped):
    generator = a_crossing()
    generator.feed.takes = [seconds(takes)]

    report = run(generator, budget)

    assert (report.cycles, report.skipped) == (1, skipped)


@pytest.mark.parametrize(
    ("event", "time_left", "cycles"),
    [
        ({}, 60, 10),
        ({}, 300, 40),
        ({"budget_seconds": 0}, 60, 1),
        ({"budget_seconds": 20}, 60, 4),
        ({"budget_seconds": 20}, 22, 2),
        ({"budget_seconds": 20}, 12, 1),
        ({"budget_seconds": 20}, 3, 1),
    ],
)
def test_the_deadline_bounds_the_cycles_before_the_budget_does(event, time_left, cycles):
    generator = a_crossing()

    report = invoke(generator, event, time_left)

    assert report["cycles"] == cycles


def test_c12_no_request_is_begun_that_the_function_may_not_live_to_end():
    generator = a_crossing()
    generator.feed.held[MSFT] = ()
    generator = Generator(generator.feed, generator.clock)
    invoke(generator, {"shard": {"index": 0, "count": 2}, "budget_seconds": 0})
    generator.feed.requests.clear()
    generator.feed.takes = [seconds(11)]

    report = invoke(generator, {"budget_seconds": 0}, time_left=20)

    assert [request.symbols for request in generator.feed.requests] == [(MSFT,)]
    assert (report["cycles"], report["failed"]) == (1, 1)
    assert "market_data_failed" in generator.journal.events


class SlowToTell(SignalStore):
    def __init__(self, clock):
        super().__init__()
        self.clock = clock

    async def latest_shift(self, shard):
        self.clock.set(self.clock.now() + seconds(50))
        return await super().latest_shift(shard)


def test_c12_a_look_at_the_ledger_that_took_long_leaves_no_time_for_market_data():
    feed, clock = a_crossing().feed, SteppedClock(OPENING)
    generator = Generator(feed, clock, store=SlowToTell(clock))

    report = invoke(generator, time_left=60)

    assert len(feed.requests) == 1
    assert (report["cycles"], report["failed"]) == (2, 1)
