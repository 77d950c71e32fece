from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from argo.domain.client_order_ids import CLIENT_ORDER_ID_LIMIT, Leg, OrderName, client_order_id, order_name
from argo.domain.execution import (
    TRANSITIONS,
    Execution,
    ExecutionState,
    IllegalTransition,
    check_transition,
    claimed,
)
from argo.domain.orders import ARGO_PREFIX
from argo.domain.signal import Timeframe
from tests.unit.builders import NOW, a_signal, an_execution
from tests.unit.strategies import signals

executors = st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True)
signal_ids = st.from_regex(r"[0-9a-f]{24}", fullmatch=True)
legs = st.sampled_from(Leg)
identities = st.tuples(executors, signal_ids, legs)
TERMINAL = {
    ExecutionState.CLOSED,
    ExecutionState.CANCELED,
    ExecutionState.DENIED,
    ExecutionState.REJECTED,
    ExecutionState.EXPIRED,
    ExecutionState.DEAD_LETTERED,
}


def test_a_client_order_id_names_executor_signal_and_leg():
    derived = client_order_id("prop_firm", "0123456789abcdef01234567")

    assert derived == "argo-prop_firm-0123456789abcdef01234567-entry"


@given(executors, signal_ids, legs)
def test_a12_a_worker_that_lost_its_memory_derives_the_same_id(executor, signal, leg):
    first = client_order_id(executor, signal, leg)

    second = client_order_id(executor, signal, leg)

    assert first == second


@given(identities, identities)
def test_a11_two_orders_never_share_a_client_order_id(one, other):
    ids = {client_order_id(*one), client_order_id(*other)}

    assert len(ids) == len({one, other})


@given(executors, signal_ids, legs)
def test_b15_every_client_order_id_is_recognisably_argos_and_fits(executor, signal, leg):
    derived = client_order_id(executor, signal, leg)

    assert derived.startswith(ARGO_PREFIX)
    assert len(derived) <= CLIENT_ORDER_ID_LIMIT == 48


def test_the_longest_names_fit_exactly():
    longest = client_order_id("a" * 10, "f" * 24, Leg.GUARD, attempt=99)

    assert len(longest) == CLIENT_ORDER_ID_LIMIT


@given(executors, signal_ids, legs, st.integers(1, 16**6 - 1), st.integers(1, 16**6 - 1))
def test_c06_every_attempt_fits_and_has_an_id_of_its_own(executor, signal, leg, one, other):
    ids = {client_order_id(executor, signal, leg, attempt) for attempt in (one, other)}

    assert len(ids) == len({one, other})
    assert max(map(len, ids)) <= CLIENT_ORDER_ID_LIMIT


@given(st.sampled_from([(one, other) for one in Leg for other in Leg if one < other]), st.integers(1, 16**6 - 1))
def test_c06_no_number_of_one_leg_spells_another_leg(pair, attempt):
    one, other = pair
    spelt = {client_order_id("a" * 10, "f" * 24, one, attempt), client_order_id("a", "f" * 24, one, attempt)}

    for name in spelt:
        assert not name.rpartition("-")[2].startswith(other)


def test_an_id_that_would_not_fit_is_refused():
    with pytest.raises(ValueError, match="longer than 48 characters"):
        client_order_id("a" * 10, "f" * 24, Leg.GUARD, attempt=16**6)


@given(executors, signal_ids, legs, st.integers(1, 99), st.integers(1, 99))
def test_every_attempt_has_an_id_of_its_own_and_the_first_has_the_legs(executor, signal, leg, one, other):
    ids = {client_order_id(executor, signal, leg, attempt) for attempt in (one, other)}

    assert len(ids) == len({one, other})
    assert client_order_id(executor, signal, leg, 1) == client_order_id(executor, signal, leg)


@pytest.mark.parametrize("source", ExecutionState)
@pytest.mark.parametrize("target", ExecutionState)
def test_a_transition_passes_only_when_the_table_has_it(source, target):
    known = target in TRANSITIONS[source]

    if known:
        check_transition(source, target)
    else:
        with pytest.raises(IllegalTransition, match=f"{source} -> {target}"):
            check_transition(source, target)


def test_the_table_names_every_state():
    assert set(TRANSITIONS) == set(ExecutionState)


def test_the_terminal_states_are_those_without_a_way_out():
    terminal = {state for state in ExecutionState if state.is_terminal}

    assert terminal == TERMINAL


@pytest.mark.parametrize("start", sorted(set(ExecutionState) - TERMINAL))
def test_every_open_state_can_come_to_an_end_and_is_reached_from_a_claim(start):
    reached, frontier = set(), {start}
    while frontier:
        reached |= frontier
        frontier = {target for state in frontier for target in TRANSITIONS[state]} - reached
    from_claim, frontier = set(), {ExecutionState.CLAIMED}
    while frontier:
        from_claim |= frontier
        frontier = {target for state in frontier for target in TRANSITIONS[state]} - from_claim

    assert reached & TERMINAL
    assert start in from_claim


