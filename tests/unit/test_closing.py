import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from argo.closing import Closing, Exited, NothingHeld, PositionCloser
from argo.domain.execution import Execution, ExecutionState
from argo.domain.faults import Ambiguous, Duplicate, Refused, Throttled
from argo.domain.orders import OrderStatus
from argo.domain.outcome import Wait
from argo.domain.placements import Exit
from argo.domain.reasons import Obstacle, RejectionReason
from argo.domain.signal import Side
from argo.domain.symbols import Symbol
from simulation.ports.clock import SteppedClock
from tests.unit.builders import NOW, a_broker_order, a_position, a_signal, an_execution
from tests.unit.exchange import STOP, TARGET, Book, Exchange, an_entry

WHY = "signal 0123456789abcdef01234567"
EXIT_ID = f"argo-argo-{a_signal().signal_id}-exit"


def held(**overrides):
    return an_execution(**{"state": ExecutionState.FILLED, "order_id": "entry"} | overrides)


def close(exchange: Exchange, execution: Execution | None = None) -> Closing:
    closer = PositionCloser(exchange.book, exchange, SteppedClock(NOW))
    return asyncio.run(closer.close(execution or held(), WHY))


@pytest.fixture
def exchange():
    return Exchange(Book())


def submissions(exchange):
    return [each for each in exchange.done if each.startswith("submit")]


def test_b10_what_holds_the_position_is_cancelled_and_then_exactly_the_position_is_sold(exchange):
    exited = close(exchange)

    assert isinstance(exited, Exited)
    assert exchange.done == ["cancel target", "cancel stop", "positions", "submit sell 12"]
    assert exited.order.client_order_id == EXIT_ID
    assert exited.execution.exit == Exit(
        why=WHY,
        planned_at=NOW,
        sent_at=NOW,
        order_id="exit-1",
        order_body={
            "symbol": "AAPL",
            "side": "sell",
            "qty": "12",
            "type": "market",
            "time_in_force": "day",
            "client_order_id": EXIT_ID,
        },
    )


def test_a12_the_exits_body_is_on_the_record_before_it_is_sent(exchange):
    close(exchange)

    assert exchange.plans_before_submission == 2
    assert [plan.order_body is not None for plan in exchange.book.plans] == [False, True, True]
    assert [plan.order_id for plan in exchange.book.plans] == [None, None, "exit-1"]


def test_a_short_position_is_bought_back(exchange):
    exchange.held = (a_position(symbol="AAPL", quantity=Decimal(-12)),)

    close(exchange, held(side=Side.SELL))

    assert submissions(exchange) == ["submit buy 12"]


def test_a_coin_is_sold_until_cancelled_to_its_last_place():
    exchange = Exchange(Book(), held=(a_position(symbol="BTCUSD", quantity=Decimal("0.123456789")),))
    exchange.entry = an_entry("0.2", legs=())

    exited = close(exchange, held(symbol=Symbol("BTC/USD")))

    assert isinstance(exited, Exited)
    assert submissions(exchange) == ["submit sell 0.123456789"]
    assert exited.execution.exit.order_body["time_in_force"] == "gtc"


def test_no_more_is_sold_than_this_entry_bought(exchange):
    exchange.held = (a_position(symbol="AAPL", quantity=Decimal(500)),)

    close(exchange)

    assert submissions(exchange) == ["submit sell 12"]


def test_what_a_leg_has_sold_already_is_not_sold_again(exchange):
    part = TARGET.model_copy(update={"filled_quantity": Decimal(5), "status": OrderStatus.PARTIALLY_FILLED})
    exchange.entry = an_entry(legs=(part, STOP))

    close(exchange)

    assert submissions(exchange) == ["submit sell 7"]


@pytest.mark.parametrize("quantity", [-12, 0])
def test_a_position_that_is_gone_or_turned_is_not_sold(exchange, quantity):
    exchange.held = (a_position(symbol="AAPL", quantity=Decimal(quantity)),) if quantity else ()

    waiting = close(exchange)

    assert isinstance(waiting, Wait)
    assert waiting.detail == {"exit": "orders and positions disagree"}
    assert submissions(exchange) == []


def test_b10_nothing_is_sold_while_a_cancellation_is_under_way(exchange):
    exchange.sluggish = True

    waiting = close(exchange)

    assert isinstance(waiting, Wait)
    assert (waiting.obstacle, waiting.detail) == (
        Obstacle.AWAITING_EXIT,
        {"exit": "its orders are being cancelled"},
    )
    assert waiting.until == NOW + timedelta(seconds=2)
    assert submissions(exchange) == []


