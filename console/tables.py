"""The tables a person reads."""

import sys
from collections.abc import Callable, Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from argo.domain.conservation import AccountSum, Row
from argo.domain.execution import ExecutionState
from argo.domain.signal import Side

_SHORT_ID = 8
_WIDTH_OF_A_FILE = 144
_WIDTH_FOR_IDS = 120
_COLOURS = {
    ExecutionState.REJECTED: "red",
    ExecutionState.DEAD_LETTERED: "red",
    ExecutionState.UNKNOWN: "red",
    ExecutionState.EXPIRED: "yellow",
    ExecutionState.DENIED: "yellow",
}


def output() -> Console:
    """Return the console that tables are printed on; wide enough for them where it is no terminal."""
    return Console(width=None if sys.stdout.isatty() else _WIDTH_OF_A_FILE)


def signals_table(rows: Sequence[Row], executors: Sequence[str], *, of: int, width: int) -> Table:
    """Return signals with state and order id or reason per account; with their ids where ``width`` allows."""
    with_ids = width >= _WIDTH_FOR_IDS
    table = plain_table(f"Signals: {len(rows)} of {of}, newest first")
    for heading in ("time (UTC)", *(("signal id",) if with_ids else ()), "symbol", "side"):
        table.add_column(heading, no_wrap=True)
    table.add_column("conf.", justify="right", no_wrap=True)
    for executor in executors:
        table.add_column(executor, overflow="fold")
    for row in rows:
        table.add_row(
            f"{row.created_at:%Y-%m-%d %H:%M:%S}",
            *((row.signal_id,) if with_ids else ()),
            row.symbol,
            Text(row.side, "green" if row.side is Side.BUY else "magenta"),
            f"{row.confidence:.1f}",
            *(_outcome(row, executor) for executor in executors),
        )
    return table


def sums_table(accounts: Sequence[AccountSum]) -> Table:
    """Return the conservation sum per account, one line a count."""
    table = plain_table("What became of them, per account")
    table.add_column("")
    for account in accounts:
        table.add_column(account.executor, justify="right")
    for heading, cell in _SUM_ROWS:
        table.add_row(heading, *(cell(account) for account in accounts))
    return table


def reasons_table(accounts: Sequence[AccountSum]) -> Table | None:
    """Return why signals did not become orders, per account, or None where all did."""
    reasons = sorted({reason for account in accounts for reason in account.reasons})
    if not reasons:
        return None
    table = plain_table("Why there was no order")
    table.add_column("reason")
    for account in accounts:
        table.add_column(account.executor, justify="right")
    for reason in reasons:
        table.add_row(reason, *(str(account.reasons.get(reason, 0)) for account in accounts))
    return table


def plain_table(title: str | None, *headings: str) -> Table:
    """Return an empty table in the command's style."""
    return Table(
        *headings,
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="bold",
        box=SIMPLE_HEAD,
    )


def facts_grid(facts: Mapping[str, object]) -> Table:
    """Return names with what is known of them, one line each."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in facts.items():
        grid.add_row(name, value if isinstance(value, Text) else str(value))
    return grid


def _outcome(row: Row, executor: str) -> Text:
    execution = row.executions.get(executor)
    if execution is None:
        return Text("not received yet" if executor in row.addressed else "not sent to it", "dim")
    said = [str(execution.state)]
    if execution.order_id:
        said.append(execution.order_id[:_SHORT_ID])
    if execution.reason:
        said.append(execution.reason)
    if execution.realised_profit is not None:
        said.append(f"{execution.realised_profit:+,.2f}")
    return Text(" ".join(said), _COLOURS.get(execution.state, ""))


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _orders(account: AccountSum) -> Text:
    return Text(str(account.with_order), "bold red" if account.is_silent else "bold green")


def _gap(account: AccountSum) -> Text:
    return Text(str(account.gap), "bold red" if account.gap else "")


_SUM_ROWS: Sequence[tuple[str, Callable[[AccountSum], RenderableType]]] = (
    ("signals", lambda account: str(account.signals)),
    ("= with an order", _orders),
    ("+ denied", lambda account: str(account.denied)),
    ("+ rejected by the broker", lambda account: str(account.rejected)),
    ("+ expired", lambda account: str(account.expired)),
    ("+ dead-lettered", lambda account: str(account.dead_lettered)),
    ("+ unresolved", lambda account: str(account.unresolved)),
    ("gap (must be 0)", _gap),
    ("execution rate: orders / (signals - denied)", lambda account: _percent(account.execution_rate)),
    ("orders / signals", lambda account: _percent(account.plain_share)),
    ("not sent: the account does not want them", lambda account: str(account.declined)),
    ("realised profit, USD", lambda account: f"{account.realised_profit:,.2f}"),
)
