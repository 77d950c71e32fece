from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from argo.domain.execution import ExecutionState
from argo.domain.symbols import Symbol
from tests.deep import examples
from tests.fuzz import doors
from tests.fuzz.mutations import as_json, places, with_each_odd_value
from tests.fuzz.samples import MESSAGE
from tests.unit.builders import a_message, a_signal
from tests.unit.strategies import signals

FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def test_what_is_fuzzed_is_executed_as_it_is():
    assert doors.message(a_message().encode()) is ExecutionState.SUBMITTED


@pytest.mark.parametrize("place", places(MESSAGE), ids=str)
def test_a_message_with_any_odd_value_ends_once_with_its_reason(place):
    for raw in with_each_odd_value(MESSAGE, place):
        doors.message(raw)


@given(as_json(MESSAGE))
@settings(max_examples=examples(200))
@example(a_message(side="x" * 500_000).encode())
@example(a_message(mood="bullish").encode().replace(b"bullish", b"\xff"))
@example(a_message(signal_id="x" * 5_000).encode())
def test_any_message_ends_once_with_its_reason_and_leaves_its_batch_alone(raw):
    doors.message(raw)


@given(signals(st.sampled_from([Symbol("AAPL"), Symbol("BRK.B"), Symbol("BTC/USD")])))
@settings(max_examples=examples(100))
@example(a_signal(expires_at=LAST))
@example(a_signal(bar_time=FIRST, created_at=FIRST))
@example(a_signal(bar_time=FIRST, created_at=FIRST, expires_at=FIRST + timedelta(microseconds=1)))
def test_any_signal_however_unlikely_comes_to_an_end(signal):
    doors.message(signal.model_dump_json().encode())
