"""The conservation sum of a period, what is unresolved in it, and why nothing was ordered."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from argo.adapters.clock import SystemClock
from argo.domain.conservation import AccountSum, Unresolved, sums, unresolved
from argo.domain.ledger import SignalRecord
from argo.domain.lists import Unreadable
from argo.domain.tables import ConfigurationError
from argo.domain.values import iso
from console.outcomes import sums_table
from console.screen import output
from console.tables import plain_table, unread
from console.why import meaning

_COMMONEST = 5
_LENGTH_OF_A_DAY = len("2026-11-20")
_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Audit:
    """What a period's records say as of ``now``; ``without_signal`` are ids and accounts of executions.

    ``unreadable`` are records of its days that this version cannot read: the sum does not know them.
    """

    accounts: Sequence[AccountSum]
    unresolved: Sequence[Unresolved]
    without_signal: Sequence[tuple[str, str]]
    now: datetime
    unreadable: Sequence[Unreadable] = ()

    @property
    def adds_up(self) -> bool:
        """True when no account has a gap and none let eligible signals pass without one order."""
        return all(account.adds_up for account in self.accounts)

    @property
    def without_orders(self) -> Sequence[tuple[AccountSum, Sequence[tuple[str, int]]]]:
        """The accounts that had signals and placed no order, with what kept them from it, the commonest first."""
        return [
            (account, Counter(account.reasons + account.obstacles).most_common(_COMMONEST))
            for account in self.accounts
            if account.signals and not account.with_order
        ]


def audited(
    found: Sequence[SignalRecord],
    executors: Sequence[str],
    first: datetime | None,
    last: datetime | None,
    unreadable: Sequence[Unreadable] = (),
) -> Audit:
    """Return what the records between two times say by now."""
    within = [each for each in found if (first or _FIRST) <= each.created_at <= (last or _LAST)]
    waiting = [each for executor in executors for each in unresolved(within, executor)]
    return Audit(
        accounts=sums(within, executors),
        unresolved=sorted(waiting, key=lambda each: each.created_at),
        without_signal=[
            (each.signal_id, name) for each in within for name in sorted(each.executions.keys() - each.addressed)
        ],
        now=SystemClock().now(),
        unreadable=unreadable,
    )


def as_dict(found: Audit) -> dict[str, Any]:
    """Return everything as plain JSON."""
    return {
        "adds_up": found.adds_up,
        "accounts": [account.as_dict() for account in found.accounts],
        "no_orders": {account.executor: dict(why) for account, why in found.without_orders},
        "unresolved": [
            {
                "signal_id": each.signal_id,
                "executor": each.executor,
                "symbol": each.symbol,
                "side": each.side,
                "created_at": iso(each.created_at),
                "age_seconds": each.age_seconds(found.now),
                "state": each.state,
                "obstacle": each.obstacle,
            }
            for each in found.unresolved
        ],
        "without_signal": [
            {"signal_id": signal_id, "executor": executor} for signal_id, executor in found.without_signal
        ],
        "unreadable": [each.name for each in found.unreadable],
    }


def period(begin: str | None, end: str | None) -> tuple[datetime | None, datetime | None]:
    """Return the first and the last moment that two options ask for, None without a bound.

    Raises:
        ConfigurationError: they are no times, or not in this order.
    """
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


def show(found: Audit) -> None:
    """Print everything for a person."""
    screen = output()
    screen.print(sums_table(found.accounts))
    if found.unresolved:
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
        screen.print(plain_table("Unresolved, oldest first", *headings, rows=rows))
    if found.unreadable:
        screen.print(unread(found.unreadable), soft_wrap=True)
    for signal_id, executor in found.without_signal:
        screen.print(f"{executor}: executed {signal_id}, which the ledger never addressed to it", style="red")
    for account, causes in found.without_orders:
        why = "; ".join(f"{count} {code} ({meaning(code)})" for code, count in causes)
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
