"""The ledger in one DynamoDB table."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from argo.adapters.aws import items, writes
from argo.adapters.aws.accounts import AccountItems
from argo.adapters.aws.answers import ConditionFailed
from argo.adapters.aws.broker_accounts import BrokerAccountItems
from argo.adapters.aws.shifts import ShiftItems
from argo.adapters.aws.signals import SignalItems
from argo.adapters.aws.table import NEW, Request, Table
from argo.adapters.clock import SystemClock
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
    ReservationConflict,
    SymbolLocked,
)
from argo.domain.lists import Listed, Page
from argo.domain.signal import Signal
from argo.ports import Clock, Unavailable
from argo.ports.ledger import ChangingLedger

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoLedger(SignalItems, ShiftItems, AccountItems, BrokerAccountItems, ChangingLedger):
    """`argo.ports.Ledger` on DynamoDB.

    Every write of an execution is conditional on the state and epoch the caller knows;
    the modules of writes have the conditions. ``mode`` is stored on every record, so that simulated and
    live can't be confused (FAILURES A03).
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        *,
        mode: str,
        calls: BlockingCalls,
        clock: Clock | None = None,
    ) -> None:
        """Work on ``table`` through ``client``, at most as many requests at a time as ``calls`` allows.

        ``clock``, the system's without one, is what is waited by before a write that met another one is repeated.
        """
        self._table = Table(client, table, calls, clock or SystemClock())
        self._mode = mode

    async def claim(self, signal: Signal, executor: str, *, now: datetime, lease: timedelta) -> Claim:
        fresh = claimed(signal, executor=executor, mode=self._mode, now=now, lease_until=now + lease)
        try:
            await self._table.put(items.execution_item(fresh), condition=NEW)
        except ConditionFailed as refusal:
            found = await self.execution(signal.signal_id, executor)
            if found is None:
                raise
            if refusal.repeated and changes.holds_claim(found, fresh):
                return Claimed(fresh)
        except Unavailable as silence:
            if not (silence.unanswered and await self._is_mine(fresh)):
                raise
            return Claimed(fresh)
        else:
            return Claimed(fresh)
        if turned_away := changes.turned_away(found, now):
            return turned_away
        if found.state is ExecutionState.DEAD_LETTERED:
            change = changes.revived(found, now=now, lease_until=now + lease)
            mine, update = change.applied_to(found), writes.execution_update(found, change)
        else:
            mine = changes.taken_over(found, now=now, lease_until=now + lease)
            update = writes.takeover(found, now=now, lease_until=now + lease)
        if not await self._table.attempt(update, partial(self._is_mine, mine)):
            return Held(now + lease)
        return Claimed(mine, taken_over=True)

    async def _is_mine(self, claim: Execution) -> bool:
        return changes.holds_claim(await self.execution(*claim.key), claim)

    async def intend(
        self, execution: Execution, intent: Intent, *, account: AccountState, now: datetime
    ) -> Execution:
        change = changes.intended(execution, intent, now=now)
        requests = writes.intent_transaction(execution, change, intent, account)
        try:
            await self._write(execution, change, requests)
        except ConditionFailed as refusal:
            holder = items.decode(refusal.item).get("signal_id")
            raise _INTENT_FAILURES[refusal.index](holder or str(refusal)) from refusal
        return change.applied_to(execution)

    async def _move(self, execution: Execution, change: changes.Change) -> Execution:
        try:
            await self._write(execution, change, writes.settlement_transaction(execution, change))
        except ConditionFailed as refusal:
            raise LostLease(str(refusal)) from refusal
        return change.applied_to(execution)

    async def _write(self, execution: Execution, change: changes.Change, requests: Sequence[Request]) -> None:
        """Write a change; one whose answer was lost, and that met itself when it was sent again, is written.

        Raises:
            ConditionFailed: another's write stands there.
        """
        try:
            await self._table.transact(requests)
        except ConditionFailed as refusal:
            if not (refusal.repeated and changes.landed(await self.execution(*execution.key), change)):
                raise
        except Unavailable as silence:
            if not (silence.unanswered and changes.landed(await self.execution(*execution.key), change)):
                raise

    async def execution(self, signal_id: str, executor: str) -> Execution | None:
        item = await self._table.get(items.execution_key(signal_id, executor))
        return items.known(item, items.execution) if item else None

    async def executions(self, signal_id: str) -> Listed[Execution]:
        found = await self._table.partition(f"SIGNAL#{signal_id}", "begins_with(SK, :value)", "EXECUTION#")
        executions, unreadable = items.readable(found, items.execution)
        return Listed(executions, unreadable=unreadable)

    async def _open_executions(self, executor: str, token: str | None) -> Page[Execution]:
        work = items.work_list(executor)
        return await self._table.page(items.OPEN_EXECUTIONS, work, items.execution, token=token)

    async def executions_of(
        self, executor: str, day: str, *, limit: int, token: str | None = None
    ) -> Page[Execution]:
        listed = items.executions_partition(executor, day)
        return await self._table.page(items.BY_TIME, listed, items.execution, limit=limit, token=token)


_INTENT_FAILURES = (LostLease, ReservationConflict, SymbolLocked)
"""What a failed condition means, in the order of the intent's requests."""
