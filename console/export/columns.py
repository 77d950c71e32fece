"""The columns of an export: each has its type, its meaning and how it is read off a record.

The files, their Parquet schema and the reference's tables are made from these lists. A new column goes to the end
and none is renamed or moved: what reads an export today reads it after an upgrade.
"""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import partial
from operator import attrgetter, methodcaller
from typing import Any, NamedTuple

from argo.domain.conservation import Part, part_of, standstill
from argo.domain.execution import Execution, ExecutionState
from argo.domain.ledger import SignalRecord, StoredSignal
from console.trades import ENTRY, EXITS, filled, latency, ordered_at, r_multiple, reached

DECLINED = "declined"
"""What a signal is counted as at an account that was never sent it."""

type Value = str | Decimal | int | datetime | Sequence[str] | None


class Kind(StrEnum):
    """A column's type, and what CSV and Parquet make of it."""

    in_csv: str
    in_parquet: str

    def __new__(cls, name: str, in_csv: str, in_parquet: str) -> "Kind":
        member = str.__new__(cls, name)
        member._value_ = name
        member.in_csv = in_csv
        member.in_parquet = in_parquet
        return member

    TEXT = (
        "text",
        "as it is; one that begins with `=`, `+`, `-`, `@`, `'`, a tab or a line's end gets `'` before it, "
        "so that no spreadsheet runs it",
        "string",
    )
    NAMES = "names", "a space between two", "list of string"
    DECIMAL = "decimal", "every digit, no exponent", "decimal128(38, 18)"
    INTEGER = "integer", "digits", "int64"
    TIME = "time", "ISO 8601 in UTC, six places: `2026-11-20T14:30:00.000000Z`", "timestamp[us, tz=UTC]"
    JSON = "JSON", "JSON", "string, JSON"


class Column[T](NamedTuple):
    """One column: ``value`` reads it off a record; None is an empty cell, or null."""

    name: str
    kind: Kind
    meaning: str
    value: Callable[[T], Value]


class Trade(NamedTuple):
    """A signal at one account, as `trades_of` has it.

    ``mode`` is the one that the record was written in, ``counted_as`` the count of the conservation sum that it is
    in, or `DECLINED`, ``reason`` why there is no order, and ``obstacle`` what the last attempt met, or where a
    signal waits that nobody has taken.
    """

    executor: str
    record: SignalRecord
    execution: Execution | None
    mode: str | None
    counted_as: str
    reason: str | None
    obstacle: str | None


def trades_of(record: SignalRecord) -> list[Trade]:
    """Return a signal at every account that was sent it, declined it, or executed it all the same."""
    return [_trade(name, record) for name in sorted({*record.addressed, *record.declined, *record.executions})]


def _trade(executor: str, record: SignalRecord) -> Trade:
    execution, declined = record.executions.get(executor), record.declined.get(executor)
    if execution is not None:
        told = (execution.mode, part_of(execution), execution.reason, execution.obstacle)
        return Trade(executor, record, execution, *told)
    mode = record.stored.mode if record.stored else None
    if declined or not record.stored:
        return Trade(executor, record, None, mode, DECLINED if declined else Part.UNRESOLVED, declined, None)
    return Trade(executor, record, None, mode, Part.UNRESOLVED, None, standstill(record.stored, executor))


type Step = Callable[[Any], Any]


def _column(
    root: Sequence[Step], name: str, kind: Kind, meaning: str, last: str | Step | None = None
) -> Column[Any]:
    """Return a column that is read off a record step by step, and is empty where there is nothing on the way.

    The steps are those in ``root``, then the attributes in ``last`` or what it works out; by default the name.
    """
    end = [last] if callable(last) else [attrgetter(each) for each in (last or name).split(".")]

    def value(found: Any) -> Value:  # noqa: ANN401 - a record, then what is in it
        for step in (*root, *end):
            if found is None:
                return None
            found = step(found)
        if kind is Kind.JSON and found is not None:
            return json.dumps(found, default=methodcaller("model_dump", mode="json"), separators=(",", ":"))
        return sorted(found) if kind is Kind.NAMES else found

    return Column(name, kind, meaning, value)


