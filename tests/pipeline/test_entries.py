"""Entries that end without a position, or before all of it: what they bound is given back."""

from datetime import timedelta

import pytest

from argo.domain.execution import ExecutionState
from simulation.broker.server import Fault
from tests.pipeline.market_day import close_time
from tests.pipeline.pipeline import MINUTE, OPENS, PRICE
from tests.pipeline.trades import ended, rejected_late
from tests.unit.builders import a_signal


def test_an_entry_that_outlives_its_signal_is_cancelled_and_gives_everything_back(day):
    day.price(PRICE + 2)
    signal = day.enter()
    day.minute()
    reserved = day.pipeline.account().reserved_notional

    day.minute(5)

    assert reserved > 0
    assert ended(day, signal) == (ExecutionState.CANCELED, [], None)
    assert day.execution(signal).detail["entry"] == "canceled"
    day.check_over()


def test_an_entry_for_the_day_expires_at_the_close(day):
    day.pipeline.configured("argo", time_in_force="day")
    day.price(PRICE + 2)
    signal = day.enter(expires_at=OPENS + timedelta(days=1))

    day.pipeline.set_time(close_time(day.pipeline) + MINUTE, is_open=False)
    day.run()

    assert ended(day, signal) == (ExecutionState.CANCELED, [], None)
    assert day.execution(signal).detail["entry"] == "expired"
    assert day.books.positions == {}
    assert day.pipeline.account().reserved_notional == 0
    assert day.pipeline.account().holdings == {}


def test_an_entry_that_the_broker_rejects_late_gives_everything_back(day):
    day.price(PRICE + 2)
    signal = rejected_late(day)

    day.minute()

    assert ended(day, signal) == (ExecutionState.REJECTED, [], None)
    day.check_over()


@pytest.mark.parametrize(
    "views", [{"orders_lag": 10}, {"positions_lag": 10}, {"orders_lag": 10, "positions_lag": 10}]
)
def test_what_the_broker_forgets_for_ten_seconds_is_neither_repaired_nor_entered_twice(day, views):
    signal = day.enter()
    day.behave(**views)

    first = day.run()
    day.pipeline.pass_time(timedelta(seconds=11))
    second = day.run()
    day.price(110)
    blind = day.run()
    day.minute()

    assert not first.repairs
    assert not second.repairs
    assert not blind.repairs
    assert len(day.pipeline.broker_orders()) == 1
    assert ended(day, signal)[:2] == (ExecutionState.CLOSED, ["entry", "take_profit"])
    day.check_over()


def test_a07_an_order_whose_worker_died_gets_its_id_by_look_up_and_is_followed(day):
    day.pipeline.server.faults.add(Fault(method="POST", path="/v2/orders", after=True, drop=True))
    day.pipeline.server.faults.add(Fault(path="/v2/orders:*", status=503, body="<html>", times=3))
    signal = a_signal()
    day.signals.append(signal)
    day.pipeline.publish(signal)
    day.pipeline.poll()
    unknown = day.execution(signal)
    day.pipeline.server.faults.clear()

    day.minute(3)

    order = day.order(signal)
    assert (unknown.state, unknown.order_id) == (ExecutionState.UNKNOWN, None)
    assert day.execution(signal).order_id == order.id
    assert day.execution(signal).state is ExecutionState.FILLED
    day.check_books()
