"""Wrong ways of reading lists, and of what nobody has taken."""

from collections.abc import Sequence

from argo.domain.execution import Execution
from argo.domain.ledger import StoredSignal
from argo.domain.lists import Listed
from argo.domain.signal import Signal
from argo.publishing import Published, Publisher
from argo.together import together
from reconciliation.wiring import Rules
from simulation.ports.ledger import InMemoryLedger
from trials.wrong_policies.policies import Policies, WrongPolicy

_PAGE = 100


async def left_unclaimed(*_: object) -> None:
    pass


class FirstPageOnly(InMemoryLedger):
    async def open_executions(self, executor: str, *, limit: int | None = None) -> Listed[Execution]:
        page = await self._open_executions(executor, None)
        return Listed(page.items[:limit], unreadable=page.unreadable)

    async def unpublished(self, *, limit: int | None = None) -> Listed[StoredSignal]:
        return Listed((await self._unpublished(None)).items[:limit])


class AllOrNothing(InMemoryLedger):
    async def open_executions(self, executor: str, *, limit: int | None = None) -> Listed[Execution]:
        found = await super().open_executions(executor, limit=limit)
        if found.unreadable:
            raise ValueError(f"{found.unreadable[0].name}: {found.unreadable[0].why}")
        return found


class OneOutboxForAll(Publisher):
    async def publish(self, signals: Sequence[Signal]) -> Published:
        puts = await together(*(self.put(signal) for signal in signals))
        stored = {put.stored.signal.signal_id: put.stored for put in puts}
        left_over = await self.ledger.unpublished(limit=_PAGE)
        older = [item for item in left_over if item.signal.signal_id not in stored]
        messages, failures = await self.send([item for item in (*older, *stored.values()) if item.awaiting], [])
        return Published(frozenset(stored), messages, failures)


LISTING = {
    "left_unclaimed": WrongPolicy(
        "leaves what was published and never claimed, however long ago it expired",
        "C07",
        Policies(reconciliation=Rules(end_unclaimed=left_unclaimed)),
    ),
    "first_page_only": WrongPolicy(
        "takes a list's first page for the list", "C08", Policies(ledger=FirstPageOnly)
    ),
    "one_outbox_for_all": WrongPolicy(
        "reads a page of the outbox, whomever it waits for, and keeps in it what has expired",
        "C09",
        Policies(publisher=OneOutboxForAll),
    ),
    "all_or_nothing": WrongPolicy(
        "reads no record of a list in which one cannot be read", "C17", Policies(ledger=AllOrNothing)
    ),
}
