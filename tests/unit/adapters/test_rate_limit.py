"""The account's request budget: no more than Alpaca's limit in any minute, and what its headers say on top."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo.adapters.alpaca.rate_limit import RequestBudget
from argo.domain.faults import Throttled
from simulation.ports.clock import SteppedClock
from tests.unit.builders import NOW

LIMIT, BURST = 200, 100
A_REFILL, A_MINUTE, AN_INSTANT = timedelta(seconds=0.6), timedelta(minutes=1), timedelta(microseconds=1)


@pytest.fixture
def clock():
    return SteppedClock(NOW)


def told(remaining, reset):
    return {"X-RateLimit-Remaining": str(remaining), "X-RateLimit-Reset": str(int(reset.timestamp()))}


def taken(budget):
    """Take until there is none left; returns how many there were, and when there is one again."""
    for count in range(10 * LIMIT):
        try:
            budget.take()
        except Throttled as throttled:
            return count, throttled.until
    raise AssertionError("it never ends")


def test_half_a_minutes_requests_may_go_at_once_and_the_next_when_it_is_refilled(clock):
    budget = RequestBudget(clock)

    count, until = taken(budget)
    clock.set(until - AN_INSTANT)
    too_early = taken(budget)
    clock.set(until)
    again = taken(budget)

    assert (count, until) == (BURST, NOW + A_REFILL)
    assert (too_early[0], again[0]) == (0, 1)


@given(st.lists(st.integers(0, 60_000), min_size=1, max_size=12))
def test_no_minute_has_more_requests_than_the_broker_allows(pauses):
    clock, sent = SteppedClock(NOW), []
    budget = RequestBudget(clock)
    for pause in pauses:
        clock.set(clock.now() + timedelta(milliseconds=pause))
        sent += [clock.now()] * taken(budget)[0]

    assert all(sum(start <= at < start + A_MINUTE for at in sent) <= LIMIT for start in set(sent))
    assert len(sent) >= BURST


@pytest.mark.parametrize(
    ("remaining", "reset", "free_at"),
    [
        (0, NOW + A_MINUTE / 2, NOW + A_MINUTE / 2),
        (0, NOW + A_MINUTE, NOW + A_MINUTE),
        (0, NOW + 10 * A_MINUTE, NOW + A_MINUTE),
        (1, NOW + A_MINUTE / 2, NOW),
        (0, NOW, NOW),
    ],
    ids=["used up", "for a minute", "an absurd reset", "one left", "reset already"],
)
def test_what_the_headers_say_holds_until_the_reset_and_no_longer_than_a_minute(clock, remaining, reset, free_at):
    budget = RequestBudget(clock)
    budget.observe(told(remaining, reset))

    if free_at > NOW:
        with pytest.raises(Throttled) as throttled:
            budget.take()
        assert throttled.value.until == free_at
        clock.set(free_at - AN_INSTANT)
        with pytest.raises(Throttled):
            budget.take()
    clock.set(free_at)
    assert taken(budget)[0] == BURST


@pytest.mark.parametrize(
    "headers",
    [{}, {"X-RateLimit-Remaining": "none"}, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9" * 30}],
    ids=["none", "no number", "no time"],
)
def test_headers_that_cannot_be_read_teach_nothing(clock, headers):
    budget = RequestBudget(clock)

    budget.observe(headers)

    assert taken(budget)[0] == BURST