_execution = attrgetter("execution")
_of_record = partial(_column, ())
_of_signal = partial(_column, (attrgetter("signal"),))
_of_outcome = partial(_column, (attrgetter("outcome"),))
_of_subject = partial(_column, (attrgetter("record.subject"),))
_of_execution = partial(_column, (_execution,))
_of_entry = partial(_column, (_execution, partial(filled, legs=ENTRY)))
_of_exit = partial(_column, (_execution, partial(filled, legs=EXITS)))


def _leg_id(execution: Execution, role: str) -> str | None:
    return next((leg.order_id for leg in execution.legs if leg.role == role), None)


def _sent(execution: Execution, name: str) -> Decimal | None:
    body = execution.order_body or {}
    return Decimal(str(body[name])) if name in body else None


def _ended_at(execution: Execution) -> datetime | None:
    return execution.history[-1].at if execution.state.is_terminal and execution.history else None


def _milliseconds(execution: Execution) -> int | None:
    return None if (taken := latency(execution)) is None else taken // timedelta(milliseconds=1)


SIGNAL_COLUMNS: Sequence[Column[StoredSignal]] = (
    _of_signal("signal_id", Kind.TEXT, "Derived from strategy, version, symbol, side, timeframe and bar"),
    _of_signal("created_at", Kind.TIME, "When it was made"),
    _of_record("mode", Kind.TEXT, "live, paper or simulated"),
    _of_signal("symbol", Kind.TEXT, "`AAPL`, `BTC/USD`"),
    _of_signal("side", Kind.TEXT, "buy or sell"),
    _of_signal("confidence", Kind.DECIMAL, "Percent, 0-100"),
    _of_signal("entry_price", Kind.DECIMAL, "USD"),
    _of_signal("stop_price", Kind.DECIMAL, "USD"),
    _of_signal("target_price", Kind.DECIMAL, "USD"),
    _of_signal("volatility", Kind.DECIMAL, "As a fraction of the price: 0.02 is two percent"),
    _of_signal("strategy", Kind.TEXT, "Whose signal it is"),
    _of_signal("strategy_version", Kind.TEXT, "In which version"),
    _of_signal("timeframe", Kind.TEXT, "Length of a bar: `1Min`, `1Day`"),
    _of_signal("bar_time", Kind.TIME, "Start of the bar it was seen on"),
    _of_signal("expires_at", Kind.TIME, "From then on nothing is sent for it"),
    _of_signal("regime", Kind.TEXT, "bull, bear, chop, crisis or not_warm"),
    _of_signal("schema_version", Kind.INTEGER, "Of the queue's message"),
    _of_signal("votes", Kind.JSON, "Each source's side, confidence and weight"),
    _of_record("published_to", Kind.NAMES, "Accounts whose queue has it"),
    _of_record("awaiting", Kind.NAMES, "Accounts whose queue lacks it still"),
    _of_record("declined", Kind.JSON, "Accounts that did not want it, with the reason"),
    _of_outcome("outcome_ending", Kind.TEXT, "target, stop, expiry or unseen; empty until it is known", "ending"),
    _of_outcome("outcome_at", Kind.TIME, "Start of the bar that decided", "at"),
    _of_outcome("outcome_bars", Kind.INTEGER, "Number of that bar, the first after the signal's being 1", "bars"),
    _of_outcome("outcome_price", Kind.DECIMAL, "USD", "price"),
    _of_outcome("outcome_realised_r", Kind.DECIMAL, "Result in units of the risk, before costs", "realised_r"),
)
"""A row per signal."""


