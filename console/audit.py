"""`argo audit`: the conservation sum of a period, what is unresolved in it, and why nothing was ordered."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.table import Table

from argo import records
from argo.adapters.clock import SystemClock
from argo.domain.conservation import AccountSum, Standstill, Unresolved, sums, unresolved
from argo.domain.ledger import SignalRecord
from argo.domain.tables import ConfigurationError
from argo.domain.values import iso
from console.deployment import open_deployment
from console.failing import REFUSED, failing
from console.options import JsonOption, StackOption, StateOption
from console.outcomes import sums_table
from console.tables import output, plain_table
from console.why import meaning
from worlds.paths import LAST_RUN

_COMMONEST = 5
_LENGTH_OF_A_DAY = len("2026-11-20")


@dataclass(frozen=True, slots=True)
class Audit:
    """What a period's records say."""

    accounts: Sequence[AccountSum]
    unresolved: Sequence[Unresolved]
    without_signal: Sequence[tuple[str, str]]
    now: datetime

    @property
    def adds_up(self) -> bool:
        """True when no account has a gap and none let eligible signals pass without one order."""
        return all(account.adds_up for account in self.accounts)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON."""
        return {
            "adds_up": self.adds_up,
            "accounts": [account.as_dict() for account in self.accounts],
            "no_orders": {account.executor: dict(why_no_order(account)) for account in _without_orders(self)},
            "unresolved": [
                {
                    "signal_id": each.signal_id,
                    "executor": each.executor,
                    "symbol": each.symbol,
                    "side": each.side,
                    "created_at": iso(each.created_at),
                    "age_seconds": each.age_seconds(self.now),
                    "state": each.state,
                    "obstacle": each.obstacle,
                }
                for each in self.unresolved
            ],
            "without_signal": [
                {"signal_id": signal_id, "executor": executor} for signal_id, executor in self.without_signal
            ],
        }


@failing()
def audit(
    begin: Annotated[
        str | None, typer.Option("--from", help="First UTC day or time: 2026-11-20, 2026-11-20T14:30.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Last UTC day, inclusive, or time.")] = None,
    state: StateOption = LAST_RUN,
    stack: StackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check that every signal of a period ended with an order or a reason, per account.

    Lists what is unresolved with its age and last obstacle, and why an account placed no order. Exit code 1 when
    the sum does not add up, or when signals were eligible at an account and it placed none. Without a period: of
    a local run everything, of a deployed ledger the last week.
    """
    first, last = _period(begin, end)
    with open_deployment(state, stack) as deployment:
        executors = deployment.executors
        read = records.of_days(deployment.ledger, executors, deployment.days_from(first, last))
        found = audited(_within(asyncio.run(read), first, last), executors, SystemClock().now())
    if as_json:
        typer.echo(json.dumps(found.as_dict(), indent=2))
    else:
        _show(found)
    if not found.adds_up:
        raise typer.Exit(REFUSED)


def audited(found: Sequence[SignalRecord], executors: Sequence[str], now: datetime) -> Audit:
    """Return what the records say as of a time."""
    waiting = [each for executor in executors for each in unresolved(found, executor)]
    lost = [(each.signal_id, name) for each in found for name in sorted(each.executions.keys() - each.addressed)]
    return Audit(
        accounts=sums(found, executors),
        unresolved=sorted(waiting, key=lambda each: each.created_at),
        without_signal=lost,
        now=now,
    )


def why_no_order(account: AccountSum) -> list[tuple[str, int]]:
    """Return what kept an account's signals from becoming orders, the commonest first."""
    return Counter(account.reasons + account.obstacles).most_common(_COMMONEST)


def _without_orders(found: Audit) -> list[AccountSum]:
    return [account for account in found.accounts if account.signals and not account.with_order]


def _period(begin: str | None, end: str | None) -> tuple[datetime | None, datetime | None]:
    first, last = _time("--from", begin), _time("--to", end)
    if last is not None and end is not None and len(end) == _LENGTH_OF_A_DAY:
        last = last.replace(hour=23, minute=59, second=59, microsecond=999_999)
    if first is not None and last is not None and first > last:
        raise ConfigurationError(f"--from {begin} is after --to {end}")
    return first, last


def _time(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        given = datetime.fromisoformat(text)
        return given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ConfigurationError(f"{option} {text!r} is neither a day (2026-11-20) nor a time") from error


def _within(found: Sequence[SignalRecord], first: datetime | None, last: datetime | None) -> list[SignalRecord]:
    return [
        each
        for each in found
        if (first is None or each.created_at >= first) and (last is None or each.created_at <= last)
    ]


def _show(found: Audit) -> None:
    screen = output()
    screen.print(sums_table(found.accounts))
    if found.unresolved:
        screen.print(_unresolved_table(found))
    for signal_id, executor in found.without_signal:
        screen.print(f"{executor}: executed {signal_id}, which the ledger never addressed to it", style="red")
    for account in _without_orders(found):
        why = "; ".join(f"{count} {code} ({_meaning(code)})" for code, count in why_no_order(account))
        screen.print(
            f"{account.executor}: {account.signals} signals, no order: {why}",
            style="bold red" if account.is_silent else "yellow",
            highlight=False,
            soft_wrap=True,
        )
    if found.adds_up and not any(account.signals or account.declined for account in found.accounts):
        screen.print("There is no signal in this period.")
        return
    screen.print("It adds up." if found.adds_up else "It does not add up.", style="" if found.adds_up else "red")


def _unresolved_table(found: Audit) -> Table:
    headings = ("signal id", "account", "symbol", "side", "age", "state", "last obstacle")
    rows = (
        (
            each.signal_id,
            each.executor,
            each.symbol,
            each.side,
            str(timedelta(seconds=round(each.age_seconds(found.now)))),
            each.state or "-",
            each.obstacle,
        )
        for each in found.unresolved
    )
    return plain_table("Unresolved, oldest first", *headings, rows=rows)


def _meaning(code: str) -> str:
    return next((each.meaning for each in Standstill if each == code), meaning(code))