def test_an_entry_that_never_filled_is_cancelled_and_nothing_is_sold(exchange):
    exchange.entry = an_entry(0, status=OrderStatus.NEW, legs=())

    nothing = close(exchange, held(state=ExecutionState.SUBMITTED))

    assert isinstance(nothing, NothingHeld)
    assert nothing.orders.entry.status is OrderStatus.CANCELED
    assert exchange.done == ["cancel entry"]


def test_a_position_that_its_target_closed_first_is_not_sold(exchange):
    sold = TARGET.model_copy(update={"filled_quantity": Decimal(12), "status": OrderStatus.FILLED})
    exchange.entry = an_entry(legs=(sold, STOP.model_copy(update={"status": OrderStatus.CANCELED})))

    nothing = close(exchange)

    assert isinstance(nothing, NothingHeld)
    assert exchange.done == []


@pytest.mark.parametrize(
    "execution",
    [
        held(state=ExecutionState.SUBMITTING),
        held(state=ExecutionState.UNKNOWN),
        held(order_id=None),
    ],
    ids=["submitting", "unknown", "without an order"],
)
def test_b02_an_entry_of_unknown_fate_is_waited_for_and_nothing_is_planned(exchange, execution):
    waiting = close(exchange, execution)

    assert isinstance(waiting, Wait)
    assert exchange.book.plans == exchange.done == []


def test_an_entry_the_broker_does_not_show_is_waited_for(exchange):
    exchange.entry = None

    assert isinstance(close(exchange), Wait)
    assert exchange.done == []


def test_a_reason_once_recorded_stays_whoever_comes_next(exchange):
    planned = Exit(why="an operator", planned_at=NOW - timedelta(minutes=1))

    exited = close(exchange, held(exit=planned))

    assert isinstance(exited, Exited)
    assert exited.execution.exit.why == "an operator"


def test_b02_an_exit_that_may_have_arrived_is_looked_up_before_it_is_sent_again(exchange):
    exchange.faults["late"] = Ambiguous("timeout")

    first = close(exchange)
    second = close(exchange, held(exit=exchange.book.plans[-1]))

    assert isinstance(first, Wait)
    assert first.obstacle is Obstacle.BROKER_UNREACHABLE
    assert isinstance(second, Exited)
    assert second.order.client_order_id == EXIT_ID
    assert submissions(exchange) == []


def test_b02_an_exit_that_never_arrived_is_sent_again_under_the_same_id(exchange):
    exchange.faults["submit"] = Ambiguous("timeout")

    close(exchange)
    again = close(exchange, held(exit=exchange.book.plans[-1]))

    assert isinstance(again, Exited)
    assert again.order.client_order_id == EXIT_ID
    assert len(submissions(exchange)) == 2


def test_b02_an_exit_that_was_sent_and_that_another_plan_has_overwritten_is_found_by_its_id(exchange):
    exchange.exits[EXIT_ID] = a_broker_order(order_id="sent", client_order_id=EXIT_ID, status=OrderStatus.FILLED)
    exchange.held = ()

    exited = close(exchange, held(exit=Exit(why=WHY, planned_at=NOW)))

    assert isinstance(exited, Exited)
    assert exited.execution.exit.order_id == "sent"
    assert submissions(exchange) == []


def test_b03_two_who_want_the_same_position_out_place_one_order(exchange):
    exchange.exits[EXIT_ID] = a_broker_order(order_id="the other's", client_order_id=EXIT_ID)
    exchange.faults["submit"] = Duplicate("client_order_id must be unique")

    exited = close(exchange)

    assert isinstance(exited, Exited)
    assert exited.execution.exit.order_id == "the other's"


def refuse(exchange):
    exchange.faults["submit"] = Refused("insufficient qty", reason=RejectionReason.QUANTITY_HELD)


def test_c06_a_refused_exit_placed_nothing_and_its_number_is_used_again(exchange):
    refuse(exchange)

    refused = close(exchange)
    planned = exchange.book.plans[-1]
    exited = close(exchange, held(exit=planned))

    assert isinstance(refused, Wait)
    assert refused.detail["message"] == "insufficient qty"
    assert (planned.attempt, planned.refusals, planned.refused_at) == (1, 1, NOW)
    assert (planned.reason, planned.order_body, planned.sent_at) == ("insufficient qty", None, None)
    assert isinstance(exited, Exited)
    assert exited.order.client_order_id == EXIT_ID


