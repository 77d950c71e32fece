"""The accounts of the table: conditional writes, each with the race it closes."""

from datetime import date, datetime

from argo.adapters.aws import items
from argo.adapters.aws.account_items import account_state
from argo.adapters.aws.table import Table, update_of
from argo.domain.account import LONGEST_REASON, AccountState, TradingState
from argo.domain.ledger import ReservationConflict
from argo.domain.limits import EquityMarks
from argo.domain.sizes import cut
from argo.domain.values import iso

_READS = 10
"""How often an account is read that is being written."""


class AccountItems:
    """The accounts of `argo.ports.Ledger` on DynamoDB."""

    _table: Table

    async def account(self, executor: str, *, exits_since: datetime | None = None) -> AccountState:
        first = items.ended_since(exits_since) if exits_since else items.LOCK
        for _ in range(_READS):
            found = await self._table.partition(items.account_partition(executor), "SK >= :value", first)
            if (state := account_state(executor, found)) is not None:
                return state
        raise ReservationConflict(f"the account {executor} changed while it was read")

    async def accounted_until(self, executor: str) -> datetime | None:
        item = await self._table.get(items.accounted_key(executor))
        return datetime.fromisoformat(items.decode(item)["until"]) if item else None

    async def account_until(self, executor: str, time: datetime) -> None:
        request = update_of(items.accounted_key(executor), "SET #until = :time", {"time": iso(time)})
        await self._table.update(request | {"ExpressionAttributeNames": {"#until": "until"}})

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
        """Set what the account may do and move its version, so that no older view reserves any more.

        A worker has read ACTIVE and is about to reserve; a person halts the account. The version has moved, the
        worker's reservation fails, it reads again and finds HALTED. The reconciler has read a halt that ends today
        and is about to lift it; a person halts the account anew. The state is of another moment than was ``read``,
        and the person's stands.
        """
        since, kept = read.state_since if read else None, cut(reason, LONGEST_REASON)
        nobody_set_it_since = "state_since = :read" if since else "attribute_not_exists(state_since)"
        resumes = ", resumes_on = :day" if resumes_on else " REMOVE resumes_on"
        update = update_of(
            items.account_key(executor),
            f"SET trading_state = :state, state_reason = :reason, state_since = :now{resumes} ADD version :one",
            {
                "state": str(state),
                "reason": kept,
                "now": iso(now),
                "one": 1,
                "day": resumes_on and resumes_on.isoformat(),
                "read": since and iso(since),
            },
            condition=nobody_set_it_since if read else None,
        )

        async def landed() -> bool:
            found = await self.account(executor)
            return (found.trading_state, found.state_reason, found.state_since) == (state, kept, now)

        return await self._table.attempt(update, landed)

    async def observe(self, read: AccountState, known: EquityMarks, *, now: datetime) -> bool:
        """Record the account's equity and its marks.

        Two reconcilers overlap, or a person has the marks measured anew meanwhile: who writes second finds other
        marks than those it began from.
        """
        as_they_were_read = (
            "marks_version = :read" if read.marks_version else "attribute_not_exists(marks_version)"
        )
        update = update_of(
            items.account_key(read.executor),
            "SET trading_day = :day, equity = :equity, day_start_equity = :day_start, "
            "starting_equity = :start, peak_equity = :peak, observed_at = :now ADD marks_version :one",
            {
                "day": known.trading_day.isoformat(),
                "equity": str(known.equity),
                "day_start": str(known.day_start),
                "start": str(known.start),
                "peak": str(known.peak),
                "now": iso(now),
                "one": 1,
                "read": read.marks_version or None,
            },
            condition=as_they_were_read,
        )

        async def landed() -> bool:
            found = await self.account(read.executor)
            return (found.marks_version, found.observed_at) == (read.marks_version + 1, now)

        return await self._table.attempt(update, landed)

    async def measure_anew(self, executor: str) -> None:
        forgotten = "REMOVE starting_equity, peak_equity ADD version :one, marks_version :one"
        await self._table.update(update_of(items.account_key(executor), forgotten, {"one": 1}))
