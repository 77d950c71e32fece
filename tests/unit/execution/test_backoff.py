from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.backoff import BackoffLimits, Limits, backoff

LIMITS = BackoffLimits(base=timedelta(seconds=2), cap=timedelta(seconds=60))
FULL = [2, 4, 8, 16, 32, 60, 60, 60]
signal_ids = st.from_regex(r"[0-9a-f]{24}", fullmatch=True)
limits = st.builds(
    BackoffLimits,
    base=st.timedeltas(timedelta(milliseconds=100), timedelta(minutes=5)),
    cap=st.timedeltas(timedelta(minutes=5), timedelta(hours=12)),
)


def test_a13_the_schedule_is_this_one():
    signal_id = "0123456789abcdef01234567"

    seconds = [backoff(signal_id, receives, LIMITS).total_seconds() for receives in range(1, 9)]

    assert seconds == [1.500802, 3.834772, 7.189705, 14.594418, 25.886082, 55.375012, 59.133342, 57.837683]


def test_a13_the_first_delay_and_the_longest_are_these():
    limits = BackoffLimits()

    assert limits == LIMITS


@given(signal_ids, st.integers(1, len(FULL)))
def test_a13_a_delay_is_the_full_one_less_at_most_a_quarter(signal_id, receives):
    delay = backoff(signal_id, receives, LIMITS)

    full = timedelta(seconds=FULL[receives - 1])
    assert full * 0.75 < delay <= full


@given(signal_ids, st.integers(1, 1000), limits)
def test_no_delay_is_longer_than_the_cap_or_shorter_than_three_quarters_of_the_base(signal_id, receives, limits):
    delay = backoff(signal_id, receives, limits)

    assert limits.base * 0.75 <= delay <= limits.cap


@given(signal_ids, st.integers(1, 20), limits)
def test_delays_grow_until_the_cap_is_reached(signal_id, receives, limits):
    delays = [backoff(signal_id, each, limits) for each in (receives, receives + 1)]

    if limits.base * 2**receives <= limits.cap:
        assert delays[0] < delays[1]


@given(signal_ids, st.integers(1, 1000), limits)
def test_a_replay_waits_as_long_as_the_run_did(signal_id, receives, limits):
    first = backoff(signal_id, receives, limits)

    second = backoff(signal_id, receives, limits)

    assert first == second


def test_a_thousand_messages_do_not_return_at_once():
    delays = [backoff(f"{number:024x}", 6, LIMITS) for number in range(1000)]

    seconds = [delay.total_seconds() for delay in delays]

    assert max(sum(start <= delay < start + 1 for delay in seconds) for start in range(45, 60)) < 120
    assert len(set(seconds)) > 990


@pytest.mark.parametrize("receives", [0, -1])
def test_a_count_below_one_is_a_first_delivery(receives):
    delay = backoff("0" * 24, receives, LIMITS)

    assert timedelta(seconds=1.5) < delay <= timedelta(seconds=2)


@pytest.mark.parametrize("receives", [31, 32, 10**6])
def test_any_number_of_deliveries_stays_at_the_cap(receives):
    delay = backoff("0" * 24, receives, LIMITS)

    assert timedelta(seconds=45) < delay <= timedelta(seconds=60)


def test_a_base_of_a_day_is_capped_as_any_other():
    limits = BackoffLimits(base=timedelta(days=1), cap=timedelta(days=2))

    delay = backoff("0" * 24, 40, limits)

    assert delay <= timedelta(days=2)


def test_a_lease_is_45_seconds_and_who_is_turned_away_waits_at_most_eight():
    limits = Limits()

    assert limits.lease == timedelta(seconds=45)
    assert limits.backoff == BackoffLimits(base=timedelta(seconds=2), cap=timedelta(seconds=60))
    assert limits.turned_away == BackoffLimits(base=timedelta(seconds=2), cap=timedelta(seconds=8))