def test_c06_an_exit_refused_again_and_again_is_still_its_first_attempt(exchange):
    execution = held()
    for _ in range(50):
        refuse(exchange)
        close(exchange, execution)
        execution = held(exit=exchange.book.plans[-1])

    assert (execution.exit.attempt, execution.exit.refusals) == (1, 50)
    assert close(exchange, execution).order.client_order_id == EXIT_ID


def test_c06_a_refused_exits_number_that_the_broker_counts_as_used_is_followed_by_the_next(exchange):
    refuse(exchange)
    close(exchange)
    exchange.faults["submit"] = Duplicate("client_order_id must be unique")

    waiting = close(exchange, held(exit=exchange.book.plans[-1]))
    exited = close(exchange, held(exit=exchange.book.plans[-1]))

    assert isinstance(waiting, Wait)
    assert exited.order.client_order_id == f"{EXIT_ID}2"


def test_b02_a_duplicate_after_a_sending_of_unknown_fate_keeps_its_number(exchange):
    refuse(exchange)
    close(exchange)
    exchange.faults["submit"] = Ambiguous("timeout")
    close(exchange, held(exit=exchange.book.plans[-1]))
    exchange.faults["submit"] = Duplicate("client_order_id must be unique")

    close(exchange, held(exit=exchange.book.plans[-1]))

    assert exchange.book.plans[-1].attempt == 1


def test_c06_a_refusal_after_a_sending_of_unknown_fate_uses_the_number_up(exchange):
    sent = Exit(why=WHY, planned_at=NOW, order_body={}, sent_at=NOW - timedelta(minutes=5))
    refuse(exchange)

    close(exchange, held(exit=sent))
    exited = close(exchange, held(exit=exchange.book.plans[-1]))

    assert isinstance(exited, Exited)
    assert exited.order.client_order_id == f"{EXIT_ID}2"


def test_c06_a_refusal_settles_nothing_while_the_sending_before_may_still_arrive(exchange):
    sent = Exit(why=WHY, planned_at=NOW, order_body={}, sent_at=NOW - timedelta(seconds=1))
    refuse(exchange)

    waiting = close(exchange, held(exit=sent))

    assert isinstance(waiting, Wait)
    assert exchange.book.plans[-1] == sent


def test_an_exit_the_broker_has_is_followed_and_nothing_is_sent(exchange):
    exchange.exits[EXIT_ID] = a_broker_order(order_id="exit-1", status=OrderStatus.FILLED)

    exited = close(exchange, held(exit=Exit(why=WHY, planned_at=NOW, order_body={}, order_id="exit-1")))

    assert isinstance(exited, Exited)
    assert exited.order.status is OrderStatus.FILLED
    assert exchange.done == []


@pytest.mark.parametrize("status", [OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REJECTED])
def test_an_exit_that_ended_unfilled_has_a_next_attempt(exchange, status):
    exchange.exits[EXIT_ID] = a_broker_order(order_id="exit-1", status=status)
    sent = Exit(why=WHY, planned_at=NOW, order_body={}, order_id="exit-1")

    waiting = close(exchange, held(exit=sent))
    exited = close(exchange, held(exit=exchange.book.plans[-1]))

    assert isinstance(waiting, Wait)
    assert exchange.book.plans[0] == Exit(why=WHY, planned_at=NOW, attempt=2)
    assert isinstance(exited, Exited)
    assert exited.order.client_order_id == f"{EXIT_ID}2"


def test_the_rest_of_an_exit_that_ended_after_a_part_is_sold_too(exchange):
    exchange.entry = an_entry(legs=())
    exchange.held = (a_position(symbol="AAPL", quantity=Decimal(7)),)
    exchange.exits[EXIT_ID] = a_broker_order(
        order_id="exit-1", status=OrderStatus.EXPIRED, filled_quantity=Decimal(5)
    )
    sent = Exit(why=WHY, planned_at=NOW, order_body={}, order_id="exit-1")

    close(exchange, held(exit=sent))
    if exchange.book.plans:
        close(exchange, held(exit=exchange.book.plans[-1]))

    assert submissions(exchange) == ["submit sell 7"]


@pytest.mark.parametrize(
    ("fault", "obstacle"),
    [
        (Throttled("too many", until=NOW + timedelta(seconds=30)), Obstacle.BROKER_THROTTLED),
        (Ambiguous("timeout"), Obstacle.BROKER_UNREACHABLE),
    ],
)
@pytest.mark.parametrize("step", ["cancel", "positions", "submit"])
def test_a19_no_answer_at_any_step_waits(exchange, step, fault, obstacle):
    exchange.faults[step] = fault

    waiting = close(exchange)

    assert isinstance(waiting, Wait)
    assert waiting.obstacle is obstacle
    assert exchange.exits == {}
