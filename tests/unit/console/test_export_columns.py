from collections import Counter
from dataclasses import fields
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo.domain.conservation import AccountSum, Part
from argo.domain.execution import Execution, ExecutionState, Transition
from argo.domain.ledger import SignalRecord, StoredSignal
from argo.domain.placements import Fill, OrderLeg
from argo.domain.reasons import DenialReason
from argo.domain.signal import Side, Signal, SignalOutcome
from console.export.columns import DECLINED, SIGNAL_COLUMNS, TRADE_COLUMNS, Kind, trades_of
from console.reference import reference
from tests.unit.builders import NOW, a_signal
from tests.unit.console.records import in_state

WORKED_OUT_OF = {
    "epoch": "history",
    "lease_until": None,  # a worker's, not the trade's
    "expires_at": None,  # the signal's, as the next
    "timeframe": None,
    "closes": None,  # of a signal that closes another's position, whose order it has then
    "missing_since": "history",
    "sent_again": "history",
    "planned_stop": "stop_price",
    "planned_target": "target_price",
    "legs": "take_profit_order_id",
    "exit": "exit_order_id",
    "protection": "guard_order_id",
    "reserved_notional": None,  # nothing, once the trade has ended
    "reserved_risk": None,
    "updated_at": "history",
    "revision": "history",
}
"""Fields of an execution that are no column by their own name, and where they are seen."""


def stored(**changes):
    known = {"signal": a_signal(), "mode": "paper", "published_to": frozenset({"argo"}), "awaiting": frozenset()}
    return StoredSignal(**known | changes)


def a_trade(known, execution):
    (trade,) = trades_of(SignalRecord(known, {} if execution is None else {"argo": execution}))
    return trade


def row(trade):
    return {column.name: column.value(trade) for column in TRADE_COLUMNS}


def a_fill(leg, quantity, price, seconds=0):
    fields_ = {"order_id": leg, "leg": leg, "quantity": quantity, "price": price}
    return Fill(**fields_, at=NOW + timedelta(seconds=seconds))


def a_closed(**changes):
    known = {
        "detail": {"stop_price": "95.00", "target_price": "110.00"},
        "fills": (a_fill("entry", "10", "100"), a_fill("take_profit", "10", "110", 60)),
        "realised_profit": Decimal(100),
    }
    return in_state(ExecutionState.CLOSED, **known | changes)


def test_every_field_of_a_signal_is_a_column():
    columns = {column.name for column in SIGNAL_COLUMNS}

    assert set(Signal.model_fields) <= columns
    assert {f"outcome_{name}" for name in SignalOutcome.model_fields} <= columns
    assert {each.name for each in fields(StoredSignal)} - {"signal", "outcome"} <= columns


def test_every_field_of_an_execution_is_a_column_or_has_a_reason_not_to_be():
    columns = {column.name for column in TRADE_COLUMNS}

    assert set(Execution.model_fields) - columns == set(WORKED_OUT_OF)
    assert {name for name in WORKED_OUT_OF.values() if name} <= columns


@pytest.mark.parametrize("columns", [SIGNAL_COLUMNS, TRADE_COLUMNS], ids=["signals", "trades"])
def test_no_name_is_used_twice_and_every_column_is_in_the_reference(columns):
    assert max(Counter(column.name for column in columns).values()) == 1
    for column in columns:
        assert f"| `{column.name}` | {column.kind} | {column.meaning} |" in reference()


@pytest.mark.parametrize("kind", Kind)
def test_the_reference_says_what_either_format_makes_of_a_type(kind):
    assert f"| {kind} | {kind.in_csv} | {kind.in_parquet} |" in reference()


@given(st.lists(st.none() | st.sampled_from(ExecutionState)), st.integers(0, 3))
def test_trades_are_counted_as_the_conservation_sum_counts_them(states, declined):
    executions = [in_state(state) if state else None for state in states]
    summed = AccountSum("argo", declined=declined)
    for execution in executions:
        if execution is None:
            summed.unresolved += 1
        else:
            summed.add(execution)
    refusing = stored(published_to=frozenset(), declined={"argo": "symbol_not_allowed"})
    trades = [a_trade(stored(), execution) for execution in executions]
    trades += [a_trade(refusing, None)] * declined

    counts = Counter(trade.counted_as for trade in trades)

    assert counts == Counter({part.value: getattr(summed, part) for part in Part} | {DECLINED: declined})


