"""Orders of events that the fault simulation came upon, each in its smallest form."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest

from argo.domain.execution import ExecutionState
from argo.domain.placements import Cover
from argo.domain.signal import Side
from simulation.broker.server import Fault
from tests.pipeline.pipeline import PRICE


def partly_filled(day, quantity):
    """Enter with a limit that rests, then let a part of it fill."""
    day.price(PRICE + 2)
    signal = day.enter()
    day.hold_back(signal, quantity)
    day.price(PRICE)
    return signal


def let_the_rest_fill(day, signal, symbol="AAPL", price=PRICE):
    client_order_id = f"argo-argo-{signal.signal_id}-entry"
    day.pipeline.background.call(partial(day.pipeline.server.broker.fill_limits.pop, client_order_id))
    day.price(price, symbol)


def test_what_a_person_sold_while_the_entry_still_filled_is_taken_over_after_the_exit(day):
    signal = partly_filled(day, 5)
    day.pipeline.pass_time(timedelta(seconds=1))
    by_hand = day.order_by_hand(qty=5)
    day.pipeline.pass_time(timedelta(seconds=1))
    let_the_rest_fill(day, signal)
    day.run()

    day.flatten()
    day.minute(3)

    assert day.held() == 0
    day.check_over(gone_by_hand={by_hand.id})


def test_a_part_that_a_person_closes_while_its_exit_waits_leaves_nothing_behind(day):
    signal = partly_filled(day, 5)
    day.run()
    day.flatten()
    day.pipeline.pass_time(timedelta(seconds=1))
    by_hand = day.order_by_hand(qty=5, cancels_exits=True)

    day.minute(3)

    assert day.execution(signal).state is ExecutionState.CLOSED
    day.check_over(gone_by_hand={by_hand.id})


def test_a_position_that_a_person_closes_while_the_fate_of_its_exit_is_not_known_leaves_nothing_behind(day):
    day.enter()
    day.run()
    day.pipeline.server.faults.add(Fault(method="POST", path="/v2/orders", status=504, body="<html>"))
    day.flatten()
    day.minute()
    day.pipeline.pass_time(timedelta(seconds=1))
    by_hand = day.order_by_hand(qty=day.held())

    day.minute(2)

    day.check_over(gone_by_hand={by_hand.id})


def test_a_coin_that_a_person_sells_is_taken_over_although_the_fee_was_kept_of_it(day):
    day.price(50_000, "BTC/USD")
    signal = day.enter(
        symbol="BTC/USD",
        entry_price=Decimal(50_000),
        stop_price=Decimal(49_000),
        target_price=Decimal(52_000),
    )
    day.minute()
    day.pipeline.pass_time(timedelta(seconds=1))
    day.order_by_hand(symbol="BTC/USD", qty=day.held("BTC/USD"), time_in_force="gtc", cancels_exits=True)

    day.minute(2)

    assert day.execution(signal).state is ExecutionState.CLOSED
    assert not day.pipeline.account().holdings


def test_what_a_person_sold_of_a_coin_while_its_entry_filled_is_taken_over_after_the_stop(day):
    coin = {"symbol": "BTC/USD", "entry_price": Decimal(50_000)}
    day.price(51_000, "BTC/USD")
    signal = day.enter(**coin, stop_price=Decimal(49_000), target_price=Decimal(52_000))
    day.hold_back(signal, "0.5")
    day.price(50_000, "BTC/USD")
    day.pipeline.pass_time(timedelta(seconds=1))
    day.order_by_hand(symbol="BTC/USD", qty=day.held("BTC/USD"), time_in_force="gtc")
    let_the_rest_fill(day, signal, "BTC/USD", 50_000)
    day.run()

    day.price(48_990, "BTC/USD")
    day.minute(2)

    execution = day.execution(signal)
    assert (execution.state, day.held("BTC/USD")) == (ExecutionState.CLOSED, 0)
    assert [fill.leg for fill in execution.fills] == ["entry", "stop_loss", "exit"]


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_what_both_exits_closed_too_much_and_a_person_put_back_ends_the_trade(day, side):
    signal = day.hold(side=side)
    held = day.held()
    day.behave(rival_cancel_takes=30)
    for move in (10, -5):
        day.price(PRICE + move if side is Side.BUY else PRICE - move)
    assert day.held() == -held
    day.pipeline.pass_time(timedelta(seconds=1))
    by_hand = day.order_by_hand(side=str(side), qty=abs(held))

    day.minute(2)

    assert [fill.leg for fill in day.execution(signal).fills][-1] == "correction"
    day.check_over(gone_by_hand={by_hand.id})


def with_a_guard_that_nobody_recorded(day):
    """Return a signal of whose position the guard is live, while the record knows only that it was planned."""
    signal = partly_filled(day, 5)
    day.cancel_by_hand(day.order(signal))
    day.minute()
    execution = day.execution(signal)
    lost = execution.protection.model_copy(update={"order_id": None, "cover": Cover.NONE})
    ledger, now = day.pipeline.ledger, day.pipeline.clock.now()
    asyncio.run(ledger.record_protection(execution, lost, now=now))
    assert day.order(signal, "guard").is_open
    return signal


def test_an_exit_cancels_a_guard_whose_acceptance_was_never_recorded(day):
    with_a_guard_that_nobody_recorded(day)

    day.flatten()
    day.minute(2)

    assert day.held() == 0
    day.check_over()


def test_a_guard_whose_acceptance_was_never_recorded_ends_the_trade_all_the_same(day):
    signal = with_a_guard_that_nobody_recorded(day)

    day.price(PRICE + 20)
    day.minute(2)

    assert [fill.leg for fill in day.execution(signal).fills] == ["entry", "take_profit"]
    day.check_over()


def test_a_guard_whose_acceptance_was_never_recorded_is_recorded_by_the_next_run(day):
    signal = with_a_guard_that_nobody_recorded(day)

    day.minute()

    protection = day.execution(signal).protection
    assert (protection.order_id, protection.cover) == (day.order(signal, "guard").id, Cover.COMPLETE)
    assert len(day.orders(signal, "guard")) == 1


REFUSED = {"status": 403, "body": '{"code": 40310000, "message": "insufficient qty available for order"}'}


def answer_orders(day, **answer):
    """Let the next order not arrive, and be answered like this."""
    day.pipeline.server.faults.add(Fault(method="POST", path="/v2/orders", **answer))


def test_an_exit_that_is_refused_while_its_first_sending_may_still_arrive_has_no_second_id(day):
    signal = day.hold()
    answer_orders(day, status=504, body="<html>")
    day.flatten()
    day.minute()
    answer_orders(day, **REFUSED)
    day.pipeline.pass_time(timedelta(seconds=2))
    day.run()

    sent = day.execution(signal).exit.order_body
    late = day.order_by_hand(qty=day.held(), client_order_id=sent["client_order_id"])
    day.minute()

    assert [order.id for order in day.orders(signal, "exit")] == [late.id]
    day.check_over(gone_by_hand={late.id})


def test_an_exit_that_is_refused_when_nothing_of_it_can_arrive_any_more_has_a_second_id(day):
    signal = day.hold()
    answer_orders(day, status=504, body="<html>")
    day.flatten()
    day.minute()
    answer_orders(day, **REFUSED)
    day.pipeline.pass_time(timedelta(seconds=80))
    day.run()
    day.minute(2)

    assert day.execution(signal).state is ExecutionState.CLOSED
    (exit_order,) = day.orders(signal, "exit")
    assert exit_order.client_order_id.endswith("-exit2")
    day.check_over()


def test_a_guard_that_is_refused_while_its_first_sending_may_still_arrive_has_no_second_id(day):
    signal = partly_filled(day, 5)
    day.cancel_by_hand(day.order(signal))
    answer_orders(day, status=504, body="<html>")
    day.run()
    answer_orders(day, **REFUSED)
    day.pipeline.pass_time(timedelta(seconds=2))
    day.run()

    protection = day.execution(signal).protection
    assert "insufficient qty" in protection.reason
    day.minute()

    (guard,) = day.orders(signal, "guard")
    assert guard.client_order_id == protection.order_body["client_order_id"]
    assert day.execution(signal).protection.cover is Cover.COMPLETE


def test_an_exit_that_was_sized_on_a_view_of_a_growing_position_is_followed_by_one_for_the_rest(day):
    signal = partly_filled(day, 5)
    day.pipeline.pass_time(timedelta(seconds=1))
    let_the_rest_fill(day, signal)
    day.behave(positions_lag=timedelta(milliseconds=500))
    day.flatten()
    day.run()
    sold = [order.filled_quantity for order in day.orders(signal, "exit")]
    day.behave()

    day.minute(3)

    assert sold == [5]
    assert day.held() == 0
    day.check_over()
