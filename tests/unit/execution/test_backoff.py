from datetime import timedelta
from itertools import chain, repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from argo.domain.execution import ExecutionState
from argo.domain.values import Lifetime
from execution.backoff import STEADY, BackoffLimits, Limits, backoff, held_for
from tests.unit.builders import NOW, a_signal
from trials.world import MAX_RECEIVES, VISIBILITY

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
    assert limits.unavailable == limits.turned_away


LONGEST_LIFE = TypeAdapter(Lifetime).json_schema()["maximum"]
MARGIN = 20
"""Deliveries that nobody counts on: a worker that dies, a message that is delivered twice."""

QUICK = [f"{number:024x}" for number in range(100)]
"""Of so many signals, the quickest waits next to the least at each delivery."""

DELIVERED_TWICE = timedelta()
met = st.sampled_from([Limits().backoff, Limits().unavailable, Limits().turned_away, VISIBILITY, DELIVERED_TWICE])


def living(seconds):
    return a_signal(expires_at=NOW + timedelta(seconds=seconds))


def deliveries(life, meets, ids, *, longer=timedelta()):
    """Return how often a message comes until its signal has ended, when each delivery meets what is in the way.

    It waits as the quickest of ``ids`` would; whatever was in the way is so for ``longer`` than the life.
    """
    signal, now, receives, twice = living(life), NOW, 0, 0
    while now <= signal.expires_at + longer:
        receives += 1
        met = next(meets)
        if isinstance(met, BackoffLimits):
            limits = met.after(receives, signal, now)
            met = min(backoff(each, receives, limits) for each in ids)
        if met == DELIVERED_TWICE and (twice := twice + 1) > MARGIN:
            met = VISIBILITY
        now += met
    return receives + 1


@given(signal_ids, st.integers(10, LONGEST_LIFE), st.lists(met, max_size=150))
def test_c11_a_messages_deliveries_outlast_every_life_that_configuration_admits(signal_id, life, meets):
    meets = chain(meets, repeat(Limits().unavailable))

    assert deliveries(life, meets, [signal_id]) <= MAX_RECEIVES


@pytest.mark.parametrize("life", [10, 300, 900, 3_600, 7_200, LONGEST_LIFE])
@pytest.mark.parametrize("met", [Limits().backoff, Limits().unavailable])
def test_c11_deliveries_are_left_over_whatever_the_jitter(life, met):
    assert deliveries(life, repeat(met), QUICK) + MARGIN <= MAX_RECEIVES


@pytest.mark.parametrize("life", [10, 300, LONGEST_LIFE])
def test_c11_deliveries_outlast_a_ledger_that_does_not_answer_for_a_day_longer_than_a_signal_lives(life):
    longer = timedelta(days=1)

    assert deliveries(life, repeat(Limits().unavailable), QUICK, longer=longer) <= MAX_RECEIVES


def test_c11_the_steady_deliveries_take_twelve_minutes_however_the_jitter_falls():
    full = [*FULL[:5], *[60] * (STEADY - 5)]

    assert 12 <= sum(full) * 0.75 / 60 < 12.5


@given(st.integers(1, STEADY), st.integers(0, LONGEST_LIFE))
def test_c11_a_message_that_has_not_come_often_waits_as_ever_however_long_its_signal_lives(receives, age):
    signal, now = living(LONGEST_LIFE), NOW + timedelta(seconds=age)

    assert LIMITS.after(receives, signal, now) == LIMITS


@given(st.integers(STEADY + 1, MAX_RECEIVES), st.integers(0, LONGEST_LIFE))
def test_c11_a_long_wait_is_a_quarter_of_the_age_and_leaves_half_of_the_life_that_is_left(receives, age):
    signal, now = living(LONGEST_LIFE), NOW + timedelta(seconds=age)
    left = signal.expires_at - now

    delay = backoff(signal.signal_id, receives, LIMITS.after(receives, signal, now))

    assert delay <= max(LIMITS.cap, timedelta(seconds=age) / 4)
    assert delay <= max(LIMITS.cap, left / 2) or not left


@pytest.mark.parametrize("left", [1, 0, -1])
def test_c11_once_a_life_is_over_a_long_wait_is_a_quarter_of_the_age(left):
    signal = living(LONGEST_LIFE)
    now = signal.expires_at - timedelta(seconds=left)

    longest = LIMITS.after(STEADY + 1, signal, now).cap

    assert longest == (LIMITS.cap if left > 0 else (now - NOW) / 4)


@pytest.mark.parametrize(
    ("state", "age", "waits"),
    [
        (ExecutionState.CLAIMED, 7_200, "with its message"),
        (ExecutionState.UNKNOWN, 7_200, "steadily"),
        (ExecutionState.CLAIMED, LONGEST_LIFE, "steadily"),
    ],
)
def test_c11_the_reconciler_need_not_wait_for_a_message_that_is_hidden_for_long(state, age, waits):
    signal, now = living(LONGEST_LIFE), NOW + timedelta(seconds=age)

    held = held_for(signal, state, STEADY + 1, LIMITS, now)

    longest = LIMITS.after(STEADY + 1, signal, now) if waits == "with its message" else LIMITS
    assert longest.cap * 0.75 <= held <= longest.cap
