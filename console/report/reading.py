"""What a report is made of: a ledger's records of some days."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from argo.conservation import read_rows
from argo.domain.account import AccountState
from argo.domain.conservation import Row
from argo.domain.execution import Execution
from argo.domain.ledger import StoredSignal
from argo.ports import Ledger
from console.sources import read_signals


@dataclass(frozen=True, slots=True)
class Reading:
    """A ledger's signals with their executions, newest first, and its accounts.

    ``is_whole`` when every record of the ledger is in it: only then is an equity more than a sum of profits.
    """

    executors: tuple[str, ...]
    rows: Sequence[Row]
    signals: Sequence[StoredSignal]
    accounts: Mapping[str, AccountState]
    is_whole: bool

    @property
    def modes(self) -> list[str]:
        """The modes that the records were written in."""
        executions = (each.mode for row in self.rows for each in row.executions.values())
        return sorted({*executions, *(stored.mode for stored in self.signals)})

    def executions(self, executor: str) -> list[Execution]:
        """Return an account's executions, in the order of the rows."""
        return [row.executions[executor] for row in self.rows if executor in row.executions]


async def read(ledger: Ledger, executors: Sequence[str], days: Iterable[str], *, is_whole: bool) -> Reading:
    """Read UTC days of any ledger, in the order of the days.

    Args:
        ledger: A deployed one, an emulator's, or one in memory.
        executors: The accounts to report of.
        days: Such as ``2026-11-20``, newest first.
        is_whole: Whether these are all the days that the ledger has records of.
    """
    wanted = list(days)
    rows, signals, accounts = await asyncio.gather(
        read_rows(ledger, executors, wanted),
        read_signals(ledger, wanted),
        asyncio.gather(*(ledger.account(executor) for executor in executors)),
    )
    return Reading(
        executors=tuple(executors),
        rows=rows,
        signals=signals,
        accounts=dict(zip(executors, accounts, strict=True)),
        is_whole=is_whole,
    )
