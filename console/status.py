"""`argo status`: what each account may do, what it holds, and how much room its limits leave."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

import typer
from rich.console import Console, Group
from rich.panel import Panel
from rich.text import Text

from argo.conservation import read_rows
from argo.domain.account import AccountState, TradingState
from argo.domain.account_status import OPEN_AT_MOST, AccountStatus, limits
from argo.domain.conservation import AccountSum, sums
from argo.domain.execution import Execution
from argo.domain.limits import Level
from argo.domain.tables import ConfigurationError
from argo.environment import load_configuration
from console.deployment import Deployment, StackOption, StateOption, open_deployment
from console.signals import days_with_records
from console.tables import facts_grid, output, plain_table
from worlds.embedded_aws import EmbeddedAwsError
from worlds.paths import CONFIGURATION, LAST_RUN

_COLOURS = {
    TradingState.ACTIVE: "green",
    TradingState.REDUCING: "yellow",
    TradingState.HALTED: "bold red",
    Level.OK: "",
    Level.WARNING: "yellow",
    Level.CRITICAL: "red",
    Level.BREACH: "bold red",
}


def status(
    state: StateOption = LAST_RUN,
    stack: StackOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show each account: trading state, equity, room under its limits, positions, open executions, heartbeat.

    All of it is the ledger's record, which the reconciler brings up to the broker every minute.
    """
    try:
        with open_deployment(state, stack) as deployment:
            accounts = asyncio.run(_read(deployment))
    except (ConfigurationError, EmbeddedAwsError) as error:
        Console(stderr=True).print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(2) from error
    if as_json:
        typer.echo(json.dumps([account.as_dict() for account in accounts], indent=2))
        return
    screen = output()
    for account in accounts:
        screen.print(_panel(account))


async def _read(deployment: Deployment) -> list[AccountStatus]:
    configuration = load_configuration(CONFIGURATION)
    executors = deployment.executors
    rows = await read_rows(deployment.ledger, executors, days_with_records(deployment.days, None, None))
    found = []
    for summed in sums(rows, executors):
        state = await deployment.ledger.account(summed.executor)
        profile = configuration.accounts.get(summed.executor)
        found.append(
            AccountStatus(
                executor=summed.executor,
                state=state,
                open_executions=await deployment.ledger.open_executions(summed.executor, limit=OPEN_AT_MOST),
                summed=summed,
                limits=limits(profile, state) if profile else [],
            )
        )
    return found


def _panel(account: AccountStatus) -> Panel:
    state = account.state
    parts = [
        facts_grid(
            {
                "trading state": _trading_state(state),
                "equity": f"{_money(state.equity)} USD, today {_money(account.day_profit, signed=True)}",
                "reserved": f"{_money(state.reserved_notional)} USD",
                "open executions": _counted(account.open_executions),
                "execution rate": _rate(account.summed),
                "last heartbeat": f"{state.observed_at:%F %T} UTC" if state.observed_at else "never",
            }
        )
    ]
    if account.limits:
        rooms = plain_table("Limits", "limit", "used", "of", "room", "level")
        for limit in account.limits:
            level = Text(limit.level, _COLOURS[limit.level])
            rooms.add_row(limit.name, _number(limit.used), _number(limit.limit), _number(limit.room), level)
        parts.append(rooms)
    if state.holdings:
        held = plain_table("Positions", "symbol", "side", "up to USD", "since (UTC)", "signal", "protection")
        for symbol, holding in sorted(state.holdings.items()):
            since = f"{holding.since:%F %T}"
            protection = account.protection(symbol)
            held.add_row(symbol, holding.side, _money(holding.notional), since, holding.signal_id, protection)
        parts.append(held)
    return Panel(Group(*parts), title=account.executor, title_align="left")


def _trading_state(state: AccountState) -> Text:
    said = Text(str(state.trading_state), _COLOURS[state.trading_state])
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


def _money(amount: Decimal | None, *, signed: bool = False) -> str:
    if amount is None:
        return "not known"
    return f"{amount:+,.2f}" if signed else f"{amount:,.2f}"


def _number(amount: Decimal) -> str:
    return f"{amount:,.0f}" if amount == amount.to_integral_value() else f"{amount:,.2f}"
