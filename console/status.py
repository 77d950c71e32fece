"""What each account may do, what it holds, and how much room its limits leave."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from argo.domain.account import AccountState, TradingState
from argo.domain.account_status import AccountStatus, status_of
from argo.domain.config import Configuration
from argo.domain.conservation import AccountSum, sums
from argo.domain.execution import Execution
from argo.domain.limits import Level
from console.deployment import Deployment
from console.tables import facts_grid, money, plain_table, unread

COLOURS = {
    TradingState.ACTIVE: "green",
    TradingState.REDUCING: "yellow",
    TradingState.HALTED: "bold red",
    Level.OK: "",
    Level.WARNING: "yellow",
    Level.CRITICAL: "red",
    Level.BREACH: "bold red",
}
"""How a state or a level looks; a level that is fine looks like nothing."""


async def read(deployment: Deployment, configuration: Configuration) -> list[AccountStatus]:
    """Read the status of every account that has a queue."""
    ledger, found = deployment.ledger, await deployment.records()
    return [
        status_of(
            await ledger.account(summed.executor),
            await ledger.open_executions(summed.executor),
            summed,
            configuration.accounts.get(summed.executor),
        )
        for summed in sums(found, deployment.executors)
    ]


def panel(account: AccountStatus) -> Panel:
    """Return an account's status to print."""
    state = account.state
    parts: list[RenderableType] = [
        facts_grid(
            {
                "trading state": _trading_state(state),
                "equity": f"{money(state.equity)} USD, today {money(account.day_profit, signed=True)}",
                "reserved": f"{money(state.reserved_notional)} USD",
                "open executions": _counted(account.open_executions),
                "execution rate": _rate(account.summed),
                "last heartbeat": f"{state.observed_at:%F %T} UTC" if state.observed_at else "never",
            }
        )
    ]
    if account.limits:
        rooms = (
            (
                limit.name,
                _number(limit.used),
                _number(limit.limit),
                _number(limit.room),
                Text(limit.level, COLOURS[limit.level]),
            )
            for limit in account.limits
        )
        parts.append(plain_table("Limits", "limit", "used", "of", "room", "level", rows=rooms))
    if state.holdings:
        headings = ("symbol", "side", "up to USD", "since (UTC)", "signal", "protection")
        held = (
            (
                symbol,
                holding.side,
                money(holding.notional),
                f"{holding.since:%F %T}",
                holding.signal_id,
                account.protection(symbol),
            )
            for symbol, holding in sorted(state.holdings.items())
        )
        parts.append(plain_table("Positions", *headings, rows=held))
    if account.unreadable:
        parts.append(unread(account.unreadable))
    return Panel(Group(*parts), title=account.executor, title_align="left")


def _trading_state(state: AccountState) -> Text:
    said = Text(str(state.trading_state), COLOURS[state.trading_state])
    if state.state_reason:
        said.append(f": {state.state_reason}", "default")
    if state.state_since:
        said.append(f", since {state.state_since:%F %T} UTC", "default")
    if state.resumes_on:
        said.append(f", until {state.resumes_on:%F}", "default")
    return said


def _counted(executions: Sequence[Execution]) -> str:
    counts = Counter(str(execution.state) for execution in executions)
    return ", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "none"


def _rate(summed: AccountSum) -> str:
    if summed.execution_rate is None:
        return f"no eligible signal of {summed.signals}"
    return f"{summed.execution_rate:.1%} of {summed.eligible} eligible, {summed.plain_share or 0:.1%} of all"


def _number(amount: Decimal) -> str:
    return f"{amount:,.0f}" if amount == amount.to_integral_value() else f"{amount:,.2f}"
