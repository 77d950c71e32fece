"""What a run does at one position after another: adopted, left, moved, or told to a person."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from argo.closing import plan_exit
from argo.domain.execution import ExecutionState
from argo.domain.faults import Ambiguous, Refused
from argo.domain.placements import Cover
from argo.domain.profile import ExitRules
from argo.domain.reasons import RejectionReason
from reconciliation.run import reconcile
from simulation.broker import order_request
from tests.unit.one_account import OPENS, OneAccount
from tests.unit.reconciliation.in_memory import Book, Exchange, a_wiring
from tests.unit.reconciliation.positions import HELD, LATER, a_stop, a_target, an_entry, ended, held, tried

SILENT = Ambiguous("timeout")
NO = Refused("not today", reason=RejectionReason.OTHER)
AGREED = 11
"""Seconds after which the broker's views agree."""


def an_account(**rules):
    """Return an account with one position, and what it holds of it."""
    account = OneAccount(exits=ExitRules(**rules))
    signal = account.hold()
    return account, signal, int(account.held())


def by_hand(account, side, quantity, *, cancels_exits=True, **more):
    """Trade a second later as a person does who overrules the broker's checks."""
    account.pass_time(1)
    body = {"symbol": "AAPL", "side": side, "qty": str(quantity), "type": "market", "time_in_force": "day"}
    account.engine.trade_by_hand(account.books, order_request(body | more), cancels_exits=cancels_exits)


def leave(account, *signals, why="an operator"):
    for signal in signals:
        asyncio.run(plan_exit(account.ledger, account.clock, account.execution(signal), why))


def end_legs(account):
    """Let the broker end the exits of every entry."""
    for order in account.orders("entry"):
        for leg in order.legs:
            if leg.is_open:
                account.engine.cancel(account.books, leg.id)


@pytest.mark.parametrize("cancels_exits", [True, False])
def test_b15_what_a_person_has_closed_is_adopted_and_what_is_live_is_cancelled_first(cancels_exits):
    account, signal, quantity = an_account()
    by_hand(account, "sell", quantity, cancels_exits=cancels_exits)
    account.pass_time(AGREED)

    report = account.reconcile()

    closed = account.execution(signal)
    assert (closed.state, closed.detail["closed_by"]) == ("CLOSED", "an order that is not Argo's")
    assert report.repairs == {"adopted": 1} | ({} if cancels_exits else {"cancelled": 1})
    assert report.problems == {}
    assert account.state.holdings == {}


def test_b15_a_position_that_is_gone_without_an_order_is_a_persons_to_explain():
    account, signal, _ = an_account()
    del account.books.positions["AAPL"]
    account.pass_time(AGREED)

    report = account.reconcile()

    assert report.problems == {signal.signal_id: "its position is gone, and no orders account for it"}
    assert report.repairs == {}
    assert account.execution(signal).state is ExecutionState.FILLED


@pytest.mark.parametrize(("bought", "sold", "adopted"), [(0, 0, True), (5, 5, False), (0, 1, False)])
def test_b15_only_orders_that_closed_exactly_what_is_missing_are_adopted(bought, sold, adopted):
    account, signal, quantity = an_account()
    if bought:
        by_hand(account, "buy", bought)
    by_hand(account, "sell", quantity)
    if sold:
        by_hand(account, "sell", sold)
    account.pass_time(AGREED)

    report = account.reconcile()

    assert (account.execution(signal).state is ExecutionState.CLOSED) is adopted
    assert (signal.signal_id in report.problems) is not adopted


def test_an_order_of_another_execution_of_argos_is_not_a_persons():
    account, signal, quantity = an_account()
    by_hand(account, "sell", quantity, client_order_id=f"argo-argo-{'f' * 24}-exit")
    account.pass_time(AGREED)

    report = account.reconcile()

    assert account.execution(signal).state is ExecutionState.FILLED
    assert signal.signal_id in report.problems