def test_a_declined_signal_says_why():
    refusing = stored(published_to=frozenset(), declined={"argo": DenialReason.SYMBOL_NOT_ALLOWED})

    found = row(a_trade(refusing, None))

    assert (found["counted_as"], found["state"]) == ("declined", None)
    assert (found["reason"], found["obstacle"]) == ("symbol_not_allowed", None)


@pytest.mark.parametrize(("awaiting", "obstacle"), [({"argo"}, "not_sent"), ((), "not_received")])
def test_a_signal_that_nobody_has_taken_says_where_it_waits(awaiting, obstacle):
    found = row(a_trade(stored(awaiting=frozenset(awaiting)), None))

    assert (found["counted_as"], found["obstacle"], found["reason"]) == ("unresolved", obstacle, None)


def test_an_execution_whose_signal_the_ledger_lacks_is_a_row_too():
    found = row(a_trade(None, in_state(ExecutionState.SUBMITTED)))

    assert (found["signal_id"], found["symbol"], found["mode"]) == (a_signal().signal_id, "AAPL", "simulated")
    assert found["counted_as"] == "with_order"


def test_a_profit_is_so_many_times_what_the_stop_risked():
    found = row(a_trade(stored(), a_closed()))

    assert (found["entry_price"], found["exit_price"], found["exit_leg"]) == (100, 110, "take_profit")
    assert (found["realised_profit"], found["r_multiple"]) == (100, 2)


def test_a_short_sales_loss_at_the_stop_is_one_risk():
    fills = (a_fill("entry", "10", "100"), a_fill("stop_loss", "10", "105", 60))
    short = a_closed(side=Side.SELL, detail={"stop_price": "105"}, fills=fills, realised_profit=Decimal(-50))

    assert row(a_trade(stored(), short))["r_multiple"] == -1


@pytest.mark.parametrize(
    "changes",
    [{"realised_profit": None}, {"detail": {}}, {"fills": ()}, {"detail": {"stop_price": "100"}}],
    ids=["open", "no stop", "no fill", "no risk"],
)
def test_without_a_profit_or_a_risk_there_is_no_multiple(changes):
    assert row(a_trade(stored(), a_closed(**changes)))["r_multiple"] is None


def test_several_exits_have_one_average_price():
    fills = (a_fill("entry", "3", "100"), a_fill("exit", "1", "101", 5), a_fill("stop_loss", "2", "99", 9))

    found = row(a_trade(stored(), a_closed(fills=fills)))

    assert (found["exit_quantity"], found["exit_price"]) == (3, Decimal("99.666666667"))
    assert (found["exit_leg"], found["exited_at"]) == ("stop_loss", NOW + timedelta(seconds=9))


def test_what_was_bought_back_is_neither_entry_nor_exit():
    fills = (a_fill("entry", "3", "100"), a_fill("exit", "4", "101", 5), a_fill("correction", "1", "200", 9))

    found = row(a_trade(stored(), a_closed(fills=fills)))

    assert (found["entry_quantity"], found["exit_quantity"], found["exit_price"]) == (3, 4, 101)


def test_the_times_are_those_of_the_history():
    steps = ("CLAIMED", "SUBMITTING", "UNKNOWN", "SUBMITTED", "FILLED", "SUBMITTED", "CLOSED")
    history = tuple(
        Transition(state=state, at=NOW + timedelta(milliseconds=1_500 * index), epoch=1)
        for index, state in enumerate(steps)
    )

    found = row(a_trade(stored(), a_closed(history=history)))

    since = {name: found[name] - NOW for name in ("claimed_at", "intended_at", "ordered_at", "ended_at")}
    assert [span / timedelta(seconds=1.5) for span in since.values()] == [0, 1, 3, 6]
    assert found["signal_to_order_ms"] == 4_500


def test_an_order_that_was_never_placed_has_no_time():
    found = row(a_trade(stored(), in_state(ExecutionState.DENIED)))

    assert (found["ordered_at"], found["signal_to_order_ms"], found["order_body"]) == (None, None, None)


def test_orders_are_named_by_what_they_are():
    legs = (
        OrderLeg(order_id="t1", role="take_profit", status="new"),
        OrderLeg(order_id="s1", role="stop_loss", status="held"),
    )
    body = {"qty": "12", "limit_price": "100.25"}

    found = row(a_trade(stored(), in_state(ExecutionState.SUBMITTED, legs=legs, order_body=body)))

    assert (found["take_profit_order_id"], found["stop_loss_order_id"]) == ("t1", "s1")
    assert (found["ordered_quantity"], found["limit_price"]) == (12, Decimal("100.25"))
