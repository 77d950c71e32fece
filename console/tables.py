"""The tables a person reads."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from argo.domain.execution import Execution, ExecutionState
from argo.domain.signal import Side
from console.summary import AccountSum, Row

_SHORT_ID = 8
_COLOURS = {
    ExecutionState.REJECTED: "red",
    ExecutionState.DEAD_LETTERED: "red",
    ExecutionState.UNKNOWN: "red",
    ExecutionState.EXPIRED: "yellow",
    ExecutionState.DENIED: "yellow",
}


def signals_table(rows: Sequence[Row], executors: Sequence[str], *, of: int | None = None) -> Table:
    """Return signals with state and order id or reason per account."""
    shown = f"Signals ({len(rows)} of {of}, newest first)" if of and of > len(rows) else f"Signals ({len(rows)})"
    table = Table(title=shown, title_justify="left", header_style="bold")
    table.add_column("time (UTC)", no_wrap=True)
    table.add_column("symbol", no_wrap=True)
    table.add_column("side", no_wrap=True)
    table.add_column("conf.", justify="right", no_wrap=True)
    for executor in executors:
        table.add_column(f"{executor}: state, order id or reason", overflow="fold")
    for row in rows:
        signal = row.signal
        table.add_row(
            f"{signal.created_at:%Y-%m-%d %H:%M:%S}",
            signal.symbol,
            Text(signal.side, "green" if signal.side is Side.BUY else "magenta"),
            f"{signal.confidence:.1f}",
            *(_outcome(row.executions.get(executor)) for executor in executors),
        )
    return table


def sums_table(accounts: Sequence[AccountSum]) -> Table:
    """Return the conservation sum per account: signals = the counts to the right of them."""
    table = Table(title="What became of the signals, per account", title_justify="left", header_style="bold")
    table.add_column("account", no_wrap=True)
    for heading in ("signals", "= orders", "+ denied", "+ rejected", "+ expired", "+ dead", "+ open", "gap"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("execution rate", justify="right")
    table.add_column("of all", justify="right")
    table.add_column("profit USD", justify="right")
    for account in accounts:
        table.add_row(
            account.executor,
            str(account.signals),
            Text(str(account.with_order), "bold red" if account.is_silent else "bold green"),
            str(account.denied),
            str(account.rejected),
            str(account.expired),
            str(account.dead_lettered),
            str(account.unresolved),
            Text(str(account.gap), "bold red" if account.gap else ""),
            _percent(account.execution_rate),
            _percent(account.plain_share),
            f"{account.realised_profit:,.2f}",
        )
    return table


def reasons_table(accounts: Sequence[AccountSum]) -> Table | None:
    """Return why signals did not become orders, per account, or None where all did."""
    reasons = sorted({reason for account in accounts for reason in account.reasons})
    if not reasons:
        return None
    table = Table(title="Why there was no order", title_justify="left", header_style="bold")
    table.add_column("reason")
    for account in accounts:
        table.add_column(account.executor, justify="right")
    for reason in reasons:
        table.add_row(reason, *(str(account.reasons.get(reason, 0)) for account in accounts))
    return table


def _outcome(execution: Execution | None) -> Text:
    if execution is None:
        return Text("not received yet", "dim")
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
