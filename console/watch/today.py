"""The signals of a live ledger's day, kept from one reading to the next so that the next costs little."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from operator import attrgetter

from argo.conservation import WINDOW
from argo.domain.execution import Execution
from argo.domain.ledger import SignalRecord
from argo.ports import Ledger
from argo.records import of_days, of_window

OVERLAP = timedelta(minutes=10)
"""What is read again each time: longer than an index lags, and than most signals take to their end."""

LOOK_UPS = 25
"""Executions asked for by their id in one reading."""


class Today:
    """Today's signals with their executions, and those of the last hour where that began yesterday.

    The first reading takes the whole day. Another one takes what is younger than `OVERLAP`, is told the open
    executions, and asks for at most `LOOK_UPS` others by their id: those that have left the list of the open ones,
    and those that never were in it. With more of them than that, each has its turn.
    """

    def __init__(self, ledger: Ledger, executors: Sequence[str]) -> None:
        """Read the signals of ``executors``."""
        self._ledger = ledger
        self._executors = executors
        self._records: dict[str, SignalRecord] = {}
        self._turns: dict[tuple[str, str], int] = {}
        self._readings = 0

    async def read(self, now: datetime, opened: Iterable[Execution]) -> list[SignalRecord]:
        """Return the signals, newest first; ``opened`` are the accounts' open executions, read just before."""
        if self._readings:
            found = await of_window(self._ledger, self._executors, since=now - OVERLAP, now=now)
        else:
            days = sorted({now.date(), (now - WINDOW).date()}, reverse=True)
            found = await of_days(self._ledger, self._executors, [day.isoformat() for day in days])
        self._readings += 1
        for record in found:
            self._keep(record)
        listed = {execution.key for execution in opened if self._learn(execution)}
        first = min(now.replace(hour=0, minute=0, second=0, microsecond=0), now - WINDOW)
        self._records = {key: record for key, record in self._records.items() if record.created_at >= first}
        await self._look_up([key for key in self._waiting(now - OVERLAP) if key not in listed])
        return sorted(self._records.values(), key=attrgetter("created_at", "signal_id"), reverse=True)

    def _keep(self, record: SignalRecord) -> None:
        earlier = self._records.get(record.signal_id)
        self._records[record.signal_id] = record
        for execution in earlier.executions.values() if earlier else ():
            self._learn(execution)

    def _learn(self, execution: Execution) -> bool:
        """Take over what is newer than what is known: an index may answer with what was a moment ago."""
        record = self._records.get(execution.signal_id)
        if record is None:
            return False
        known = record.executions.get(execution.executor)
        if known is None or _age(known) < _age(execution):
            executions = {**record.executions, execution.executor: execution}
            self._records[record.signal_id] = replace(record, executions=executions)
        return True

    def _waiting(self, before: datetime) -> list[tuple[str, str]]:
        """Return what has not ended, as far as is known, and is too old to be read again."""
        return [
            (record.signal_id, executor)
            for record in self._records.values()
            for executor in sorted(record.addressed | record.executions.keys())
            if record.created_at < before and not _has_ended(record.executions.get(executor))
        ]

    async def _look_up(self, waiting: Sequence[tuple[str, str]]) -> None:
        turns = {key: self._turns.get(key, 0) for key in waiting}
        chosen = sorted(waiting, key=lambda key: turns[key])[:LOOK_UPS]
        for execution in await asyncio.gather(*(self._ledger.execution(*key) for key in chosen)):
            if execution is not None:
                self._learn(execution)
        self._turns = turns | dict.fromkeys(chosen, self._readings)


def _age(execution: Execution) -> tuple[int, int]:
    """Return what grows with every write, even with two in one moment: transitions, and workers that held it."""
    return len(execution.history), execution.epoch


def _has_ended(execution: Execution | None) -> bool:
    return execution is not None and execution.state.is_terminal
