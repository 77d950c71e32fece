"""The columns of an export: each has its type, its meaning and how it is read off a record.

The files, their Parquet schema and the reference's tables are made from these lists. A new column goes to the end
and none is renamed or moved: what reads an export today reads it after an upgrade.
"""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel

from argo.domain.execution import Execution, ExecutionState
from argo.domain.ledger import StoredSignal
from console.trades import (
    ENTRY,
    EXITS,
    Filled,
    Trade,
    ended_at,
    filled,
    latency,
    leg_id,
    ordered_at,
    r_multiple,
    reached,
    sent,
)

type Value = str | Decimal | int | datetime | Sequence[str] | None


class Kind(StrEnum):
    """A column's type, and what CSV and Parquet make of it."""

    in_csv: str
    in_parquet: str

    def __new__(cls, name: str, in_csv: str, in_parquet: str) -> "Kind":
        """Make a member from its name and its two forms."""
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


@dataclass(frozen=True, slots=True)
class Column[T]:
    """One column: ``value`` reads it off a record; None is an empty cell, or null."""

    name: str
    kind: Kind
    meaning: str
    value: Callable[[T], Value]


def as_json(content: object) -> str:
    """Write records, or what is made of them, as JSON on one line."""
    return json.dumps(content, default=_plain, separators=(",", ":"))


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"no JSON for {value!r}")


def _of_signal(name: str, kind: Kind, meaning: str) -> Column[StoredSignal]:
    return Column(name, kind, meaning, lambda stored: getattr(stored.signal, name))


def _of_outcome(name: str, kind: Kind, meaning: str) -> Column[StoredSignal]:
    return Column(f"outcome_{name}", kind, meaning, lambda stored: getattr(stored.outcome, name, None))


def _of_subject(name: str, kind: Kind, meaning: str) -> Column[Trade]:
    return Column(name, kind, meaning, lambda trade: getattr(trade.record.subject, name))


def _of_trade(name: str, kind: Kind, meaning: str) -> Column[Trade]:
    return Column(name, kind, meaning, lambda trade: getattr(trade, name))


def _of_execution(
    name: str, kind: Kind, meaning: str, value: Callable[[Execution], Value] | None = None
) -> Column[Trade]:
    """Return a column that is empty while no executor has taken the signal."""

    def read(trade: Trade) -> Value:
        if trade.execution is None:
            return None
        found: Value = value(trade.execution) if value else getattr(trade.execution, name)
        return found

    return Column(name, kind, meaning, read)


def _filled(
    name: str, kind: Kind, meaning: str, legs: Collection[str], figure: Callable[[Filled], Value]
) -> Column[Trade]:
    """Return a column of what some legs have filled; empty while nothing has."""
    return _of_execution(
        name, kind, meaning, lambda e: None if (found := filled(e, legs)) is None else figure(found)
    )


def _milliseconds(execution: Execution) -> int | None:
    return None if (taken := latency(execution)) is None else taken // timedelta(milliseconds=1)


SIGNAL_COLUMNS: Sequence[Column[StoredSignal]] = (
    _of_signal("signal_id", Kind.TEXT, "Derived from strategy, version, symbol, side, timeframe and bar"),
    _of_signal("created_at", Kind.TIME, "When it was made"),
    Column("mode", Kind.TEXT, "live, paper or simulated", lambda stored: stored.mode),
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
    Column("votes", Kind.JSON, "Each source's side, confidence and weight", lambda s: as_json(s.signal.votes)),
    Column("published_to", Kind.NAMES, "Accounts whose queue has it", lambda s: sorted(s.published_to)),
    Column("awaiting", Kind.NAMES, "Accounts whose queue lacks it still", lambda s: sorted(s.awaiting)),
    Column("declined", Kind.JSON, "Accounts that did not want it, with the reason", lambda s: as_json(s.declined)),
    _of_outcome("ending", Kind.TEXT, "target, stop, expiry or unseen; empty until it is known"),
    _of_outcome("at", Kind.TIME, "Start of the bar that decided"),
    _of_outcome("bars", Kind.INTEGER, "Number of that bar, the first after the signal's being 1"),
    _of_outcome("price", Kind.DECIMAL, "USD"),
    _of_outcome("realised_r", Kind.DECIMAL, "Result in units of the risk, before costs"),
)
"""A row per signal."""