TRADE_COLUMNS: Sequence[Column[Trade]] = (
    _of_subject("signal_id", Kind.TEXT, "The signal, as in signals"),
    _of_record("executor", Kind.TEXT, "The account"),
    _of_subject("created_at", Kind.TIME, "When the signal was made"),
    _of_record("mode", Kind.TEXT, "live, paper or simulated"),
    _of_subject("symbol", Kind.TEXT, "`AAPL`, `BTC/USD`"),
    _of_subject("side", Kind.TEXT, "Side of the entry: buy or sell"),
    _of_subject("confidence", Kind.DECIMAL, "Percent, 0-100"),
    _of_record(
        "counted_as",
        Kind.TEXT,
        "Where `argo audit` counts it: with_order, denied, rejected, expired, dead_lettered or unresolved; "
        "or declined, which was never sent",
    ),
    _of_execution("state", Kind.TEXT, "Empty while no executor has taken the signal"),
    _of_record("reason", Kind.TEXT, "Why there is no order"),
    _of_record("obstacle", Kind.TEXT, "What the last attempt met, or where the signal waits"),
    _of_execution(
        "broker_message", Kind.TEXT, "The broker's words, if it refused", lambda e: e.detail.get("message")
    ),
    _of_execution("attempts", Kind.INTEGER, "How often the entry was sent"),
    _of_execution("client_order_id", Kind.TEXT, "The entry's, ours; also of one that was never sent"),
    _of_execution(
        "order_id", Kind.TEXT, "The entry's, the broker's; of a signal that closed a position, the exit's"
    ),
    _of_execution("take_profit_order_id", Kind.TEXT, "The bracket's target", lambda e: _leg_id(e, "take_profit")),
    _of_execution("stop_loss_order_id", Kind.TEXT, "The bracket's stop", lambda e: _leg_id(e, "stop_loss")),
    _of_execution("exit_order_id", Kind.TEXT, "What closed it early", "exit.order_id"),
    _of_execution("guard_order_id", Kind.TEXT, "What the reconciler placed to guard it", "protection.order_id"),
    _of_execution("ordered_quantity", Kind.DECIMAL, "Shares or coins, as sent", lambda e: _sent(e, "qty")),
    _of_execution("limit_price", Kind.DECIMAL, "USD, as sent", lambda e: _sent(e, "limit_price")),
    _of_execution("stop_price", Kind.DECIMAL, "USD, as first planned", "planned_stop"),
    _of_execution("target_price", Kind.DECIMAL, "USD, as first planned", "planned_target"),
    _of_entry("entry_quantity", Kind.DECIMAL, "Shares or coins filled", "quantity"),
    _of_entry("entry_price", Kind.DECIMAL, "USD, average, to nine places", "price"),
    _of_exit("exit_quantity", Kind.DECIMAL, "Shares or coins taken back so far", "quantity"),
    _of_exit("exit_price", Kind.DECIMAL, "USD, average, to nine places", "price"),
    _of_exit("exit_leg", Kind.TEXT, "What filled last: take_profit, stop_loss or exit", "leg"),
    _of_execution("realised_profit", Kind.DECIMAL, "USD, before fees: the ledger knows none"),
    _of_execution("r_multiple", Kind.DECIMAL, "Profit by what the entry risked at its first stop", r_multiple),
    _of_execution("claimed_at", Kind.TIME, "An executor took it", lambda e: reached(e, ExecutionState.CLAIMED)),
    _of_execution(
        "intended_at",
        Kind.TIME,
        "Order and reservation were written",
        lambda e: reached(e, ExecutionState.SUBMITTING),
    ),
    _of_execution("ordered_at", Kind.TIME, "The broker had the order", ordered_at),
    _of_entry("entered_at", Kind.TIME, "The entry filled", "at"),
    _of_exit("exited_at", Kind.TIME, "The last exit filled", "at"),
    _of_execution("ended_at", Kind.TIME, "The execution ended", _ended_at),
    _of_execution("signal_to_order_ms", Kind.INTEGER, "From created_at to ordered_at", _milliseconds),
    _of_execution("fills", Kind.JSON, "Order, leg, quantity, price and time of each"),
    _of_execution("history", Kind.JSON, "Every transition: time, worker, words; of equal ones `times` and `last`"),
    _of_execution("order_body", Kind.JSON, "The order as sent"),
    _of_execution("detail", Kind.JSON, "Numbers of gate and sizing, the broker's answer"),
)
"""A row per signal and account that it was sent to or that declined it."""
