"""The record of every signal and every execution."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from typing import Protocol, Unpack

from argo.domain import changes
from argo.domain.account import AccountState, TradingState
from argo.domain.execution import Execution, ExecutionState
from argo.domain.ledger import BrokerAccountHolder, Claim, Intent, Pause, PutSignal, Settlement, StoredSignal
from argo.domain.limits import EquityMarks
from argo.domain.lists import Listed, Page, whole
from argo.domain.placements import Exit, Protection
from argo.domain.reasons import Obstacle
from argo.domain.signal import Signal, SignalOutcome


class Ledger(Protocol):
    """The record of every signal and every execution; the only state there is.

    Every method raises `argo.ports.Unavailable` where the ledger's service is in the way for now; a write that met
    another one has been repeated by then.
    """

    async def put_signal(
        self, signal: Signal, *, executors: Collection[str], declined: Mapping[str, str] | None = None
    ) -> PutSignal:
        """Write a signal once and return what is stored: an earlier sighting wins.

        ``executors`` await it; ``declined`` has those that do not want it, with their reasons.
        """

    async def signal(self, signal_id: str) -> StoredSignal | None:
        """Return a stored signal.

        Raises:
            UnreadableRecord: it is there, and this code cannot read it.
        """

    async def mark_published(self, signal_id: str, executors: Collection[str]) -> None:
        """Record that the signal's messages for these executors are in their queues."""

    async def withdraw(self, stored: StoredSignal, reasons: Mapping[str, str]) -> bool:
        """Record of some executors that await a signal why it is not sent to them any more.

        Returns:
            False where others await it by now than ``stored`` says, and nothing is written.
        """

    async def unpublished(self, *, limit: int | None = None) -> Listed[StoredSignal]:
        """Return the outbox, oldest first: signals that some executor still awaits."""

    async def unjudged(self, *, limit: int | None = None) -> Listed[StoredSignal]:
        """Return signals that nobody awaits any more and whose outcome is not known yet, oldest first."""

    async def record_outcome(self, signal_id: str, outcome: SignalOutcome) -> bool:
        """Keep a signal's outcome with it, once; False when it has one already."""

    async def record_shift(self, shard: str, began: datetime) -> None:
        """Record that the generator which began at a time makes a shard's cycles from now on.

        One that began later stays on record.
        """

    async def latest_shift(self, shard: str) -> datetime | None:
        """Return when the generator on record for a shard began; None where there is none yet."""

    async def claim(self, signal: Signal, executor: str, *, now: datetime, lease: timedelta) -> Claim:
        """Claim the execution of a signal at an account for the length of a lease.

        A dead-lettered one is claimed anew: its message has been redriven.

        Raises:
            UnreadableRecord: there is an execution, and this code cannot read it: it is a newer worker's.
        """

    async def intend(
        self, execution: Execution, intent: Intent, *, account: AccountState, now: datetime
    ) -> Execution:
        """Write intent, reservation and symbol lock in one transaction; CLAIMED becomes SUBMITTING.

        Raises:
            LostLease: another worker has the execution.
            ReservationConflict: the account item is not at ``account.version`` any more.
            SymbolLocked: another execution holds the symbol.
        """

    async def settle(
        self, execution: Execution, state: ExecutionState, settlement: Settlement, *, now: datetime
    ) -> Execution:
        """Move the execution to a state, conditional on its present state and epoch.

        Raises:
            LostLease: the record is not at the state and epoch of ``execution``.
        """

    async def pause(
        self, execution: Execution, obstacle: Obstacle, *, until: datetime, now: datetime, **learnt: Unpack[Pause]
    ) -> Execution:
        """Record what stood in the way and let the next delivery go on from ``until``.

        Raises:
            LostLease: the record is not at the state and epoch of ``execution``.
        """

    async def record_exit(self, execution: Execution, planned: Exit, *, now: datetime) -> Execution:
        """Record how an execution's position is left early; its state stays.

        Raises:
            LostLease: the record is not at the state and epoch of ``execution``.
        """

    async def record_protection(self, execution: Execution, protection: Protection, *, now: datetime) -> Execution:
        """Record what guards an execution's position; its state stays.

        Raises:
            LostLease: the record is not at the state and epoch of ``execution``.
        """

    async def execution(self, signal_id: str, executor: str) -> Execution | None:
        """Return one execution.

        Raises:
            UnreadableRecord: it is there, and this code cannot read it.
        """

    async def executions(self, signal_id: str) -> Listed[Execution]:
        """Return the executions of a signal at all accounts."""

    async def open_executions(self, executor: str, *, limit: int | None = None) -> Listed[Execution]:
        """Return an account's executions that have not ended, oldest first.

        The list may be some seconds old: whoever acts on an execution reads it by its id first.
        """

    async def accounted_until(self, executor: str) -> datetime | None:
        """Return the time before which every signal has an end on record at the account, or an open execution."""

    async def account_until(self, executor: str, time: datetime) -> None:
        """Keep what `accounted_until` returns."""

    async def account(self, executor: str, *, exits_since: datetime | None = None) -> AccountState:
        """Return the account with its symbol locks; a fresh one when there is none.

        ``exits`` are those since a time, or none without one. What cannot be read of it is named in it.

        Raises:
            ReservationConflict: it kept changing while it was read.
        """

    async def set_trading_state(
        self,
        executor: str,
        state: TradingState,
        *,
        reason: str,
        now: datetime,
        resumes_on: date | None = None,
        read: AccountState | None = None,
    ) -> bool:
        """Set what the account may do, durably; every reservation in flight reads the account again.

        With ``read``, only if nobody has set it since; False where somebody has.
        """

    async def observe(self, read: AccountState, known: EquityMarks, *, now: datetime) -> bool:
        """Record the account's equity and its marks; False when somebody else has since ``read``."""

    async def measure_anew(self, executor: str) -> None:
        """Forget what drawdowns are measured from: the next observation begins anew."""

    async def hold_broker_account(self, executor: str, number: str) -> BrokerAccountHolder:
        """Take an account of the broker for an executor, which gives back the one it held, and return who has it.

        The first to take it has it, until its key is another account's.
        """

    async def note_told(self, number: str, what: str) -> None:
        """Keep with an account of the broker what a person has been told of it."""

    async def signals_of(self, day: str, *, limit: int, token: str | None = None) -> Page[StoredSignal]:
        """Return the signals created on a UTC day (``2026-11-20``), newest first."""

    async def executions_of(
        self, executor: str, day: str, *, limit: int, token: str | None = None
    ) -> Page[Execution]:
        """Return an account's executions of signals created on a UTC day, newest first."""


