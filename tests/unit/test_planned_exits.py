import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from argo.closing import Exited, PositionCloser, Rules, plan_exit
from argo.domain.account import VIEWS_LAG
from argo.domain.execution import ExecutionState
from argo.domain.faults import Duplicate
from argo.domain.folding import MOST_EARLIER
from argo.domain.orders import OrderStatus
from argo.domain.outcome import Wait
from argo.domain.placements import Exit
from argo.domain.settlement import Orders
from argo.domain.signal import Side
from simulation.ports.clock import SteppedClock
from tests.unit.builders import NOW, a_broker_order, a_position, an_execution
from tests.unit.exchange import STOP, Book, Exchange, an_entry

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


def sold(quantity, order_id="exit-1", **overrides):
    filled = {"filled_quantity": Decimal(quantity), "filled_average_price": Decimal(100), "filled_at": NOW}
    return a_broker_order(order_id=order_id, **{"status": OrderStatus.FILLED, "side": "sell"} | filled | overrides)


def an_exchange(*exits, entry=None, held=12):
    exchange = Exchange(
        Book(), entry=entry or an_entry(12, legs=()), exits={each.order_id: each for each in exits}
    )
    exchange.held = (a_position(symbol="MSFT", quantity=Decimal(-3)),)
    exchange.held += (a_position(symbol="AAPL", quantity=Decimal(held)),) if held else ()
    return exchange


def an_exit(**overrides):
    return Exit(**{"why": "time", "planned_at": NOW} | overrides)


def close(exchange, exit_=None, *, rules=None, **overrides):
    closer = PositionCloser(exchange.book, exchange, SteppedClock(LATER), rules or Rules())
    return asyncio.run(closer.close(held(exit=exit_, **overrides), "time"))


def submitted(exchange):
    return [each for each in exchange.done if each.startswith("submit")]


@pytest.mark.parametrize(
    ("order", "entry", "goes_on"),
    [
        (sold("11.5"), None, True),
        (sold(12), None, False),
        (sold(7, filled_at=None), None, False),
        (sold(7, status=OrderStatus.PARTIALLY_FILLED), None, False),
        (sold(7), an_entry(12, legs=(STOP,)), False),
    ],
    ids=["half a coin is left", "all is sold", "no time", "still selling", "the stop is live"],
)
def test_an_exit_goes_on_while_anything_is_left_and_nothing_else_may_sell_it(order, entry, goes_on):
    exchange = an_exchange(order, entry=entry, held="0.5")

    closing = close(exchange, an_exit(order_id="exit-1"))

    assert isinstance(closing, Exited) == (not goes_on)
    assert [plan.attempt for plan in exchange.book.plans] == ([2] if goes_on else [])


def test_of_two_exits_the_last_one_is_followed_and_the_first_is_remembered():
    exchange = an_exchange(sold(5, status=OrderStatus.EXPIRED), held=7)

    close(exchange, an_exit(order_id="exit-1"))
    again = exchange.book.plans[-1]
    exchange.exits["exit-2"] = sold(7, "exit-2")
    followed = close(exchange, again.model_copy(update={"order_id": "exit-2"}))

    assert (again.attempt, again.earlier) == (2, ("exit-1",))
    assert isinstance(followed, Exited)
    assert followed.order.order_id == "exit-2"


def test_b09_what_two_exits_sold_too_much_is_bought_back():
    exchange = an_exchange(sold(12), sold(5, "exit-2"), held=-5)

    exited = close(exchange, an_exit(attempt=3, earlier=("exit-1", "exit-2")))

    assert submitted(exchange) == ["submit buy 5"]
    assert exited.orders.exits[-1] == exited.order


def test_of_a_short_position_no_more_is_bought_back_than_it_has():
    exchange = an_exchange(held=-7)

    close(exchange, side=Side.SELL)

    assert submitted(exchange) == ["submit buy 7"]


def test_the_tenth_exit_that_ended_after_a_part_is_folded_as_an_exit():
    earlier = [sold(1, f"exit-{n}", status=OrderStatus.EXPIRED) for n in range(MOST_EARLIER + 2)]
    exchange = an_exchange(*earlier, entry=an_entry(12, legs=()))
    ids = [order.order_id for order in earlier]

    close(exchange, an_exit(attempt=9, earlier=tuple(ids[:MOST_EARLIER]), order_id=ids[MOST_EARLIER]))
    once = exchange.book.plans[-1]
    close(exchange, once.model_copy(update={"order_id": ids[-1]}))
    twice = exchange.book.plans[-1]

    assert [(fill.leg, fill.order_id, fill.quantity) for fill in once.folded] == [("exit", "exit-0", 1)]
    assert [(fill.leg, fill.order_id, fill.quantity) for fill in twice.folded] == [("exit", "exit-1", 2)]
    assert twice.earlier == tuple(ids[2:])


def test_b02_a_first_sending_that_the_broker_has_and_does_not_show_keeps_its_number():
    exchange = an_exchange()
    exchange.faults["submit"] = Duplicate("client_order_id must be unique")

    assert isinstance(close(exchange), Wait)

    assert exchange.book.plans[-1].attempt == 1


@pytest.mark.parametrize(
    ("answers", "reads"),
    [([Orders(an_entry(12, legs=(STOP,))), None], 2), ([Orders(an_entry(0, legs=()))], 1)],
    ids=["none after the cancellation", "nothing live"],
)
def test_orders_are_read_again_only_after_a_cancellation(answers, reads):
    asked = []

    async def orders_of(execution, _):
        asked.append(execution)
        return answers[len(asked) - 1]

    closing = close(an_exchange(), rules=Rules(orders_of=orders_of))

    assert len(asked) == reads
    assert isinstance(closing, Wait) == (reads == 2)