def test_every_position_whose_exit_waits_counts_as_unanswered_and_is_told_from_the_next_run_on():
    account, signal, _ = an_account()
    other = account.hold(symbol="MSFT")
    leave(account, signal, other)
    account.faults["cancel"] = [SILENT] * 4

    first = account.reconcile()
    account.pass_time(60)
    second = account.reconcile()

    assert (first.unanswered, second.unanswered) == (2, 2)
    assert first.problems == {}
    assert second.problems == dict.fromkeys((signal.signal_id, other.signal_id), "its exit waits: timeout")
    assert second.unprotected_seconds == [60, 60]


@pytest.mark.parametrize("is_open", [True, False])
def test_a_position_is_left_when_the_exchange_is_open_and_guarded_by_its_exits_until_then(is_open):
    account, signal, _ = an_account()
    leave(account, signal)
    account.set_time(OPENS + timedelta(minutes=1), is_open=is_open)
    account.asked.clear()

    report = account.reconcile()

    waits = "to be left (an operator) when the exchange opens"
    assert report.problems == ({} if is_open else {signal.signal_id: waits})
    assert ("cancel" in account.asked) is is_open
    assert len(account.orders("exit")) == is_open


def test_an_exit_that_was_sent_is_followed_though_the_exchange_is_closed():
    account, signal, _ = an_account()
    leave(account, signal)
    account.faults["submit"] = [SILENT]
    account.reconcile()
    account.set_time(OPENS + timedelta(minutes=1), is_open=False)

    report = account.reconcile()

    assert len(account.orders("exit")) == 1
    assert report.problems == {}


def test_a_position_that_its_time_has_come_for_is_left_and_counted_once():
    account, signal, quantity = an_account(bars=1)

    early = account.reconcile()
    account.pass_time(60)
    left = account.reconcile()
    closed = account.reconcile()

    assert early.repairs == {}
    assert (left.repairs, closed.repairs) == ({"left": 1}, {})
    assert account.execution(signal).exit.why == "held for 1 bars"
    assert [order.quantity for order in account.orders("exit")] == [quantity]
    assert account.execution(signal).state is ExecutionState.CLOSED


def test_an_exit_whose_position_a_person_has_closed_meanwhile_ends_by_that_persons_order():
    account, signal, quantity = an_account()
    leave(account, signal)
    by_hand(account, "sell", quantity)
    account.pass_time(AGREED)

    report = account.reconcile()

    assert account.execution(signal).state is ExecutionState.CLOSED
    assert (report.repairs, account.orders("exit")) == ({"adopted": 1}, [])


def test_an_exit_of_what_a_person_has_left_ends_with_that_persons_order_too():
    account, signal, quantity = an_account()
    by_hand(account, "sell", 5)
    leave(account, signal)
    account.reconcile()
    account.pass_time(AGREED)

    report = account.reconcile()

    assert [order.quantity for order in account.orders("exit")] == [quantity - 5]
    assert account.execution(signal).state is ExecutionState.CLOSED
    assert report.repairs == {"adopted": 1}


def test_a_position_whose_exits_stand_costs_no_request_of_its_own():
    account, _, _ = an_account()
    account.asked.clear()

    account.reconcile()

    assert "order" not in account.asked


def test_a_stop_that_trails_is_moved_and_one_that_the_broker_will_not_move_stays():
    account, _, _ = an_account(trail_r=Decimal(1))
    account.set_price(104)

    moved = account.reconcile()
    account.set_price(106)
    account.faults["replace"] = [NO]
    refused = account.reconcile()

    assert (moved.repairs, refused.repairs) == ({"tightened": 1}, {})
    assert len(account.events("stop_not_moved")) == 1


def test_a_pair_of_exits_whose_stop_trails_is_followed_to_its_new_stop():
    account, signal, _ = an_account(trail_r=Decimal(1))
    end_legs(account)
    account.reconcile()
    account.set_price(104)
    account.asked.clear()

    report = account.reconcile()

    guards = account.orders("guard")
    assert report.repairs == {"tightened": 1}
    # It is complete as it is known: nothing of it is written again.
    assert "record_protection" not in account.asked
    protection = account.execution(signal).protection
    assert protection.cover is Cover.COMPLETE
    assert protection.order_id not in {order.id for order in guards if not order.is_open}


