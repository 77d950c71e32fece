"""What a watch knows at a moment: every account, the signals of the day, the heartbeats."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from operator import attrgetter

from argo.domain.account_status import AccountStatus, status_of
from argo.domain.config import Configuration
from argo.domain.conservation import Unresolved, conserved, sums
from argo.domain.execution import Execution
from argo.domain.ledger import SignalRecord
from argo.ports import Clock, Ledger
from argo.records import WINDOW, of_days, of_window
from console.deployment import Deployment
from console.trades import positions
from console.watch.probes import Heartbeat, Probes

OVERLAP = timedelta(minutes=10)
"""What is read again each time: longer than an index lags, and than most signals take to their end."""

LOOK_UPS = 25
"""Executions asked for by their id in one reading."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account: its status, how many of its entries filled, what waits, what was set aside."""

    status: AccountStatus
    filled: int
    unresolved: Sequence[Unresolved]
    dead_letters: int


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything that a frame shows.

    ``as_of`` is now, or the last record's time of a run that is over, which is not ``is_live``. ``records`` are
    the signals of ``period``, newest first; the accounts' sums are over these.
    """

    as_of: datetime
    is_live: bool
    period: str
    accounts: Sequence[Account]
    records: Sequence[SignalRecord]
    generator: Heartbeat


class Reader:
    """Reads a deployment again and again, at a bounded number of requests.

    A reading takes four per account (its state, its open executions, the newest executions, its dead letters) and
    one for the newest signals; another page of these where more than fifty came within ten minutes; what
    `Today` looks up, 25 at most; and one to CloudWatch a minute. The first reading takes the whole day. The
    signals of a run that is over are read once.
    """

    def __init__(self, deployment: Deployment, configuration: Configuration, clock: Clock, probes: Probes) -> None:
        self._deployment = deployment
        self._configuration = configuration
        self._clock = clock
        self._probes = probes
        self._today = Today(deployment.ledger, deployment.executors)
        self._over: list[SignalRecord] | None = None

    async def read(self) -> Reading:
        """Return what there is now.

        Raises:
            BotoCoreError, ClientError, ReservationConflict: it cannot be read.
        """
        ledger, executors, days = self._deployment.ledger, self._deployment.executors, self._deployment.days
        letters, generator = await asyncio.gather(self._probes.dead_letters(), self._probes.last_cycle())
        states = await asyncio.gather(*(ledger.account(executor) for executor in executors))
        opened = await asyncio.gather(*(ledger.open_executions(executor) for executor in executors))
        if days is None:
            now = self._clock.now().astimezone(UTC)
            period = f"{now:%F}, UTC"
            known = await self._today.read(now, chain.from_iterable(opened))
            shown = [record for record in known if record.created_at.date() == now.date()]
        else:
            if self._over is None:
                self._over = await of_days(ledger, executors, days)
            shown = known = self._over
            times = [state.observed_at for state in states if state.observed_at]
            now = max([*times, *(record.created_at for record in known)], default=self._clock.now())
            period = f"{days[-1]} to {days[0]}" if days else "-"
        accounts = [
            Account(
                status_of(state, waiting, summed, self._configuration.accounts.get(summed.executor)),
                filled=len(positions(_executions(shown, summed.executor))),
                unresolved=conserved(known, summed.executor, now=now, still_open=waiting).unresolved,
                dead_letters=letters.get(summed.executor, 0),
            )
            for state, waiting, summed in zip(states, opened, sums(shown, executors), strict=True)
        ]
        return Reading(now, days is None, period, accounts, shown, generator)


def _executions(records: Sequence[SignalRecord], executor: str) -> list[Execution]:
    return [record.executions[executor] for record in records if executor in record.executions]


class Today:
    """Today's signals with their executions, and those of the last hour where that began yesterday.

    The first reading takes the whole day. Another one takes what is younger than `OVERLAP`, is told the open
    executions, and asks for at most `LOOK_UPS` others by their id: those that have left the list of the open ones,
    and those that never were in it. With more of them than that, each has its turn.
    """

    def __init__(self, ledger: Ledger, executors: Sequence[str]) -> None:
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
            if record.created_at < before
            and ((known := record.executions.get(executor)) is None or not known.state.is_terminal)
        ]

    async def _look_up(self, waiting: Sequence[tuple[str, str]]) -> None:
        turns = {key: self._turns.get(key, 0) for key in waiting}
        chosen = sorted(waiting, key=lambda key: turns[key])[:LOOK_UPS]
        for execution in await asyncio.gather(*(self._ledger.execution(*key) for key in chosen)):
            if execution is not None:
                self._learn(execution)
        self._turns = turns | dict.fromkeys(chosen, self._readings)


def _age(execution: Execution) -> tuple[int, int]:
    """Return what grows with every write, even with two in one moment: its steps, and workers that held it."""
    return sum(step.count for step in execution.history), execution.epoch