TRADE_COLUMNS: Sequence[Column[Trade]] = (
    _of_subject("signal_id", Kind.TEXT, "The signal, as in signals"),
    _of_trade("executor", Kind.TEXT, "The account"),
    _of_subject("created_at", Kind.TIME, "When the signal was made"),
    _of_trade("mode", Kind.TEXT, "live, paper or simulated"),
    _of_subject("symbol", Kind.TEXT, "`AAPL`, `BTC/USD`"),
    _of_subject("side", Kind.TEXT, "Side of the entry: buy or sell"),
    _of_subject("confidence", Kind.DECIMAL, "Percent, 0-100"),
    _of_trade(
        "counted_as",
        Kind.TEXT,
        "Where `argo audit` counts it: with_order, denied, rejected, expired, dead_lettered or unresolved; "
        "or declined, which was never sent",
    ),
    _of_execution("state", Kind.TEXT, "Empty while no executor has taken the signal"),
    _of_trade("reason", Kind.TEXT, "Why there is no order"),
    _of_trade("obstacle", Kind.TEXT, "What the last attempt met, or where the signal waits"),
    _of_execution(
        "broker_message", Kind.TEXT, "The broker's words, if it refused", lambda e: e.detail.get("message")
    ),
    _of_execution("attempts", Kind.INTEGER, "How often the entry was sent"),
    _of_execution("client_order_id", Kind.TEXT, "The entry's, ours; also of one that was never sent"),
    _of_execution(
        "order_id", Kind.TEXT, "The entry's, the broker's; of a signal that closed a position, the exit's"
    ),
    _of_execution("take_profit_order_id", Kind.TEXT, "The bracket's target", lambda e: leg_id(e, "take_profit")),
    _of_execution("stop_loss_order_id", Kind.TEXT, "The bracket's stop", lambda e: leg_id(e, "stop_loss")),
    _of_execution(
        "exit_order_id", Kind.TEXT, "What closed it early", lambda e: e.exit.order_id if e.exit else None
    ),
    _of_execution(
        "guard_order_id",
        Kind.TEXT,
        "What the reconciler placed to guard it",
        lambda e: e.protection.order_id if e.protection else None,
    ),
    _of_execution("ordered_quantity", Kind.DECIMAL, "Shares or coins, as sent", lambda e: sent(e, "qty")),
    _of_execution("limit_price", Kind.DECIMAL, "USD, as sent", lambda e: sent(e, "limit_price")),
    _of_execution("stop_price", Kind.DECIMAL, "USD, as first planned", lambda e: e.planned_stop),
    _of_execution("target_price", Kind.DECIMAL, "USD, as first planned", lambda e: e.planned_target),
    _filled("entry_quantity", Kind.DECIMAL, "Shares or coins filled", ENTRY, lambda f: f.quantity),
    _filled("entry_price", Kind.DECIMAL, "USD, average, to nine places", ENTRY, lambda f: f.price),
    _filled("exit_quantity", Kind.DECIMAL, "Shares or coins taken back so far", EXITS, lambda f: f.quantity),
    _filled("exit_price", Kind.DECIMAL, "USD, average, to nine places", EXITS, lambda f: f.price),
    _filled("exit_leg", Kind.TEXT, "What filled last: take_profit, stop_loss or exit", EXITS, lambda f: f.leg),
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
    _filled("entered_at", Kind.TIME, "The entry filled", ENTRY, lambda f: f.at),
    _filled("exited_at", Kind.TIME, "The last exit filled", EXITS, lambda f: f.at),
    _of_execution("ended_at", Kind.TIME, "The execution ended", ended_at),
    _of_execution("signal_to_order_ms", Kind.INTEGER, "From created_at to ordered_at", _milliseconds),
    _of_execution("fills", Kind.JSON, "Order, leg, quantity, price and time of each", lambda e: as_json(e.fills)),
    _of_execution("history", Kind.JSON, "Every transition: time, worker, words", lambda e: as_json(e.history)),
    _of_execution(
        "order_body", Kind.JSON, "The order as sent", lambda e: as_json(e.order_body) if e.order_body else None
    ),
    _of_execution(
        "detail", Kind.JSON, "Numbers of gate and sizing, the broker's answer", lambda e: as_json(e.detail)
    ),
)
"""A row per signal and account that it was sent to or that declined it."""