@pytest.mark.parametrize("state", [ExecutionState.CLAIMED, ExecutionState.DENIED, ExecutionState.EXPIRED])
def test_a07_no_order_is_known_before_one_was_submitted(state):
    assert not state.has_order
    assert ExecutionState.SUBMITTED not in TRANSITIONS[state]


def test_b02_an_unknown_outcome_is_never_claimed_anew_or_denied():
    after_unknown = TRANSITIONS[ExecutionState.UNKNOWN]

    assert ExecutionState.CLAIMED not in after_unknown
    assert ExecutionState.DENIED not in after_unknown
    assert not ExecutionState.UNKNOWN.has_order


def test_a_state_with_an_order_never_returns_to_one_without_but_for_a_late_rejection():
    with_order = {state for state in ExecutionState if state.has_order}

    ways_back = {
        target
        for state in with_order
        for target in TRANSITIONS[state]
        if not target.has_order and target is not ExecutionState.DEAD_LETTERED
    }

    assert ways_back == {ExecutionState.REJECTED}
    assert with_order == {
        ExecutionState.SUBMITTED,
        ExecutionState.PARTIALLY_FILLED,
        ExecutionState.FILLED,
        ExecutionState.CLOSED,
        ExecutionState.CANCELED,
    }


def test_a_claim_starts_the_first_epoch_with_its_history():
    lease_until = NOW + timedelta(seconds=90)

    execution = claimed(a_signal(), executor="argo", mode="paper", now=NOW, lease_until=lease_until)

    assert (execution.state, execution.epoch, execution.attempts) == (ExecutionState.CLAIMED, 1, 0)
    assert (execution.lease_until, execution.updated_at) == (lease_until, NOW)
    assert [(entry.state, entry.at, entry.epoch) for entry in execution.history] == [("CLAIMED", NOW, 1)]
    assert execution.order_id is None


def test_a03_a_claim_says_whether_it_is_live_or_simulated():
    modes = [
        claimed(a_signal(), executor="argo", mode=mode, now=NOW, lease_until=NOW).mode
        for mode in ("live", "simulated")
    ]

    assert modes == ["live", "simulated"]


def test_a08_two_executors_have_two_executions_of_one_signal():
    signal = a_signal()

    first, second = (
        claimed(signal, executor=executor, mode="paper", now=NOW, lease_until=NOW)
        for executor in ("argo", "prop_firm")
    )

    assert first.key == (signal.signal_id, "argo")
    assert second.key == (signal.signal_id, "prop_firm")
    assert first.client_order_id != second.client_order_id


@given(signals())
def test_a_claim_carries_the_signals_facts_and_survives_json(signal):
    execution = claimed(signal, executor="argo", mode="paper", now=NOW, lease_until=NOW)

    read = Execution.model_validate_json(execution.model_dump_json())

    assert read == execution
    copied = ("signal_id", "symbol", "side", "confidence", "created_at", "expires_at")
    assert [getattr(read, name) for name in copied] == [getattr(signal, name) for name in copied]


@pytest.mark.parametrize("name", ["", "Argo", "1st", "prop-firm", "a" * 11])
def test_an_executors_name_that_would_break_an_order_id_is_refused(name):
    fields = an_execution().model_dump() | {"executor": name}

    with pytest.raises(ValidationError, match="executor"):
        Execution.model_validate(fields)


@given(executors, signal_ids, legs, st.integers(1, 16**6 - 1))
def test_c87_an_order_of_any_leg_and_attempt_says_whose_it_is(executor, signal, leg, attempt):
    named = client_order_id(executor, signal, leg, attempt)

    assert order_name(named) == OrderName(named, executor, signal)


@pytest.mark.parametrize("named", ["", "argo", "mine-1", f"argo-argo-{'f' * 24}", f"argo-argo-{'f' * 24}-stop"])
def test_an_order_of_nobody_s_says_nothing(named):
    assert order_name(named) is None


@pytest.mark.parametrize(
    ("missing_since", "sent_again", "unknown"),
    [(None, False, False), (NOW, False, True), (None, True, True)],
)
def test_b02_a_sendings_fate_was_unknown_where_it_was_missed_or_sent_again(missing_since, sent_again, unknown):
    execution = an_execution(missing_since=missing_since, sent_again=sent_again)

    assert execution.was_unknown is unknown


def test_an_execution_has_its_signals_timeframe():
    signal = a_signal(timeframe=Timeframe.HOUR)

    found = claimed(signal, executor="argo", mode="simulated", now=NOW, lease_until=NOW)

    assert found.timeframe is Timeframe.HOUR
