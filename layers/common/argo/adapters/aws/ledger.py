"""The ledger in one DynamoDB table."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from argo.adapters.aws import account_writes, items, signal_writes, writes
from argo.adapters.aws.table import ConditionFailed, Conflict, Table
from argo.adapters.threads import BlockingCalls
from argo.domain import changes
from argo.domain.account import AccountState, TradeExit, TradingState
from argo.domain.execution import Execution, ExecutionState, Exit, Protection, claimed
from argo.domain.ledger import (
    Claim,
    Claimed,
    Held,
    Intent,
    LostLease,
    Page,
    PutSignal,
    Release,
    ReservationConflict,
    Settlement,
    StoredSignal,
    SymbolLocked,
)
from argo.domain.limits import EquityMarks
from argo.domain.reasons import Obstacle
from argo.domain.signal import Signal
from argo.domain.signal_outcome import SignalOutcome

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CONFLICT_TRIES = 10
"""How often a settlement is written, and an account read, before another's writes are left their way."""


class DynamoLedger:
    """`argo.ports.Ledger` on DynamoDB.

    Every write of an execution is conditional on the state and epoch the caller knows;
    the modules of writes have the conditions. ``mode`` is stored on every record, so that simulated and
    live can't be confused (FAILURES A03).
    """

    def __init__(self, client: "DynamoDBClient", table: str, *, mode: str, calls: BlockingCalls) -> None:
        """Work on ``table`` through ``client``, at most as many requests at a time as ``calls`` allows."""
        self._table = Table(client, table, calls)
        self._mode = mode

    async def put_signal(
        self, signal: Signal, *, executors: Collection[str], declined: Mapping[str, str] | None = None
    ) -> PutSignal:
        """Write a signal once; when an earlier sighting of the same fact is stored, return that."""
        item = items.signal_item(signal, mode=self._mode, executors=frozenset(executors), declined=declined)
        try:
            await self._table.put(item, condition=writes.NEW)
        except ConditionFailed:
            earlier = await self.signal(signal.signal_id)
            if earlier is None:
                raise
            return PutSignal(earlier, created=False)
        return PutSignal(items.stored_signal(item), created=True)

    async def signal(self, signal_id: str) -> StoredSignal | None:
        """Return a stored signal."""
        item = await self._table.get(items.signal_key(signal_id))
        return items.stored_signal(item) if item else None

    async def mark_published(self, signal_id: str, executors: Collection[str]) -> None:
        """Record where the signal's messages are; with the last one it leaves the outbox."""
        try:
            await self._table.update(signal_writes.published(signal_id, executors))
        except ConditionFailed:
            left = await self._table.update(signal_writes.published_some(signal_id, executors))
            if "awaiting" not in left:
                with suppress(ConditionFailed):
                    await self._table.update(signal_writes.left_outbox(signal_id))

    async def unpublished(self, *, limit: int) -> Sequence[StoredSignal]:
        """Return the outbox, oldest first."""
        found, _ = await self._table.listed(items.OPEN_EXECUTIONS, ("work_list", items.OUTBOX), limit=limit)
        return [items.stored_signal(item) for item in found]

    async def unjudged(self, *, limit: int) -> Sequence[StoredSignal]:
        """Return the signals that wait for their outcome, oldest first."""
        found, _ = await self._table.listed(items.OPEN_EXECUTIONS, ("work_list", items.UNJUDGED), limit=limit)
        return [items.stored_signal(item) for item in found]

    async def record_outcome(self, signal_id: str, outcome: SignalOutcome) -> bool:
        """Keep a signal's outcome with it; the first to judge it wins."""
        try:
            await self._table.update(signal_writes.judged(signal_id, outcome))
        except ConditionFailed:
            return False
        return True

    async def claim(self, signal: Signal, executor: str, *, now: datetime, lease: timedelta) -> Claim:
        """Claim a signal's execution: new, or taken over from a worker whose lease is over."""
        fresh = claimed(signal, executor=executor, mode=self._mode, now=now, lease_until=now + lease)
        try:
            await self._table.put(items.execution_item(fresh), condition=writes.NEW)
        except ConditionFailed:
            found = await self.execution(signal.signal_id, executor)
            if found is None:
                raise
        else:
            return Claimed(fresh)
        if refusal := changes.turned_away(found, now):
            return refusal
        if found.state is ExecutionState.DEAD_LETTERED:
            return await self._revive(found, now=now, lease_until=now + lease)
        return await self._take_over(found, now=now, lease_until=now + lease)

    async def _take_over(self, found: Execution, *, now: datetime, lease_until: datetime) -> Claim:
        try:
            await self._table.update(writes.takeover(found, now=now, lease_until=lease_until))
        except ConditionFailed:
            return Held(lease_until)
        return Claimed(changes.taken_over(found, now=now, lease_until=lease_until), taken_over=True)

    async def _revive(self, found: Execution, *, now: datetime, lease_until: datetime) -> Claim:
        change = changes.revived(found, now=now, lease_until=lease_until)
        try:
            await self._table.update(writes.execution_update(found, change))
        except ConditionFailed:
            return Held(lease_until)
        return Claimed(change.applied_to(found), taken_over=True)

    async def intend(
        self, execution: Execution, intent: Intent, *, account: AccountState, now: datetime
    ) -> Execution:
        """Write order body, reservation and symbol lock in one transaction, before anything is sent."""
        change = changes.intended(execution, intent, now=now)
        request = writes.intent_transaction(self._table.name, execution, change, intent, account)
        try:
            await self._table.transact(request)
        except Conflict as error:
            raise ReservationConflict(str(error)) from error
        except ConditionFailed as error:
            holder = items.decode(error.item).get("signal_id")
            raise _INTENT_FAILURES[error.index](holder or str(error)) from error
        return change.applied_to(execution)

    async def settle(
        self, execution: Execution, state: ExecutionState, settlement: Settlement, *, now: datetime
    ) -> Execution:
        """Move the execution to a state and record what was learnt."""
        change = changes.settled(execution, state, settlement, now=now)
        return await self._move(execution, change, settlement.release, settlement.trade_exit)

    async def pause(
        self,
        execution: Execution,
        obstacle: Obstacle,
        *,
        until: datetime,
        now: datetime,
        state: ExecutionState | None = None,
        detail: Mapping[str, str] | None = None,
        release: Release = Release.NOTHING,
    ) -> Execution:
        """Record the obstacle; the next delivery may go on from ``until``."""
        change = changes.paused(
            execution, obstacle, until=until, now=now, state=state, detail=detail or {}, release=release
        )
        return await self._move(execution, change, release)

    async def record_exit(self, execution: Execution, planned: Exit, *, now: datetime) -> Execution:
        """Record how the position is left; the state stays."""
        return await self._move(execution, changes.exit_recorded(execution, planned, now=now))

    async def record_protection(self, execution: Execution, protection: Protection, *, now: datetime) -> Execution:
        """Record what guards the position; the state stays."""
        return await self._move(execution, changes.protection_recorded(execution, protection, now=now))

    async def _move(
        self,
        execution: Execution,
        change: changes.Change,
        release: Release = Release.NOTHING,
        ended: TradeExit | None = None,
    ) -> Execution:
        first, *others = writes.settlement_transaction(self._table.name, execution, change, release, ended)
        for tries_left in reversed(range(CONFLICT_TRIES)):
            try:
                await (self._table.transact([first, *others]) if others else self._table.update_alone(first))
            except Conflict as error:
                # Another transaction was at the account's item in this moment; nothing of ours was written.
                if not tries_left:
                    raise ReservationConflict(str(error)) from error
            except ConditionFailed as error:
                raise LostLease(str(error)) from error
            else:
                break
        return change.applied_to(execution)

    async def execution(self, signal_id: str, executor: str) -> Execution | None:
        """Return one execution, read consistently."""
        item = await self._table.get(items.execution_key(signal_id, executor))
        return items.execution(item) if item else None

    async def executions(self, signal_id: str) -> Sequence[Execution]:
        """Return a signal's executions at all accounts."""
        return [items.execution(item) for item in await self._table.children(f"SIGNAL#{signal_id}", "EXECUTION#")]

    async def open_executions(self, executor: str, *, limit: int) -> Sequence[Execution]:
        """Return an account's open work, oldest first."""
        key = ("work_list", items.work_list(executor))
        found, _ = await self._table.listed(items.OPEN_EXECUTIONS, key, limit=limit)
        return [items.execution(item) for item in found]

    async def account(self, executor: str, *, exits_since: datetime | None = None) -> AccountState:
        """Return the account with its symbol locks and the trades that ended lately, in one request."""
        first = items.ended_since(exits_since) if exits_since else items.LOCK
        for _ in range(CONFLICT_TRIES):
            found = await self._table.onwards(items.account_partition(executor), first)
            if (state := items.account_state(executor, found)) is not None:
                return state
        raise ReservationConflict(f"the account {executor} changed while it was read")

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
        """Set what the account may do and move its version, so that no older view reserves any more."""
        try:
            await self._table.update(
                account_writes.trading_state(
                    executor, state, reason=reason, now=now, resumes_on=resumes_on, read=read
                )
            )
        except ConditionFailed:
            return False
        return True

    async def observe(self, read: AccountState, known: EquityMarks, *, now: datetime) -> bool:
        """Record the account's equity and its marks; False when somebody else has since ``read``."""
        try:
            await self._table.update(account_writes.observed(read.executor, known, read=read, now=now))
        except ConditionFailed:
            return False
        return True

    async def measure_anew(self, executor: str) -> None:
        """Forget what drawdowns are measured from."""
        await self._table.update(account_writes.measured_anew(executor))

    async def signals_of(self, day: str, *, limit: int, token: str | None = None) -> Page[StoredSignal]:
        """Return a UTC day's signals, newest first."""
        key = ("time_partition", items.signals_partition(day))
        found, following = await self._table.listed(items.BY_TIME, key, limit=limit, token=token, backwards=True)
        return Page([items.stored_signal(item) for item in found], following)

    async def executions_of(
        self, executor: str, day: str, *, limit: int, token: str | None = None
    ) -> Page[Execution]:
        """Return an account's executions of a UTC day's signals, newest first."""
        key = ("time_partition", items.executions_partition(executor, day))
        found, following = await self._table.listed(items.BY_TIME, key, limit=limit, token=token, backwards=True)
        return Page([items.execution(item) for item in found], following)


_INTENT_FAILURES = (LostLease, ReservationConflict, SymbolLocked)
"""What a failed condition means, in the order of the intent's requests."""
