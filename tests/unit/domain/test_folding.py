"""Exits that ended after a part, more than are read: what they sold is kept, to the last cent."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from argo.domain.execution import ExecutionState
from argo.domain.folding import MOST_EARLIER, MOST_FILLS, bounded, fold
from argo.domain.orders import OrderStatus
from argo.domain.placements import Exit, Fill
from argo.domain.settlement import Orders, settle
from argo.execution_orders import order_ids
from simulation.ports.ledger import size_of_execution
from tests.unit.builders import NOW, a_broker_order, an_execution

ENTRY = a_broker_order(
    order_id="entry",
    status=OrderStatus.FILLED,
    filled_quantity=Decimal(1_000),
    filled_average_price=Decimal(100),
    filled_at=NOW,
)
MINUTE = timedelta(minutes=1)
parts = st.lists(
    st.tuples(st.integers(1, 9), st.integers(90, 110), st.sampled_from(["sell", "sell", "buy"])),
    min_size=1,
    max_size=100,
)


def an_exit_order(number, quantity, price, side):
    return a_broker_order(
        order_id=f"{number:036}",
        status=OrderStatus.CANCELED,
        side=side,
        filled_quantity=Decimal(quantity),
        filled_average_price=(Decimal(price) / 7).quantize(Decimal("1e-9")),
        filled_at=NOW + timedelta(minutes=number),
    )


def followed(found):
    """Return an exit after one order upon the other has ended in part, and the orders that are read of it."""
    planned, read = Exit(why="a rule", planned_at=NOW), []
    for order in found:
        again = planned.model_copy(
            update={"attempt": planned.attempt + 1, "earlier": (*order_ids(planned), order.order_id)}
        )
        read = [*read, order]
        planned = fold(again, read, now=NOW, entry=ENTRY)
        read = read[-len(planned.earlier) :]
    return planned, tuple(read)


@given(parts)
def test_c05_of_many_exits_few_are_read_and_what_is_held_and_gained_is_the_same(sold):
    found = [an_exit_order(number, *part) for number, part in enumerate(sold)]

    planned, read = followed(found)

    whole = Orders(ENTRY, exits=tuple(found))
    folded = Orders(ENTRY, exits=read, folded=planned.folded or ())
    assert len(planned.earlier) == len(read) <= MOST_EARLIER
    assert folded.held == whole.held
    execution = an_execution(state=ExecutionState.FILLED, exit=planned)
    ends = [settle(execution, each, NOW, ended=lambda _: True) for each in (whole, folded)]
    assert len({move.settlement.realised_profit for move in ends}) == 1
    fills = ends[1].settlement.fills
    assert len(fills) <= MOST_FILLS
    assert size_of_execution(execution.model_copy(update={"fills": fills})) < 10_000


@given(parts)
def test_c05_a_look_at_folded_orders_that_have_not_changed_learns_nothing(sold):
    planned, read = followed([an_exit_order(number, *part) for number, part in enumerate(sold)])
    orders = Orders(ENTRY, exits=read, folded=planned.folded or ())
    orders = replace(orders, exits=tuple(o.model_copy(update={"filled_at": None}) for o in orders.exits))
    execution = an_execution(state=ExecutionState.SUBMITTED, exit=planned)

    first = settle(execution, orders, NOW, ended=lambda _: False)
    known = execution.model_copy(update={"state": first.state, "fills": first.settlement.fills})

    assert settle(known, orders, NOW + timedelta(hours=1), ended=lambda _: False) is None


def a_fill(number, leg="exit", *, price=100):
    return Fill(order_id=f"{number}", leg=leg, quantity=Decimal(1), price=Decimal(price), at=NOW + number * MINUTE)


def test_sixteen_fills_stay_apart_and_of_seventeen_the_entrys_and_the_latest_six_do():
    entry, *sold = [a_fill(0, "entry"), *(a_fill(number, price=number) for number in range(1, 17))]

    few = bounded((entry, *sold), ())

    assert bounded((entry, *sold[:-1]), ()) == (entry, *sold[:-1])
    assert (few[0], few[2:]) == (entry, tuple(sold[-6:]))
    assert (few[1].quantity, few[1].money, few[1].price) == (10, 55, Decimal("5.5"))
    assert few[1].at == sold[9].at


def test_the_price_of_a_sum_has_nine_places():
    fills = [a_fill(0, "entry"), a_fill(1, price="100.000000004"), *(a_fill(number) for number in range(2, 17))]

    assert bounded(fills, ())[1].price == Decimal(100)


def test_a_sum_that_is_known_keeps_its_time():
    fills = (a_fill(0, "entry"), *(a_fill(number) for number in range(1, 17)))
    (_, together, *_) = bounded(fills, ())
    before = together.model_copy(update={"at": NOW - MINUTE})

    assert bounded(fills, [before])[1] == before
    assert bounded(fills, [before.model_copy(update={"quantity": Decimal(9)})])[1] == together


def test_of_the_ninth_order_what_it_filled_is_kept_with_its_time():
    orders = [an_exit_order(number, number % 2, 70, "sell") for number in range(1, MOST_EARLIER + 4)]
    orders[2] = orders[2].model_copy(update={"filled_at": None})
    planned = Exit(why="a rule", planned_at=NOW, earlier=tuple(order.order_id for order in orders))

    none = fold(planned.model_copy(update={"earlier": planned.earlier[:8]}), orders[:8], now=NOW, entry=ENTRY)
    once = fold(planned, orders[:1], now=NOW, entry=ENTRY)
    first = fold(planned.model_copy(update={"earlier": planned.earlier[:9]}), orders[:9], now=NOW, entry=ENTRY)
    folded = fold(planned, orders, now=NOW + 60 * MINUTE, entry=ENTRY)

    assert none.folded is None
    assert once == planned
    assert (first.earlier, first.folded[0].at) == (planned.earlier[1:9], orders[0].filled_at)
    assert folded.earlier == planned.earlier[3:]
    (kept,) = folded.folded
    assert (kept.order_id, kept.quantity, kept.price, kept.at) == (orders[2].order_id, 2, 10, NOW + 60 * MINUTE)
    assert fold(folded, orders[3:], now=NOW, entry=ENTRY) == folded
    assert (MOST_EARLIER, MOST_FILLS) == (8, 16)


def test_of_what_was_filled_at_a_price_that_is_not_known_nothing_is_made_up():
    unpriced = a_broker_order(order_id="unpriced", side="sell", filled_quantity=Decimal(2), filled_at=NOW)
    planned = Exit(why="a rule", planned_at=NOW, earlier=("unpriced", *"12345678"))

    with pytest.raises(ValidationError):
        fold(planned, [unpriced], now=NOW, entry=ENTRY)


def test_a_guards_fill_is_of_its_legs_role_and_an_exits_of_its_side():
    orders = [an_exit_order(0, 1, 100, side) for side in ("sell", "buy")]
    planned = Exit(why="a rule", planned_at=NOW, earlier=tuple(str(number) for number in range(MOST_EARLIER + 2)))

    as_exits = fold(planned, orders, now=NOW, entry=ENTRY)
    as_guards = fold(planned, orders, now=NOW)

    assert [fill.leg for fill in as_exits.folded] == ["exit", "correction"]
    assert [fill.leg for fill in as_guards.folded] == [orders[0].role]
    assert as_guards.folded[0].quantity == 2