def test_a_stop_by_itself_that_trails_is_on_the_record_under_its_new_id():
    rules = ExitRules(trail_r=Decimal(1))
    account = OneAccount(fractional=True, risk_per_trade_percent=Decimal("0.1"), exits=rules)
    account.set_price(20_000)
    signal = account.hold(entry_price=20_000, stop_price=18_000, target_price=24_000)
    account.reconcile()
    before = account.execution(signal).protection
    account.set_price(20_800)

    report = account.reconcile()

    known = account.execution(signal).protection
    assert report.repairs == {"tightened": 1}
    assert (before.cover, known.cover) == (Cover.COMPLETE, Cover.COMPLETE)
    assert known.order_id != before.order_id
    assert account.books.orders[known.order_id].stop_price > account.books.orders[before.order_id].stop_price


@pytest.mark.parametrize("unprotected", ["flatten", "warn"])
def test_a16_what_the_broker_will_not_guard_twice_is_decided_on_in_the_same_run(unprotected):
    account, signal, quantity = an_account(unprotected=unprotected)
    end_legs(account)
    account.faults["submit"] = [NO, NO]

    first = account.reconcile()
    account.pass_time(60)
    second = account.reconcile()

    assert first.problems == {signal.signal_id: "not guarded: not today"}
    assert first.repairs == {}
    if unprotected == "flatten":
        assert second.repairs == {"left": 1}
        assert [order.quantity for order in account.orders("exit")] == [quantity]
    else:
        assert second.problems == {signal.signal_id: "the broker will not guard it"}
        assert account.orders("exit") == []


def test_what_the_broker_is_slow_to_cancel_is_cancelled_three_times_in_a_run():
    book, exchange = Book(), Exchange(held={"AAPL": HELD}, prices={held().symbol: Decimal(100)})
    exchange.add(an_entry().model_copy(update={"legs": (a_target(), ended(a_stop()))}))
    book.add(held())

    report = asyncio.run(reconcile(a_wiring(book, exchange, now=LATER)))

    assert exchange.asked("cancel") == ["cancel target"] * 3
    assert report.repairs == {"cancelled": 3}


class Cancelling(Exchange):
    """A broker whose cancellations are done at once."""

    async def cancel(self, order_id):
        self.orders = {
            each.order_id: each.model_copy(
                update={"legs": tuple(ended(leg) if leg.order_id == order_id else leg for leg in each.legs)}
            )
            for each in self.orders.values()
        }
        return await super().cancel(order_id)


def test_a16_a_target_is_cancelled_a_guard_refused_and_the_position_left_in_one_run():
    book, exchange = Book(), Cancelling(held={"AAPL": HELD}, prices={held().symbol: Decimal(100)})
    exchange.add(an_entry().model_copy(update={"legs": (a_target(), ended(a_stop()))}))
    exchange.faults["submit"] = NO
    book.add(held(protection=tried(1)))

    report = asyncio.run(reconcile(a_wiring(book, exchange, now=LATER)))

    assert report.repairs == {"cancelled": 1, "left": 1}
    assert [each.split()[0] for each in exchange.done if each.split()[0] in {"cancel", "submit"}] == [
        "cancel",
        "submit",
        "submit",
    ]


def test_a_guard_whose_acceptance_nobody_could_record_is_found_and_not_placed_again():
    book, exchange = Book(), Exchange(held={"AAPL": HELD}, prices={held().symbol: Decimal(100)})
    exchange.add(an_entry().model_copy(update={"legs": (ended(a_target()), ended(a_stop()))}))
    exchange.late["submit"] = SILENT
    book.add(held())
    first = asyncio.run(reconcile(a_wiring(book, exchange, now=LATER)))
    for order_id, order in exchange.orders.items():
        if order_id.endswith("-guard"):
            stop = a_stop().model_copy(update={"order_id": f"{order_id}-stop"})
            exchange.orders[order_id] = order.model_copy(update={"legs": (stop,), "order_class": "oco"})

    second = asyncio.run(reconcile(a_wiring(book, exchange, now=LATER)))

    (known,) = book.executions.values()
    assert (first.unanswered, second.unanswered) == (1, 0)
    assert len(exchange.asked("submit")) == 1
    assert (known.protection.cover, known.protection.naked_since) == (Cover.COMPLETE, None)
    assert known.protection.order_id == f"argo-argo-{known.signal_id}-guard"
