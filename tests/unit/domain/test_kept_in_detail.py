"""The record's format is that of every version: what an execution has as fields stands in its detail as texts."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo.domain.changes import intended, paused, settled
from argo.domain.execution import Execution, ExecutionState
from argo.domain.kept_in_detail import KEPT_IN_DETAIL, kept_detail, read_detail, recorded
from argo.domain.ledger import Intent, Release, Settlement
from argo.domain.reasons import Obstacle
from tests.unit.builders import NOW, a_signal, an_entry_plan, an_execution

HOLDER = a_signal().signal_id
PLAN = an_entry_plan()


def an_intent(execution):
    intent = Intent(
        execution.client_order_id,
        PLAN.body(),
        PLAN.notional,
        PLAN.risk,
        planned_stop=PLAN.stop_price,
        planned_target=PLAN.target_price,
        detail={"shares": "12"},
    )
    return intended(execution, intent, now=NOW)


def a_pause(execution, **learnt):
    told = {"closes": None, "missing_since": None} | learnt
    return paused(
        execution,
        Obstacle.OUTCOME_UNKNOWN,
        until=NOW,
        now=NOW,
        state=None,
        detail={},
        release=Release.NOTHING,
        **told,
    )


def sent_again(execution):
    return settled(execution, ExecutionState.SUBMITTING, Settlement(sent_again=True), now=NOW)


UNKNOWN = an_execution(state=ExecutionState.UNKNOWN, missing_since=NOW, detail={"missing_since": NOW.isoformat()})
CHANGES = {
    "an intent": an_intent(an_execution(closes=HOLDER)),
    "the beginning of a close": a_pause(an_execution(), closes=HOLDER),
    "a look-up that found nothing": a_pause(an_execution(), missing_since=NOW),
    "another sending": sent_again(UNKNOWN),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_no_write_names_a_field_that_the_record_keeps_in_its_detail(change):
    assert KEPT_IN_DETAIL & change.values.keys()
    assert not KEPT_IN_DETAIL & change.written.keys()
    assert "detail" in change.written


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_is_written_is_read_again_as_it_was(change):
    execution = change.applied_to(
        an_execution(closes=HOLDER) if change is CHANGES["an intent"] else an_execution()
    )

    record = execution.model_dump(mode="json")

    assert not KEPT_IN_DETAIL & record.keys()
    assert Execution.model_validate(record | {"revision": execution.revision}) == execution


@pytest.mark.parametrize(
    ("detail", "read"),
    [
        ({"leaves": HOLDER}, {"closes": HOLDER}),
        ({"missing_since": NOW.isoformat()}, {"missing_since": NOW}),
        ({"missing_since": ""}, {"missing_since": None, "sent_again": True}),
        ({"stop_price": "95.00", "target_price": "110.00"}, {"planned_stop": 95, "planned_target": 110}),
    ],
)
def test_a_record_of_the_version_before_is_read(detail, read):
    record = an_execution().model_dump(mode="json") | {"detail": detail}

    execution = Execution.model_validate(record)

    assert {name: getattr(execution, name) for name in read} == read
    assert execution.detail == detail


def test_an_order_with_legs_has_its_exits_in_its_body():
    record = an_execution().model_dump(mode="json") | {"order_body": PLAN.body()}

    execution = Execution.model_validate(record)

    assert (execution.planned_stop, execution.planned_target) == (PLAN.stop_price, PLAN.target_price)


prices = st.decimals(Decimal("0.0001"), 10**6, places=4)


@given(
    st.none() | st.just(HOLDER),
    st.none() | st.integers(0, 10**6).map(lambda seconds: NOW + timedelta(seconds=seconds)),
    st.none() | prices,
    st.none() | prices,
)
def test_texts_and_fields_say_the_same(closes, missing_since, stop, target):
    fields = {"closes": closes, "missing_since": missing_since, "planned_stop": stop, "planned_target": target}

    texts = recorded(**fields)
    execution = Execution.model_validate(an_execution().model_dump(mode="json") | {"detail": texts})

    assert {name: getattr(execution, name) for name in fields} == fields
    assert read_detail({"detail": texts}).keys() == {name for name, value in fields.items() if value is not None}


@pytest.mark.parametrize(("letters", "is_whole"), [(4_990, True), (4_991, False)])
def test_c05_a_detail_of_5000_bytes_is_whole_and_of_a_longer_one_each_text_is_cut(letters, is_whole):
    told = {"a": "x" * letters, "why": "y"}

    kept = kept_detail(told, {})

    assert (kept == told) is is_whole
    assert set(kept) == {"a", "why"}
    assert is_whole or len(kept["a"]) < 1_000


def test_c05_of_too_much_the_latest_is_kept_and_a_records_fields_always_are():
    known = {"leaves": HOLDER, **{f"old {number}": "x" * 900 for number in range(5)}}
    learnt = {"stop_price": "95.00", **{f"new {number}": "y" * 900 for number in range(4)}}

    kept = kept_detail(known, learnt)

    assert list(kept) == ["new 0", "new 1", "new 2", "new 3", "old 0", "leaves", "stop_price"]
    assert (kept["leaves"], kept["stop_price"], kept["new 0"]) == (HOLDER, "95.00", "y" * 900)
