from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo.domain.execution import ExecutionState, check_transition
from argo.domain.ledger import Release, Settlement
from argo.domain.orders import OrderStatus
from argo.domain.settlement import Orders, may_be_cancelled
from argo.domain.settlement import settle as settled
from tests.unit.domain.settlements import (
    ENDED_EARLY,
    MUCH_LATER,
    SOON,
    a_fill,
    a_leg,
    after,
    an_entry,
    an_exit,
    as_recorded,
    settle,
    submitted,
)

WORKING = [status for status in OrderStatus if not status.is_final and status is not OrderStatus.PARTIALLY_FILLED]


@pytest.mark.parametrize("status", WORKING)
def test_an_order_that_works_without_a_fill_moves_nothing(status):
    move = settle(submitted(), an_entry(status), SOON)

    assert move is None


def test_a15_a_status_the_code_does_not_know_moves_nothing():
    move = settle(submitted(), an_entry(OrderStatus("something_new")), SOON)

    assert move is None


def test_a_rejected_order_releases_everything():
    move = settle(submitted(), an_entry(OrderStatus.REJECTED), SOON)

    assert move is not None
    assert move.state is ExecutionState.REJECTED
    assert move.settlement == Settlement(reason="other", release=Release.RESERVATION_AND_SYMBOL)


@pytest.mark.parametrize("status", ENDED_EARLY)
def test_an_order_that_ended_unfilled_is_cancelled_and_says_how(status):
    move = settle(submitted(), an_entry(status), SOON)

    assert move is not None
    assert move.state is ExecutionState.CANCELED
    assert move.settlement == Settlement(detail={"entry": status}, release=Release.RESERVATION_AND_SYMBOL)


@pytest.mark.parametrize("status", ENDED_EARLY)
def test_b08_an_order_that_ended_after_a_part_is_a_position_of_that_part(status):
    move = settle(submitted(), an_entry(status, filled=5), SOON)

    assert move is not None
    assert move.state is ExecutionState.FILLED
    assert move.settlement == Settlement(fills=(a_fill(5, "100.20"),), release=Release.RESERVATION)


def test_a_part_of_a_working_order_keeps_the_reservation():
    move = settle(submitted(), an_entry(OrderStatus.PARTIALLY_FILLED, filled=5), SOON)

    assert move is not None
    assert move.state is ExecutionState.PARTIALLY_FILLED
    assert move.settlement == Settlement(fills=(a_fill(5, "100.20"),), release=Release.NOTHING)


def test_a_filled_entry_keeps_its_symbol():
    move = settle(submitted(), an_entry(OrderStatus.FILLED, filled=12, legs=(a_leg(), a_leg(stop=True))), SOON)

    assert move is not None
    assert move.state is ExecutionState.FILLED
    assert move.settlement == Settlement(
        fills=(a_fill(12, "100.20"),), legs=as_recorded(a_leg(), a_leg(stop=True)), release=Release.RESERVATION
    )


def test_an_entry_that_somebody_replaced_is_followed():
    replaced = an_entry(OrderStatus.REPLACED).model_copy(update={"replaced_by": "entry-2"})

    move = settle(submitted(), replaced, SOON)

    assert move is not None
    assert move.state is ExecutionState.SUBMITTED
    assert move.settlement == Settlement(order_id="entry-2", detail={"replaced": "entry-1"})


@pytest.mark.parametrize(
    ("status", "by"), [(OrderStatus.REPLACED, None), (OrderStatus.PENDING_REPLACE, "entry-2")]
)
def test_an_entry_is_followed_only_once_it_is_replaced_and_it_is_known_by_what(status, by):
    assert settle(submitted(), an_entry(status).model_copy(update={"replaced_by": by}), SOON) is None


def test_the_legs_of_an_entry_that_is_still_filling_are_learnt():
    move = settle(submitted(), an_entry(OrderStatus.PARTIALLY_FILLED, filled=5, legs=(a_leg(),)), SOON)

    assert move.settlement.legs == as_recorded(a_leg())


def test_a_position_is_over_by_the_rule_that_is_given():
    sold = Orders(an_entry(OrderStatus.FILLED, filled=12), exits=(an_exit(),))

    assert settled(submitted(), sold, SOON).state is ExecutionState.CLOSED
    assert settled(submitted(), sold, SOON, ended=lambda _: False).state is ExecutionState.FILLED


