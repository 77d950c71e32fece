"""What became of signals, as a person and as a program read it."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import typer
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from argo.domain.conservation import AccountSum
from argo.domain.execution import ExecutionState
from argo.domain.ledger import SignalRecord
from argo.domain.signal import Side
from argo.domain.values import iso
from console.screen import output
from console.tables import money, percent, plain_table

_SHORT_ID = 8
_WIDTH_FOR_IDS = 120
_COLOURS = {
    ExecutionState.REJECTED: "red",
    ExecutionState.DEAD_LETTERED: "red",
    ExecutionState.UNKNOWN: "red",
    ExecutionState.EXPIRED: "yellow",
    ExecutionState.DENIED: "yellow",
}


def show_tables(found: Sequence[SignalRecord], accounts: Sequence[AccountSum], *, most: int) -> None:
    """Print the newest signals, the accounts' sums, and why there was no order."""
    screen, executors = output(), [account.executor for account in accounts]
    screen.print(signals_table(found[:most], executors, of=len(found), width=screen.width))
    screen.print(sums_table(accounts))
    if (reasons := reasons_table(accounts)) is not None:
        screen.print(reasons)


def show_json(found: Sequence[SignalRecord], accounts: Sequence[AccountSum], **told: object) -> None:
    """Print signals and sums, behind what else is ``told``."""
    signals = [as_dict(record) for record in found]
    typer.echo(
        json.dumps({**told, "signals": signals, "accounts": [each.as_dict() for each in accounts]}, indent=2)
    )


def as_dict(record: SignalRecord) -> dict[str, Any]:
    """Return a signal and its outcomes as plain JSON, with full ids; money as text."""
    subject = record.subject
    return {
        "time": iso(subject.created_at),
        "signal_id": subject.signal_id,
        "symbol": subject.symbol,
        "side": subject.side,
        "confidence": float(subject.confidence),
        "executions": {
            executor: {
                "state": execution.state,
                "order_id": execution.order_id,
                "client_order_id": execution.client_order_id,
                "reason": execution.reason,
                "realised_profit": None if (profit := execution.realised_profit) is None else str(profit),
            }
            for executor, execution in record.executions.items()
        },
    }


def signals_table(records: Sequence[SignalRecord], executors: Sequence[str], *, of: int, width: int) -> Table:
    """Return signals with state and order id or reason per account; with their ids where ``width`` allows."""
    with_ids = width >= _WIDTH_FOR_IDS
    table = plain_table(f"Signals: {len(records)} of {of}, newest first")
    for heading in ("time (UTC)", *(("signal id",) if with_ids else ()), "symbol", "side"):
        table.add_column(heading, no_wrap=True)
    table.add_column("conf.", justify="right", no_wrap=True)
    for executor in executors:
        table.add_column(executor, overflow="fold")
    for record in records:
        subject = record.subject
        table.add_row(
            f"{subject.created_at:%Y-%m-%d %H:%M:%S}",
            *((subject.signal_id,) if with_ids else ()),
            subject.symbol,
            Text(subject.side, "green" if subject.side is Side.BUY else "magenta"),
            f"{subject.confidence:.1f}",
            *(_outcome(record, executor) for executor in executors),
        )
    return table


def sums_table(accounts: Sequence[AccountSum]) -> Table:
    """Return the conservation sum per account, one line a count."""
    rows = [[heading, *(cell(account) for account in accounts)] for heading, cell in _SUM_ROWS.items()]
    return plain_table("What became of them, per account", "", *_names(accounts), rows=rows)


def reasons_table(accounts: Sequence[AccountSum]) -> Table | None:
    """Return why signals did not become orders, per account, or None where all did."""
    reasons = sorted({reason for account in accounts for reason in account.reasons})
    rows = [[reason, *(str(account.reasons.get(reason, 0)) for account in accounts)] for reason in reasons]
    return plain_table("Why there was no order", "reason", *_names(accounts), rows=rows) if rows else None


def waits_or_not_sent(record: SignalRecord, executor: str) -> str:
    """Say why an account has no execution of a signal."""
    return "not received yet" if executor in record.addressed else "not sent to it"


def _names(accounts: Sequence[AccountSum]) -> list[str]:
    return [f">{account.executor}" for account in accounts]


def _outcome(record: SignalRecord, executor: str) -> Text:
    execution = record.executions.get(executor)
    if execution is None:
        return Text(waits_or_not_sent(record, executor), "dim")
    profit = execution.realised_profit
    said = (
        execution.state,
        (execution.order_id or "")[:_SHORT_ID],
        execution.reason,
        None if profit is None else money(profit, signed=True),
    )
    return Text(" ".join(each for each in said if each), _COLOURS.get(execution.state, ""))


_SUM_ROWS: Mapping[str, Callable[[AccountSum], RenderableType]] = {
    "signals": lambda account: str(account.signals),
    "= with an order": lambda account: Text(
        str(account.with_order), "bold red" if account.is_silent else "bold green"
    ),
    "+ denied": lambda account: str(account.denied),
    "+ rejected by the broker": lambda account: str(account.rejected),
    "+ expired": lambda account: str(account.expired),
    "+ dead-lettered": lambda account: str(account.dead_lettered),
    "+ unresolved": lambda account: str(account.unresolved),
    "gap (must be 0)": lambda account: Text(str(account.gap), "bold red" if account.gap else ""),
    "execution rate: orders / (signals - denied)": lambda account: percent(account.execution_rate),
    "orders / signals": lambda account: percent(account.plain_share),
    "not sent: the account does not want them": lambda account: str(account.declined),
    "realised profit, USD": lambda account: money(account.realised_profit),
}
