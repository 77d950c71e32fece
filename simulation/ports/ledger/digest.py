"""What a ledger holds, as text that is the same in every world, and its digest."""

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from dataclasses import is_dataclass
from datetime import UTC, date, datetime
from decimal import Context, Decimal
from hashlib import sha256

from pydantic import BaseModel

from argo import records
from argo.domain.account import AccountState
from argo.domain.execution import Execution
from argo.domain.ledger import StoredSignal
from argo.domain.values import iso
from argo.ports import Ledger

EVER = datetime(1970, 1, 1, tzinfo=UTC)
"""Before any trade that ended."""

_EXACT = Context(prec=38)
_OF_ONE_WORLD = frozenset({"request_id"})
"""It names one answer of the broker and counts its HTTP requests; where there is no HTTP, there is none."""


async def digest(ledger: Ledger, executors: Collection[str], days: Collection[str]) -> str:
    """Return the SHA-256, in hex, of what any ledger holds of some accounts and UTC days (``2026-11-20``)."""
    return digest_of(await contents(ledger, executors, days))


async def contents(ledger: Ledger, executors: Collection[str], days: Collection[str]) -> list[str]:
    """Read a ledger through its port and return a line per record: two that differ can be compared line by line.

    A line has all that the port answers, but the broker's request ids. How a number is written is no difference,
    nor is a field that is missing where another ledger has None.
    """
    found = await records.of_days(ledger, sorted(set(executors)), sorted(set(days)))
    signals = [record.stored for record in found if record.stored is not None]
    executions = [each for record in found for each in record.executions.values()]
    accounts = [await ledger.account(executor, exits_since=EVER) for executor in sorted(set(executors))]
    return lines(signals, executions, accounts)


def lines(
    signals: Iterable[StoredSignal], executions: Iterable[Execution], accounts: Iterable[AccountState]
) -> list[str]:
    """Return records as lines, in an order of their own; an account that nobody has written has none."""
    written = (account for account in accounts if account != AccountState(executor=account.executor))
    return sorted(
        [
            *(f"account {account.executor} {_canonical(account)}" for account in written),
            *(f"execution {one.signal_id} {one.executor} {_canonical(one)}" for one in executions),
            *(f"signal {stored.signal.signal_id} {_canonical(stored)}" for stored in signals),
        ]
    )


def digest_of(written: Iterable[str]) -> str:
    return sha256("\n".join(written).encode()).hexdigest()


def _canonical(value: object) -> object:
    """Return a value as plain ones whose text is always the same."""
    match value:
        case str() | int() | float() | Decimal() | date():
            return _scalar(value)
        case BaseModel():
            kept = type(value).model_fields
            fields = {name: each for name, each in vars(value).items() if not kept[name].exclude}
        case Mapping():
            fields = dict(value)
        case list() | tuple():
            return [_canonical(each) for each in value]
        case set() | frozenset():
            return sorted(map(str, value))
        case _ if is_dataclass(value):
            fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        case _:
            raise TypeError(f"no record of a ledger holds {value!r}")
    known = sorted(name for name, each in fields.items() if each is not None and name not in _OF_ONE_WORLD)
    return {name: _canonical(fields[name]) for name in known}


def _scalar(value: str | float | Decimal | date) -> object:
    match value:
        case bool():
            return value
        case str():
            return str(value)
        case int() | float() | Decimal():
            # Zero is falsy: its sign is no difference either.
            return _EXACT.normalize(Decimal(str(value))) or Decimal(0)
        case datetime():
            return iso(value)
        case _:
            return value.isoformat()