@pytest.mark.parametrize(
    ("state", "status", "filled"),
    [
        (ExecutionState.PARTIALLY_FILLED, OrderStatus.PARTIALLY_FILLED, 5),
        (ExecutionState.FILLED, OrderStatus.FILLED, 12),
        (ExecutionState.FILLED, OrderStatus.CANCELED, 5),
    ],
)
def test_what_the_ledger_has_already_moves_nothing(state, status, filled):
    execution = submitted(state=state, fills=(a_fill(filled, "100.20"),))

    move = settle(execution, an_entry(status, filled=filled), MUCH_LATER)

    assert move is None


@pytest.mark.parametrize("status", [OrderStatus.CANCELED, OrderStatus.REJECTED])
def test_an_end_without_a_fill_that_the_ledger_has_already_moves_nothing(status):
    state = ExecutionState(str(status).upper())

    assert settle(submitted(state=state), an_entry(status), MUCH_LATER) is None


@pytest.mark.parametrize("status", [OrderStatus.PARTIALLY_FILLED, OrderStatus.CANCELED])
def test_a_fill_without_a_time_is_learnt_once(status):
    entry = an_entry(status, filled=5, filled_at=None)
    execution = after(submitted(), settle(submitted(), entry, SOON))

    move = settle(execution, entry, SOON + timedelta(minutes=1))

    assert move is None


def test_more_of_a_fill_is_learnt_without_a_change_of_state():
    execution = submitted(state=ExecutionState.PARTIALLY_FILLED, fills=(a_fill(5, "100.20"),))

    move = settle(execution, an_entry(OrderStatus.PARTIALLY_FILLED, filled=9, price="100.22"), SOON)

    assert move is not None
    assert move.state is ExecutionState.PARTIALLY_FILLED
    assert move.settlement.fills == (a_fill(9, "100.22"),)


@st.composite
def lives(draw):
    """Draw what a broker shows of one bracket, look by look: an entry that fills, ends, and is exited."""
    steps = sorted(draw(st.lists(st.integers(0, 12), max_size=4)))
    working = [an_entry(OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.NEW, filled) for filled in steps]
    final = draw(st.sampled_from([OrderStatus.FILLED, *ENDED_EARLY]))
    entered = 12 if final is OrderStatus.FILLED else max(steps, default=0)
    exits = sorted(draw(st.lists(st.integers(0, entered), max_size=3)))
    stop = draw(st.booleans())

    def sibling(left):
        return a_leg(stop=not stop, status=OrderStatus.CANCELED if left == entered else OrderStatus.HELD)

    ended = [an_entry(final, entered, legs=(a_leg(left, stop=stop), sibling(left))) for left in [0, *exits]]
    looks = [*working, *ended] if entered < 12 or final is OrderStatus.FILLED else working
    missed = draw(st.integers(0, len(looks)))
    return looks[missed:]


@given(lives())
def test_an_execution_only_moves_forward_and_its_fills_only_grow(looks):
    execution = submitted()

    for look in looks:
        if execution.state.is_terminal:
            break
        move = settle(execution, look, SOON)
        known = {fill.order_id: fill.quantity for fill in execution.fills}
        if move is not None and move.state is not execution.state:
            check_transition(execution.state, move.state)
        execution = after(execution, move)
        learnt = {fill.order_id: fill.quantity for fill in execution.fills}
        assert all(learnt.get(order_id, 0) >= quantity for order_id, quantity in known.items())
        assert settle(execution, look, SOON) is None or execution.state.is_terminal


@pytest.mark.parametrize(
    ("at", "status", "filled", "allowed"),
    [
        ("before", OrderStatus.NEW, 0, False),
        ("expiry", OrderStatus.NEW, 0, True),
        ("after", OrderStatus.ACCEPTED, 0, True),
        ("after", OrderStatus.UNRECOGNISED, 0, True),
        ("after", OrderStatus.PARTIALLY_FILLED, 5, True),
        ("after", OrderStatus.FILLED, 12, False),
        ("after", OrderStatus.CANCELED, 0, False),
        ("after", OrderStatus.REJECTED, 0, False),
    ],
)
def test_b07_an_entry_that_outlived_its_signal_is_cancelled(at, status, filled, allowed):
    execution = submitted()
    second = timedelta(seconds=1)
    now = execution.expires_at + {"before": -second, "expiry": timedelta(), "after": second}[at]

    found = may_be_cancelled(execution, an_entry(status, filled), now)

    assert found is allowed


def test_b08_an_order_rejected_after_a_part_is_a_position_of_that_part():
    move = settle(submitted(), an_entry(OrderStatus.REJECTED, filled=5), SOON)

    assert move is not None
    assert move.state is ExecutionState.FILLED
    assert move.settlement == Settlement(fills=(a_fill(5, "100.20"),), release=Release.RESERVATION)
