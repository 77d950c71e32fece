"""Whose turn it is to make a shard's cycles: one item a shard, overwritten by every generator that takes over."""

from datetime import datetime

from argo.adapters.aws import items
from argo.adapters.aws.table import NEW, Table, update_of
from argo.domain.values import sortable


class ShiftItems:
    """The generators' shifts of `argo.ports.Ledger` on DynamoDB."""

    _table: Table

    async def record_shift(self, shard: str, began: datetime) -> None:
        """Take over from whoever began earlier.

        A tick comes twice, or late: the generator that began first may be the last one to write, and must not
        send home the one that has relieved it.
        """
        began_earlier = "began < :began"
        key, known = items.shift_key(shard), {"began": sortable(began)}
        await self._table.attempt(
            update_of(key, "SET began = :began", known, condition=f"{NEW} OR {began_earlier}")
        )

    async def latest_shift(self, shard: str) -> datetime | None:
        item = await self._table.get(items.shift_key(shard))
        return datetime.fromisoformat(items.decode(item)["began"]) if item else None
