"""Who trades which account of the broker, on the table: one item per account number."""

from contextlib import suppress

from argo.adapters.aws import items
from argo.adapters.aws.answers import ConditionFailed
from argo.adapters.aws.items import encode
from argo.adapters.aws.table import NEW, Request, Table, update_of
from argo.domain.ledger import BrokerAccountHolder


class BrokerAccountItems:
    """The broker's accounts of `argo.ports.Ledger` on DynamoDB."""

    _table: Table

    async def hold_broker_account(self, executor: str, number: str) -> BrokerAccountHolder:
        """Take an account of the broker, and give back the one held before.

        Two executors look at one account in the same moment: both want its item, and the second finds the first's
        name. What an executor holds is on an item of its own, so that it is given back when its key is another's.
        """
        known = items.decode(await self._table.get(items.holds_key(executor)) or {}).get("number")
        if known != number:
            # Where the condition fails it is somebody else's, and what stands there tells whose.
            with suppress(ConditionFailed):
                await self._table.transact(_taken(executor, number, known))
        found = items.decode(await self._table.get(items.broker_account_key(number)) or {})
        return BrokerAccountHolder(found.get("executor", executor), frozenset(found.get("told", ())))

    async def note_told(self, number: str, what: str) -> None:
        key = items.broker_account_key(number)
        await self._table.update(update_of(key, "ADD told :told", {"told": {what}}))


def _taken(executor: str, number: str, known: str | None) -> list[Request]:
    free_or_mine = f"{NEW} OR executor = :me"
    me = encode({":me": executor})
    take = update_of(
        items.broker_account_key(number), "SET executor = :me", {"me": executor}, condition=free_or_mine
    )
    writes: list[Request] = [
        {"Update": take},
        {"Put": {"Item": items.holds_key(executor) | encode({"number": number})}},
    ]
    if known is not None:
        left = {"Key": items.broker_account_key(known), "ConditionExpression": free_or_mine}
        writes.append({"Delete": left | {"ExpressionAttributeValues": me}})
    return writes
