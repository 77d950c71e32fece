import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from argo.closing import Exited, PositionCloser, plan_exit
from argo.domain.account import VIEWS_LAG
from argo.domain.execution import ExecutionState
from argo.domain.orders import OrderStatus
from argo.domain.placements import Exit
from simulation.ports.clock import SteppedClock
from tests.unit.builders import NOW, a_broker_order, a_position, an_execution
from tests.unit.exchange import Book, Exchange, an_entry

LATER, AN_INSTANT = NOW + timedelta(minutes=1), timedelta(microseconds=1)


def held(**overrides):
    return an_execution(**{"state": ExecutionState.FILLED, "order_id": "entry"} | overrides)


def planned(book, **overrides):
    return asyncio.run(plan_exit(book, SteppedClock(LATER), held(**overrides), "operator: flatten"))


def test_an_exit_is_planned_with_its_reason_and_its_time():
    book = Book()

    execution = planned(book)

    assert execution.exit == Exit(why="operator: flatten", planned_at=LATER)
    assert book.plans == [execution.exit]


def test_a12_an_exit_that_is_on_its_way_is_not_planned_anew():
    begun = Exit(why="target reached", planned_at=NOW, sent_at=NOW, attempt=1, order_id="exit-1")
    book = Book()

    execution = planned(book, exit=begun)

    assert (execution.exit, book.plans) == (begun, [])


@pytest.mark.parametrize(("waited", "goes_on"), [(VIEWS_LAG, False), (VIEWS_LAG + AN_INSTANT, True)])
def test_an_exit_that_sold_less_goes_on_once_the_views_have_had_their_time(waited, goes_on):
    sold = a_broker_order(
        order_id="exit-1", status=OrderStatus.FILLED, filled_quantity=Decimal(7), filled_at=NOW, side="sell"
    )
    exchange = Exchange(Book(), entry=an_entry(12, legs=()), exits={"sold": sold})
    closer = PositionCloser(exchange.book, exchange, SteppedClock(NOW + waited))

    asyncio.run(closer.close(held(exit=Exit(why="time", planned_at=NOW, order_id="exit-1")), "time"))

    assert [(plan.attempt, plan.earlier) for plan in exchange.book.plans] == (
        [(2, ("exit-1",))] if goes_on else []
    )


@pytest.mark.parametrize(("left", "goes_on"), [(5, True), (0, False), (-5, False)])
def test_an_exit_that_sold_less_than_was_bought_goes_on_only_while_the_rest_is_held(left, goes_on):
    sold = a_broker_order(
        order_id="exit-1", status=OrderStatus.FILLED, filled_quantity=Decimal(7), filled_at=NOW, side="sell"
    )
    exchange = Exchange(Book(), entry=an_entry(12, legs=()), exits={"sold": sold})
    exchange.held = (a_position(symbol="AAPL", quantity=Decimal(left)),) if left else ()
    closer = PositionCloser(exchange.book, exchange, SteppedClock(LATER))

    closing = asyncio.run(closer.close(held(exit=Exit(why="time", planned_at=NOW, order_id="exit-1")), "time"))

    assert isinstance(closing, Exited) == (not goes_on)
    assert [plan.attempt for plan in exchange.book.plans] == ([2] if goes_on else [])
