"""The ledger in one DynamoDB table."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from argo.adapters.aws import items, writes
from argo.adapters.aws.accounts import CONFLICT_TRIES, AccountItems
from argo.adapters.aws.signals import SignalItems
from argo.adapters.aws.table import NEW, ConditionFailed, Conflict, Table
from argo.adapters.threads import BlockingCalls
from argo.domain import changes
from argo.domain.account import AccountState
from argo.domain.execution import Execution, ExecutionState, claimed
from argo.domain.ledger import (
    Claim,
    Claimed,
    Held,
    Intent,
    LostLease,
    Page,
    ReservationConflict,
    SymbolLocked,
)
from argo.domain.signal import Signal
from argo.ports.ledger import ChangingLedger

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoLedger(SignalItems, AccountItems, ChangingLedger):
    """`argo.ports.Ledger` on DynamoDB.

    Every write of an execution is conditional on the state and epoch the caller knows;
    the modules of writes have the conditions. ``mode`` is stored on every record, so that simulated and
    live can't be confused (FAILURES A03).
    """

    def __init__(self, client: "DynamoDBClient", table: str, *, mode: str, calls: BlockingCalls) -> None:
        """Work on ``table`` through ``client``, at most as many requests at a time as ``calls`` allows."""
        self._table = Table(client, table, calls)
        self._mode = mode

    async def claim(self, signal: Signal, executor: str, *, now: datetime, lease: timedelta) -> Claim:
        fresh = claimed(signal, executor=executor, mode=self._mode, now=now, lease_until=now + lease)
        try:
            await self._table.put(items.execution_item(fresh), condition=NEW)
        except ConditionFailed:
            found = await self.execution(signal.signal_id, executor)
            if found is None:
                raise
        else:
            return Claimed(fresh)
        if refusal := changes.turned_away(found, now):
            return refusal
        if found.state is ExecutionState.DEAD_LETTERED:
            change = changes.revived(found, now=now, lease_until=now + lease)
            mine, update = change.applied_to(found), writes.execution_update(found, change)
        else:
            mine = changes.taken_over(found, now=now, lease_until=now + lease)
            update = writes.takeover(found, now=now, lease_until=now + lease)
        if not await self._table.attempt(update):
            return Held(now + lease)
        return Claimed(mine, taken_over=True)

    async def intend(
        self, execution: Execution, intent: Intent, *, account: AccountState, now: datetime
    ) -> Execution:
        change = changes.intended(execution, intent, now=now)
        try:
            await self._table.transact(writes.intent_transaction(execution, change, intent, account))
        except Conflict as error:
            raise ReservationConflict(str(error)) from error
        except ConditionFailed as error:
            holder = items.decode(error.item).get("signal_id")
            raise _INTENT_FAILURES[error.index](holder or str(error)) from error
        return change.applied_to(execution)

    async def _move(self, execution: Execution, change: changes.Change) -> Execution:
        requests = writes.settlement_transaction(execution, change)
        for tries_left in reversed(range(CONFLICT_TRIES)):
            try:
                await self._table.transact(requests)
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
        item = await self._table.get(items.execution_key(signal_id, executor))
        return items.execution(item) if item else None

    async def executions(self, signal_id: str) -> Sequence[Execution]:
        found = await self._table.partition(f"SIGNAL#{signal_id}", "begins_with(SK, :value)", "EXECUTION#")
        return [items.execution(item) for item in found]

    async def open_executions(self, executor: str, *, limit: int) -> Sequence[Execution]:
        work = items.work_list(executor)
        return (await self._table.page(items.OPEN_EXECUTIONS, work, items.execution, limit=limit)).items

    async def executions_of(
        self, executor: str, day: str, *, limit: int, token: str | None = None
    ) -> Page[Execution]:
        listed = items.executions_partition(executor, day)
        return await self._table.page(items.BY_TIME, listed, items.execution, limit=limit, token=token)


_INTENT_FAILURES = (LostLease, ReservationConflict, SymbolLocked)
"""What a failed condition means, in the order of the intent's requests."""
