"""What a watch knows at a moment: every account, the signals of the day, the heartbeats."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain

from argo.conservation import read_rows
from argo.domain.account import AccountState
from argo.domain.account_status import OPEN_AT_MOST, AccountStatus, limits
from argo.domain.config import Configuration
from argo.domain.conservation import Row, Unresolved, conserved, sums
from argo.domain.execution import Execution
from argo.ports import Clock
from console.deployment import Deployment
from console.watch.probes import Heartbeat, Probes
from console.watch.rows import DayOfRows


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

    ``as_of`` is now, or the last record's time of a run that is over, which is not ``is_live``. ``rows`` are the
    signals of ``period``, newest first; the accounts' sums are over these.
    """

    as_of: datetime
    is_live: bool
    period: str
    accounts: Sequence[Account]
    rows: Sequence[Row]
    generator: Heartbeat


class Reader:
    """Reads a deployment again and again, at a bounded number of requests.

    A reading takes four per account (its state, its open executions, the newest executions, its dead letters) and
    one for the newest signals; another page of these where more than fifty came within ten minutes; what
    `DayOfRows` looks up, 25 at most; and one to CloudWatch a minute. The first reading takes the whole day. The
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
        self._live = DayOfRows(deployment.ledger, deployment.executors)
        self._over: list[Row] | None = None

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
            rows = await self._live.read(now, chain.from_iterable(opened))
            shown, period = [row for row in rows if row.created_at.date() == now.date()], f"{now:%F}, UTC"
        else:
            shown = rows = await self._rows_of_run()
            now, period = (
                self._last_record(states, rows),
                f"{self._days[-1]} to {self._days[0]}" if self._days else "-",
            )
        accounts = [
            self._account(state, waiting, rows=rows, shown=shown, now=now, letters=letters)
            for state, waiting in zip(states, opened, strict=True)
        ]
        return Reading(now, self._days is None, period, accounts, shown, generator)

    async def _rows_of_run(self) -> list[Row]:
        if self._over is None:
            self._over = await read_rows(self._ledger, self._executors, self._days or ())
        return self._over

    def _last_record(self, states: Sequence[AccountState], rows: Sequence[Row]) -> datetime:
        known = [state.observed_at for state in states if state.observed_at] + [row.created_at for row in rows]
        return max(known, default=self._clock.now())

    def _account(
        self,
        state: AccountState,
        opened: Sequence[Execution],
        *,
        rows: Sequence[Row],
        shown: Sequence[Row],
        now: datetime,
        letters: dict[str, int],
    ) -> Account:
        executor = state.executor
        profile = self._configuration.accounts.get(executor)
        (summed,) = sums(shown, [executor])
        status = AccountStatus(
            executor=executor,
            state=state,
            open_executions=opened,
            summed=summed,
            limits=limits(profile, state) if profile else [],
        )
        return Account(
            status,
            filled=sum(_has_filled(row.executions.get(executor)) for row in shown),
            unresolved=conserved(rows, executor, now=now, still_open=opened).unresolved,
            dead_letters=letters.get(executor, 0),
        )


def _has_filled(execution: Execution | None) -> bool:
    return execution is not None and any(fill.leg == "entry" for fill in execution.fills)