class ChangingLedger(Ledger):
    """The half of a ledger that is the same whatever keeps its records: it writes `argo.domain.changes`."""

    async def settle(
        self, execution: Execution, state: ExecutionState, settlement: Settlement, *, now: datetime
    ) -> Execution:
        return await self._move(execution, changes.settled(execution, state, settlement, now=now))

    async def pause(
        self, execution: Execution, obstacle: Obstacle, *, until: datetime, now: datetime, **learnt: Unpack[Pause]
    ) -> Execution:
        return await self._move(execution, changes.paused(execution, obstacle, until=until, now=now, **learnt))

    async def record_exit(self, execution: Execution, planned: Exit, *, now: datetime) -> Execution:
        return await self._move(execution, changes.exit_recorded(execution, planned, now=now))

    async def record_protection(self, execution: Execution, protection: Protection, *, now: datetime) -> Execution:
        return await self._move(execution, changes.protection_recorded(execution, protection, now=now))

    async def unpublished(self, *, limit: int | None = None) -> Listed[StoredSignal]:
        return await whole(self._unpublished, limit=limit)

    async def unjudged(self, *, limit: int | None = None) -> Listed[StoredSignal]:
        return await whole(self._unjudged, limit=limit)

    async def open_executions(self, executor: str, *, limit: int | None = None) -> Listed[Execution]:
        return await whole(partial(self._open_executions, executor), limit=limit)

    @abstractmethod
    async def _unpublished(self, token: str | None) -> Page[StoredSignal]:
        """Return a page of the outbox, oldest first."""

    @abstractmethod
    async def _unjudged(self, token: str | None) -> Page[StoredSignal]:
        """Return a page of the signals without an outcome, oldest first."""

    @abstractmethod
    async def _open_executions(self, executor: str, token: str | None) -> Page[Execution]:
        """Return a page of an account's executions that have not ended, oldest first."""

    @abstractmethod
    async def _move(self, execution: Execution, change: changes.Change) -> Execution:
        """Write a change on the condition that the record is as ``execution`` has it, and what goes with it.

        Raises:
            LostLease: the record is not as ``execution`` has it.
        """
