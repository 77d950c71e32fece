"""What a watch knows at a moment: every account, the signals of the day, the heartbeats."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain

from argo.domain.account import AccountState
from argo.domain.account_status import OPEN_AT_MOST, AccountStatus, status_of
from argo.domain.config import Configuration
from argo.domain.conservation import Unresolved, conserved, sums
from argo.domain.execution import Execution
from argo.domain.ledger import SignalRecord
from argo.ports import Clock
from argo.records import of_days
from console.deployment import Deployment
from console.watch.probes import Heartbeat, Probes
from console.watch.today import Today


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
        """Read ``deployment``; ``configuration`` has the accounts' limits."""
        self._ledger = deployment.ledger
        self._executors = deployment.executors
        self._days = deployment.days
        self._configuration = configuration
        self._clock = clock
        self._probes = probes
        self._live = Today(deployment.ledger, deployment.executors)
        self._over: list[SignalRecord] | None = None

    async def read(self) -> Reading:
        """Return what there is now.

        Raises:
            BotoCoreError, ClientError, ReservationConflict: it cannot be read.
        """
        letters, generator = await asyncio.gather(self._probes.dead_letters(), self._probes.last_cycle())
        states = await asyncio.gather(*(self._ledger.account(executor) for executor in self._executors))
        opened = await asyncio.gather(
            *(self._ledger.open_executions(executor, limit=OPEN_AT_MOST) for executor in self._executors)
        )
        if self._days is None:
            now = self._clock.now().astimezone(UTC)
            period = f"{now:%F}, UTC"
            known = await self._live.read(now, chain.from_iterable(opened))
            shown = [record for record in known if record.created_at.date() == now.date()]
        else:
            shown = known = await self._records_of_run()
            now = self._last_record(states, known)
            period = f"{self._days[-1]} to {self._days[0]}" if self._days else "-"
        accounts = [
            self._account(state, waiting, known=known, shown=shown, now=now, letters=letters)
            for state, waiting in zip(states, opened, strict=True)
        ]
        return Reading(now, self._days is None, period, accounts, shown, generator)

    async def _records_of_run(self) -> list[SignalRecord]:
        if self._over is None:
            self._over = await of_days(self._ledger, self._executors, self._days or ())
        return self._over

    def _last_record(self, states: Sequence[AccountState], known: Sequence[SignalRecord]) -> datetime:
        times = [state.observed_at for state in states if state.observed_at]
        return max([*times, *(record.created_at for record in known)], default=self._clock.now())

    def _account(
        self,
        state: AccountState,
        opened: Sequence[Execution],
        *,
        known: Sequence[SignalRecord],
        shown: Sequence[SignalRecord],
        now: datetime,
        letters: dict[str, int],
    ) -> Account:
        executor = state.executor
        (summed,) = sums(shown, [executor])
        return Account(
            status_of(state, opened, summed, self._configuration.accounts.get(executor)),
            filled=sum(_has_filled(record.executions.get(executor)) for record in shown),
            unresolved=conserved(known, executor, now=now, still_open=opened).unresolved,
            dead_letters=letters.get(executor, 0),
        )


def _has_filled(execution: Execution | None) -> bool:
    return execution is not None and any(fill.leg == "entry" for fill in execution.fills)
