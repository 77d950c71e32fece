"""The ledger in memory: the conditions of the ledger's table on plain objects, for simulation and replay."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from argo.domain import changes
from argo.domain.account import AccountState
from argo.domain.changes import Change
from argo.domain.execution import Execution, ExecutionState, claimed
from argo.domain.ledger import Claim, Claimed, Intent, LostLease, PutSignal, Release, StoredSignal
from argo.domain.lists import Listed, Page
from argo.domain.signal import Signal, SignalOutcome
from argo.ports.ledger import ChangingLedger
from simulation.ports.ledger import views
from simulation.ports.ledger.accounts import Accounts
from simulation.ports.ledger.digest import digest_of, lines
from simulation.ports.ledger.requests import Kind, Stands
from simulation.ports.ledger.sizes import check_size


class InMemoryLedger(Accounts, ChangingLedger):
    """`argo.ports.Ledger` in memory; every method is one step that no other coroutine comes between.

    It keeps the frozen objects themselves. ``mode`` is stored on every record.
    """

    turned_away = staticmethod(changes.turned_away)
    """Who may not claim what is there already."""

    def __init__(self, *, mode: str) -> None:
        super().__init__()
        self.mode = mode
        self.views: views.Views = views.Views()
        self._signals: dict[str, StoredSignal] = {}
        self._signals_of_day: defaultdict[str, views.Timeline] = defaultdict(views.Timeline)
        self._outbox = views.Timeline()
        self._unjudged_ones = views.Timeline()
        self._executions: dict[tuple[str, str], Execution] = {}
        self._executors: defaultdict[str, list[str]] = defaultdict(list)
        self._executions_of_day: defaultdict[tuple[str, str], views.Timeline] = defaultdict(views.Timeline)
        self._open: defaultdict[str, views.Timeline] = defaultdict(views.Timeline)

    @property
    def every_signal(self) -> Collection[StoredSignal]:
        """All signals, in the order in which they were first put."""
        return self._signals.values()

    @property
    def every_execution(self) -> Collection[Execution]:
        """All executions, in the order in which they were first claimed."""
        return self._executions.values()

    def digest(self) -> str:
        """Return the SHA-256, in hex, of all that is kept: `digest` of every account and day."""
        return digest_of(lines(self.every_signal, self.every_execution, self.every_account))

    async def signal(self, signal_id: str) -> StoredSignal | None:
        return self._signals.get(signal_id)

    async def put_signal(
        self, signal: Signal, *, executors: Collection[str], declined: Mapping[str, str] | None = None
    ) -> PutSignal:
        stored = StoredSignal(signal, self.mode, frozenset(), frozenset(executors), dict(declined or {}))

        def write() -> PutSignal:
            if earlier := self._signals.get(signal.signal_id):
                raise Stands(PutSignal(earlier, created=False))
            self.views.changed(signal.signal_id, None)
            self._signals[signal.signal_id] = stored
            self._signals_of_day[signal.created_at.date().isoformat()].add(signal)
            self._waiting(stored).add(signal)
            return PutSignal(stored, created=True)

        def stands() -> PutSignal | None:
            return PutSignal(stored, created=True) if self._signals.get(signal.signal_id) == stored else None

        put: PutSignal = await self._write(write, stands)
        return put

    async def mark_published(self, signal_id: str, executors: Collection[str]) -> None:
        """Record where the signal's messages are; with the last one it leaves the outbox.

        Raises:
            KeyError: there is no such signal.
        """
        sent = frozenset(executors)

        def write() -> None:
            stored = self._signals[signal_id]
            self._replace(
                replace(stored, published_to=stored.published_to | sent, awaiting=stored.awaiting - sent)
            )

        await self._write(write, lambda: None)

    async def withdraw(self, stored: StoredSignal, reasons: Mapping[str, str]) -> bool:
        signal_id = stored.signal.signal_id
        declined, waiting = {**stored.declined, **reasons}, stored.awaiting - reasons.keys()

        def write() -> bool:
            found = self._signals.get(signal_id)
            if found is None or found.awaiting != stored.awaiting:
                raise Stands(False)
            self._replace(replace(found, awaiting=waiting, declined=declined))
            return True

        def stands() -> bool:
            found = self._signals[signal_id]
            return (found.awaiting, found.declined) == (waiting, declined)

        return bool(await self._write(write, lambda: stands() or None))

    def _replace(self, changed: StoredSignal) -> None:
        """Write a signal over what is stored of it; without anybody who awaits it, it leaves the outbox."""
        stored = self._signals[changed.signal.signal_id]
        self.views.changed(stored.signal.signal_id, stored)
        self._signals[stored.signal.signal_id] = changed
        if stored.outcome is None and stored.awaiting and not changed.awaiting:
            self._outbox.remove(stored.signal)
            self._unjudged_ones.add(stored.signal)

    async def record_outcome(self, signal_id: str, outcome: SignalOutcome) -> bool:
        def write() -> bool:
            stored = self._signals.get(signal_id)
            if stored is None or stored.outcome is not None:
                raise Stands(False)
            self._waiting(stored).remove(stored.signal)
            self.views.changed(signal_id, stored)
            self._signals[signal_id] = replace(stored, outcome=outcome)
            return True

        def stands() -> bool:
            found = self._signals.get(signal_id)
            return found is not None and found.outcome == outcome

        return bool(await self._write(write, lambda: stands() or None))

    async def _unpublished(self, token: str | None) -> Page[StoredSignal]:
        return views.page_of_work(self.views, self._outbox, self._stored, token, belongs=views.is_in_outbox)

    async def _unjudged(self, token: str | None) -> Page[StoredSignal]:
        return views.page_of_work(self.views, self._unjudged_ones, self._stored, token, belongs=views.is_unjudged)

    async def signals_of(self, day: str, *, limit: int, token: str | None = None) -> Page[StoredSignal]:
        listed = self._signals_of_day.get(day, views.Timeline())
        return views.page_of_day(self.views, listed, self._stored, limit=limit, token=token)

    def _stored(self, signal_id: str) -> tuple[object, StoredSignal]:
        return signal_id, self._signals[signal_id]

    def find(self, signal_id: str, executor: str) -> Execution | None:
        """Return one execution, to whoever only looks on."""
        return self._executions.get((signal_id, executor))

    async def execution(self, signal_id: str, executor: str) -> Execution | None:
        return self.find(signal_id, executor)

    async def executions(self, signal_id: str) -> Listed[Execution]:
        executors = sorted(self._executors.get(signal_id, ()))
        return Listed(self._executions[signal_id, executor] for executor in executors)

    async def executions_of(
        self, executor: str, day: str, *, limit: int, token: str | None = None
    ) -> Page[Execution]:
        listed = self._executions_of_day.get((executor, day), views.Timeline())
        return views.page_of_day(self.views, listed, self._executed(executor), limit=limit, token=token)

    async def _open_executions(self, executor: str, token: str | None) -> Page[Execution]:
        listed = self._open.get(executor, views.Timeline())
        return views.page_of_work(
            self.views, listed, self._executed(executor), token, belongs=views.is_open_at(executor)
        )

    def _executed(self, executor: str) -> Callable[[str], tuple[object, Execution]]:
        return lambda signal_id: ((signal_id, executor), self._executions[signal_id, executor])

    async def claim(self, signal: Signal, executor: str, *, now: datetime, lease: timedelta) -> Claim:
        written: list[Claimed] = []

        def write() -> Claimed:
            written.append(self._claim(signal, executor, now=now, lease=lease))
            return written[-1]

        def stands() -> Claimed | None:
            return next((mine for mine in written if changes.holds_claim(self.find(*key), mine.execution)), None)

        key = signal.signal_id, executor
        claim: Claim = await self._write(write, stands)
        return claim

    def _claim(self, signal: Signal, executor: str, *, now: datetime, lease: timedelta) -> Claimed:
        found = self.find(signal.signal_id, executor)
        if found is None:
            fresh = claimed(signal, executor=executor, mode=self.mode, now=now, lease_until=now + lease)
            self.views.changed(fresh.key, None)
            self._executions[fresh.key] = fresh
            self._executors[fresh.signal_id].append(executor)
            self._executions_of_day[executor, fresh.created_at.date().isoformat()].add(fresh)
            self._open[executor].add(fresh)
            return Claimed(fresh)
        if refusal := self.turned_away(found, now):
            raise Stands(refusal)
        if found.state is ExecutionState.DEAD_LETTERED:
            mine = changes.revived(found, now=now, lease_until=now + lease).applied_to(found)
        else:
            mine = changes.taken_over(found, now=now, lease_until=now + lease)
        self._overwrite(mine)
        return Claimed(mine, taken_over=True)

    async def intend(
        self, execution: Execution, intent: Intent, *, account: AccountState, now: datetime
    ) -> Execution:
        change = changes.intended(execution, intent, now=now)

        def write() -> Execution:
            stored = self.check(execution, of_same_state=change.needs_all_as_read)
            check_size(change.applied_to(stored))
            self.check_reservation(execution, account)
            self.reserve(execution, intent, read=account, now=now)
            return self._change(change, execution)

        intended: Execution = await self._write(
            write, partial(self._own_step, execution, change), Kind.TRANSACTION
        )
        return intended

    def check(self, known: Execution, *, of_same_state: bool = False) -> Execution:
        """Return what is stored, if that is still as the caller knows it.

        Raises:
            LostLease: another worker has taken it over or moved it, or, ``of_same_state``, written anything.
        """
        stored = self._executions.get(known.key)
        if stored is known:
            return stored
        if (
            stored is None
            or stored.state is not known.state
            or stored.epoch != known.epoch
            or (of_same_state and _steps_of(stored) != _steps_of(known))
        ):
            found = f"{stored.state} at epoch {stored.epoch}" if stored else "not stored"
            raise LostLease(f"{known.key} is {found}, not {known.state} at epoch {known.epoch} as it was read")
        return stored

    async def _move(self, execution: Execution, change: Change) -> Execution:
        gives = change.release is not Release.NOTHING
        kind = Kind.TRANSACTION if gives or change.ended is not None else Kind.WRITE
        moved: Execution = await self._write(
            partial(self._do_move, execution, change), partial(self._own_step, execution, change), kind
        )
        return moved

    def _own_step(self, execution: Execution, change: Change) -> Execution | None:
        """Return an execution as a change left it that is on the record, whoever has gone on from there."""
        return change.applied_to(execution) if changes.landed(self.find(*execution.key), change) else None

    def _do_move(self, execution: Execution, change: Change) -> Execution:
        stored = self.check(execution, of_same_state=change.needs_all_as_read)
        check_size(change.applied_to(stored))
        holds_money = bool(execution.reserved_notional or execution.reserved_risk)
        gives_money = change.release is not Release.NOTHING and holds_money
        gives_symbol = change.release is Release.RESERVATION_AND_SYMBOL
        if gives_money and stored.reserved_notional != execution.reserved_notional:
            raise LostLease(f"{execution.key} has {stored.reserved_notional} reserved")
        if gives_symbol:
            self.check_lock(execution)
        if gives_money or gives_symbol:
            self.give_back(execution, with_symbol=gives_symbol)
        if change.ended is not None:
            self.keep_exit(execution.executor, change.ended)
        return self._change(change, execution)

    def _change(self, change: Change, known: Execution) -> Execution:
        """Write a change that was checked, and return it as the caller, who may have missed a pause, knows it."""
        stored = self._executions[known.key]
        moved = change.applied_to(stored)
        self._overwrite(moved)
        return moved if stored is known else change.applied_to(known)

    def _overwrite(self, moved: Execution) -> None:
        """Write an execution over what is stored of it; it leaves the open work where it ends."""
        had_ended, has_ended = self._executions[moved.key].state.is_terminal, moved.state.is_terminal
        self.views.changed(moved.key, self._executions[moved.key])
        self._executions[moved.key] = moved
        if has_ended and not had_ended:
            self._open[moved.executor].remove(moved)
        elif had_ended and not has_ended:
            self._open[moved.executor].add(moved)

    def _waiting(self, stored: StoredSignal) -> views.Timeline:
        return self._outbox if stored.awaiting else self._unjudged_ones


def _steps_of(execution: Execution) -> tuple[int, int]:
    """Return what every step changes: the revision one of this version, the length of the history all others."""
    return execution.revision, len(execution.history)
