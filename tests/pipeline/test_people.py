"""A person trades in the same account: what is Argo's is followed, what is not is never touched."""

import pytest

from argo.domain.execution import ExecutionState
from argo.domain.profile import ExitRules
from tests.pipeline.pipeline import MINUTE
from tests.pipeline.trades import BOTH, ended, mirrored


@BOTH
@pytest.mark.parametrize("cancels_exits", [True, False], ids=["legs cancelled first", "legs left live"])
def test_b15_a_manual_sale_is_taken_over_with_its_price_and_its_legs_are_cancelled(day, side, cancels_exits):
    signal = day.hold(side=side)
    quantity = abs(day.held())
    day.minute()
    day.price(mirrored(side, 3))

    sale = day.order_by_hand(side=side.opposite, qty=quantity, cancels_exits=cancels_exits)
    day.minute(2)

    assert ended(day, signal) == (ExecutionState.CLOSED, ["entry", "exit"], 3 * quantity)
    assert day.execution(signal).detail["closed_by"] == "an order that is not Argo's"
    assert day.orders(signal, "exit") == []
    day.check_over(gone_by_hand={sale.id})


def test_b15_a_manual_sale_of_a_part_leaves_the_rest_guarded(day):
    signal = day.hold()
    quantity = day.held()
    day.minute()

    sold = day.order_by_hand(qty=40, cancels_exits=True)
    day.minute(2)
    guard = day.order(signal, "guard")
    day.price(110)
    day.minute(2)

    assert guard.quantity == quantity - 40
    assert ended(day, signal) == (ExecutionState.CLOSED, ["entry", "take_profit", "exit"], 10 * (quantity - 40))
    day.check_over(gone_by_hand={sold.id})


def test_b15_what_a_person_sold_before_the_entry_was_sent_closed_nothing_of_it(day):
    asked_at = day.pipeline.clock.now()
    day.order_by_hand(side="buy", qty=7)
    day.order_by_hand(qty=7)
    day.minute()
    signal = day.hold(bar_time=asked_at - 2 * MINUTE, created_at=asked_at - MINUTE)
    quantity = day.held()
    day.minute()

    sale = day.order_by_hand(qty=quantity, cancels_exits=True)
    day.minute(2)

    assert ended(day, signal) == (ExecutionState.CLOSED, ["entry", "exit"], 0)
    day.check_over(gone_by_hand={sale.id})


def test_b15_a_position_that_nobodys_orders_account_for_is_reported_and_not_guessed(day):
    signal = day.hold()
    quantity = day.held()
    day.minute()
    before = len(day.books.orders)

    sold = day.order_by_hand(qty=quantity + 10, cancels_exits=True)
    report = day.minute(2)

    assert report.problems[signal.signal_id] == "its position is gone, and no orders account for it"
    assert day.execution(signal).state is ExecutionState.FILLED
    assert len(day.books.orders) == before + 1
    assert sold.filled_quantity == quantity + 10


def test_a_position_that_a_person_sells_after_flatten_was_asked_for_is_closed_by_that_sale(day):
    signal = day.hold()
    quantity = day.held()
    day.minute()

    day.flatten()
    sale = day.order_by_hand(qty=quantity, cancels_exits=True)
    day.minute(2)

    assert ended(day, signal) == (ExecutionState.CLOSED, ["entry", "exit"], 0)
    day.check_over(gone_by_hand={sale.id})


def test_b15_orders_and_positions_of_a_person_are_never_touched(day):
    signal = day.hold()
    quantity = day.held()
    bought = day.order_by_hand(symbol="IBM", side="buy", qty=7)
    resting = day.order_by_hand(
        symbol="IBM", side="sell", qty=7, type="limit", limit_price=120, time_in_force="gtc"
    )
    beside = day.order_by_hand(symbol="AAPL", side="buy", qty=3)
    below = day.order_by_hand(symbol="IBM", side="buy", qty=3, type="limit", limit_price=90, time_in_force="gtc")
    day.by_hand.update({"IBM": 7, "AAPL": 3})

    report = day.minute()
    day.flatten()
    day.minute(2)

    assert report.problems == {"IBM": "a position that no execution of Argo's holds"}
    assert day.order(signal, "exit").quantity == quantity
    assert (day.held("IBM"), day.held()) == (7, 3)
    assert [str(order.status) for order in (bought, resting, beside, below)] == ["filled", "new", "filled", "new"]
    day.check_over()


def test_b15_an_exit_that_a_persons_order_stands_in_the_way_of_is_reported_each_run_until_it_passes(day):
    day.pipeline.configured("argo", exits=ExitRules(bars=1))
    signal = day.hold()
    theirs = day.order_by_hand(side="buy", qty=3, type="limit", limit_price=90, time_in_force="gtc")
    reports = []
    for _ in range(3):
        day.pipeline.pass_time(MINUTE)
        reports.append(day.run())

    status = str(theirs.status)
    day.cancel_by_hand(theirs)
    for _ in range(2):
        day.pipeline.pass_time(MINUTE)
        day.run()

    assert status == "new"
    assert all("potential wash trade" in report.problems[signal.signal_id] for report in reports[1:])
    naked = [max(report.unprotected_seconds, default=0) for report in reports]
    assert naked[2] - naked[1] == 60
    assert ended(day, signal)[:2] == (ExecutionState.CLOSED, ["entry", "exit"])
    assert day.held() == 0
