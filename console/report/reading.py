"""What a report is made of: a ledger's records of some days."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from argo.domain.account import AccountState
from argo.domain.execution import Execution
from argo.domain.ledger import SignalRecord, StoredSignal
from argo.ports import Ledger
from argo.records import of_days
from console.runs import RunRecord
from console.screen import output
from simulation.market.bar_history import BarHistory
from simulation.market.bars import BarsFileError


@dataclass(frozen=True, slots=True)
class Reading:
    """A ledger's signals with their executions, newest first, and its accounts.

    ``is_whole`` when every record of the ledger is in it: only then is an equity more than a sum of profits.
    """

    executors: tuple[str, ...]
    records: Sequence[SignalRecord]
    accounts: Mapping[str, AccountState]
    is_whole: bool

    @property
    def signals(self) -> list[StoredSignal]:
        """The signals, without those that the ledger lacks."""
        return [record.stored for record in self.records if record.stored is not None]

    @property
    def modes(self) -> list[str]:
        """The modes that the records were written in."""
        return sorted(set().union(*(record.modes for record in self.records)))

    def executions(self, executor: str) -> list[Execution]:
        """Return an account's executions, in the order of the signals."""
        return [record.executions[executor] for record in self.records if executor in record.executions]


async def read(ledger: Ledger, executors: Sequence[str], days: Iterable[str], *, is_whole: bool) -> Reading:
    """Read UTC days such as ``2026-11-20`` of any ledger, in their order, which is newest first.

    ``is_whole`` says that these are all the days that the ledger has records of.
    """
    records, accounts = await asyncio.gather(
        of_days(ledger, executors, days), asyncio.gather(*(ledger.account(executor) for executor in executors))
    )
    return Reading(tuple(executors), records, dict(zip(executors, accounts, strict=True)), is_whole)


def played_bars(record: RunRecord, first: date | None, last: date | None) -> BarHistory | None:
    """Return the bars that a run played; a report without them is one all the same."""
    try:
        history = record.played()
    except BarsFileError as error:
        said = f"without the bars that were played: {error}"
        output(stderr=True).print(said, style="yellow", highlight=False)
        return None
    return history.between(first, last) if history else None
