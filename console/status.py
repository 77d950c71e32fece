"""`argo status`: what each account may do, what it holds, and how much room its limits leave."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.console import Console, Group
from rich.panel import Panel
from rich.text import Text

from argo.domain.account import AccountState, TradingState
from argo.domain.execution import Execution
from argo.domain.limits import EquityMarks, Level, Limit, loss_limits
from argo.domain.profile import Profile
from argo.domain.tables import ConfigurationError
from argo.domain.values import iso
from argo.environment import load_configuration
from console.deployment import Deployment, StackOption, StateOption, open_deployment
from console.embedded_aws import EmbeddedAwsError
from console.paths import CONFIGURATION, LAST_RUN
from console.signals import days_with_records
from console.summary import AccountSum, read_rows, sums
from console.tables import facts_grid, output, plain_table

_OPEN_AT_MOST = 500
_COLOURS = {
    TradingState.ACTIVE: "green",
    TradingState.REDUCING: "yellow",
    TradingState.HALTED: "bold red",
    Level.OK: "",
    Level.WARNING: "yellow",
    Level.CRITICAL: "red",
    Level.BREACH: "bold red",
}


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """One account as the ledger has it; amounts in USD. The reconciler's last look is the heartbeat."""

    executor: str
    state: AccountState
    open_executions: Sequence[Execution]
    summed: AccountSum
    limits: Sequence[Limit]

    @property
    def day_profit(self) -> Decimal | None:
        """The day's profit or loss, open positions included."""
        equity, start = self.state.equity, self.state.day_start_equity
        return None if equity is None or start is None else equity - start

    def protection(self, symbol: str) -> str:
        """Say which exits the broker holds for a position, as its execution was last seen."""
        holding = self.state.holdings[symbol]
        execution = next((each for each in self.open_executions if each.signal_id == holding.signal_id), None)
        if execution is None:
            return "no open execution"
        return ", ".join(f"{leg.role} {leg.status}" for leg in execution.legs) or "none"

    def as_dict(self) -> dict[str, Any]:
        """Return the status as plain JSON; money as text."""
        state = self.state
        return {
            "executor": self.executor,
            "trading_state": state.trading_state,
            "reason": state.state_reason,
            "since": iso(state.state_since) if state.state_since else None,
            "resumes_on": state.resumes_on.isoformat() if state.resumes_on else None,
            "equity": _text(state.equity),
            "day_profit": _text(self.day_profit),
            "reserved_notional": str(state.reserved_notional),
            "last_heartbeat": iso(state.observed_at) if state.observed_at else None,
            "open_executions": dict(Counter(str(each.state) for each in self.open_executions)),
            "execution_rate": self.summed.execution_rate,
            "limits": [
                {
                    "name": limit.name,
                    "used": str(limit.used),
                    "limit": str(limit.limit),
                    "room": str(limit.room),
                    "level": limit.level,
                }
                for limit in self.limits
            ],
            "positions": [
                {
                    "symbol": symbol,
                    "side": holding.side,
                    "notional": str(holding.notional),
                    "since": iso(holding.since),
                    "signal_id": holding.signal_id,
                    "protection": self.protection(symbol),
                }
                for symbol, holding in sorted(state.holdings.items())
            ],
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
                open_executions=await deployment.ledger.open_executions(summed.executor, limit=_OPEN_AT_MOST),
                summed=summed,
                limits=limits(profile, state) if profile else [],
            )
        )
    return found


def limits(profile: Profile, state: AccountState) -> list[Limit]:
    """Return a profile's limits as the ledger's record has used them: USD, or positions."""
    found: list[Limit] = []
    if state.trading_day and state.equity is not None and state.day_start_equity is not None:
        known = EquityMarks(
            trading_day=state.trading_day,
            equity=state.equity,
            day_start=state.day_start_equity,
            start=state.starting_equity or state.day_start_equity,
            peak=state.peak_equity or state.equity,
        )
        found += loss_limits(profile, known)
        if profile.exposure_limit_percent is not None:
            exposure = sum((holding.notional for holding in state.holdings.values()), Decimal(0))
            found.append(Limit("exposure", exposure, state.equity * profile.exposure_limit_percent / 100))
    if profile.position_limit is not None:
        found.append(Limit("positions", Decimal(len(state.holdings)), Decimal(profile.position_limit)))
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


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)
