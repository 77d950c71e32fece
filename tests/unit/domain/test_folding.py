"""Exits that ended after a part, more than are read: what they sold is kept, to the last cent."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from argo.domain.execution import ExecutionState, Exit
from argo.domain.folding import MOST_EARLIER, MOST_FILLS, fold
from argo.domain.orders import OrderStatus
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
