import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from argo.domain.symbols import Symbol
from generation.cycle import Shard, Tick
from worlds.paths import PROJECT

watchlists = st.lists(st.from_regex(r"[A-Z]{1,5}", fullmatch=True).map(Symbol), min_size=1, unique=True)


@given(watchlists, st.integers(1, 12))
def test_the_shards_together_are_the_watchlist(watchlist, count):
    shards = [Shard(index=index, count=count).of(watchlist) for index in range(count)]

    assert sorted(symbol for shard in shards for symbol in shard) == sorted(watchlist)


@given(watchlists, st.integers(1, 12))
def test_the_shards_are_of_equal_size(watchlist, count):
    sizes = [len(Shard(index=index, count=count).of(watchlist)) for index in range(count)]

    assert max(sizes) - min(sizes) <= 1


def test_the_sample_event_is_the_whole_watchlist():
    event = json.loads((PROJECT / "events" / "generate-tick.json").read_text(encoding="utf-8"))

    tick = Tick.model_validate(event)

    assert tick.shard.of(["AAPL", "MSFT"]) == ["AAPL", "MSFT"]


def test_a_tick_without_anything_is_the_whole_watchlist_until_the_next_one():
    tick = Tick.model_validate({})

    assert (tick.shard, tick.budget_seconds) == (Shard(index=0, count=1), None)


@pytest.mark.parametrize(
    ("event", "field", "value"),
    [
        ({"shard": {"index": -1, "count": 2}}, "shard.index", "input_value=-1"),
        ({"shard": {"index": 0, "count": 0}}, "shard.count", "input_value=0"),
        ({"shard": {"index": 2, "count": 2}}, "shard", "index 2 is not below count 2"),
        ({"shard": {"index": "one", "count": 2}}, "shard.index", "input_value='one'"),
        ({"shard": 3}, "shard", "input_value=3"),
        ({"budget_seconds": -1}, "budget_seconds", "input_value=-1"),
        ({"budget_seconds": 841}, "budget_seconds", "input_value=841"),
        ({"budget_seconds": "long"}, "budget_seconds", "input_value='long'"),
    ],
)
def test_a_wrong_payload_is_refused_with_field_and_value(event, field, value):
    with pytest.raises(ValidationError) as refused:
        Tick.model_validate(event)

    assert field in str(refused.value).splitlines()
    assert value in str(refused.value)


def test_fields_the_scheduler_adds_are_ignored():
    tick = Tick.model_validate({"scheduled_time": "2026-11-19T21:01:00Z", "budget_seconds": 0, "attempt": 2})

    assert tick.budget_seconds == 0


@pytest.mark.parametrize("seconds", [0, 840])
def test_a_budget_goes_up_to_fourteen_minutes(seconds):
    assert Tick.model_validate({"budget_seconds": seconds}).budget_seconds == seconds


@pytest.mark.parametrize(("part", "name"), [(Tick(), "budget_seconds"), (Shard(), "index")])
def test_a_payload_that_was_read_stays_as_it_is(part, name):
    with pytest.raises(ValidationError):
        setattr(part, name, 1)
