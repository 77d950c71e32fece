"""The signals of the table: conditional writes, each with the race it closes, and lists."""

from collections.abc import Collection, Mapping

from argo.adapters.aws import items
from argo.adapters.aws.answers import ConditionFailed
from argo.adapters.aws.table import NEW, Table, update_of
from argo.domain.ledger import PutSignal, StoredSignal
from argo.domain.lists import Page, UnreadableRecord
from argo.domain.signal import Signal, SignalOutcome
from argo.ports import Unavailable


class SignalItems:
    """The signals of `argo.ports.Ledger` on DynamoDB."""

    _table: Table
    _mode: str

    async def put_signal(
        self, signal: Signal, *, executors: Collection[str], declined: Mapping[str, str] | None = None
    ) -> PutSignal:
        item = items.signal_item(signal, mode=self._mode, executors=frozenset(executors), declined=declined)
        fresh = items.stored_signal(item)
        try:
            await self._table.put(item, condition=NEW)
        except ConditionFailed as refusal:
            try:
                earlier = await self.signal(signal.signal_id)
            except UnreadableRecord:
                # A later version's: it knows whom to send it to.
                earlier = StoredSignal(signal, self._mode, frozenset(), frozenset())
            if earlier is None:
                raise
            return PutSignal(earlier, created=refusal.repeated and earlier == fresh)
        except Unavailable as silence:
            if not (silence.unanswered and await self.signal(signal.signal_id) == fresh):
                raise
        return PutSignal(fresh, created=True)

    async def signal(self, signal_id: str) -> StoredSignal | None:
        item = await self._table.get(items.signal_key(signal_id))
        return items.known(item, items.stored_signal) if item else None

    async def mark_published(self, signal_id: str, executors: Collection[str]) -> None:
        """Record where the signal's messages are; with the last one it goes from the outbox to be judged.

        An overlapping cycle may have marked some already; then the first condition fails. Two cycles mark a half
        each and both find nobody waiting; by the time the second one takes the signal from the outbox, the first
        has moved it on, and it may even have been judged and have left.
        """
        key, sent = items.signal_key(signal_id), set(executors)
        everybody = update_of(
            key,
            "ADD published_to :sent SET work_list = :unjudged REMOVE awaiting",
            {"sent": sent, "unjudged": items.UNJUDGED},
            condition="awaiting = :sent",
        )
        if await self._table.attempt(everybody):
            return
        some = update_of(
            key, "ADD published_to :sent DELETE awaiting :sent", {"sent": sent}, condition="attribute_exists(PK)"
        )
        if "awaiting" in await self._table.update(some | {"ReturnValues": "ALL_NEW"}):
            return
        nobody_waits = "attribute_not_exists(awaiting)"
        still_in_the_outbox = "work_list = :outbox"
        moved_on = update_of(
            key,
            "SET work_list = :unjudged",
            {"unjudged": items.UNJUDGED, "outbox": items.OUTBOX},
            condition=f"{nobody_waits} AND {still_in_the_outbox}",
        )
        await self._table.attempt(moved_on)

    async def withdraw(self, stored: StoredSignal, reasons: Mapping[str, str]) -> bool:
        """Take executors off those who await the signal; without the last one it goes to be judged.

        A cycle finds a signal too old to be sent, while an overlapping one has just sent it and marks it. Those
        who await it only become fewer: while they are those that were read, nobody else has written.
        """
        waiting = stored.awaiting - reasons.keys()
        left = "SET declined = :declined, awaiting = :waiting"
        moved_on = "SET declined = :declined, work_list = :unjudged REMOVE awaiting"
        declined = {**stored.declined, **reasons}
        withdrawn = update_of(
            items.signal_key(stored.signal.signal_id),
            left if waiting else moved_on,
            {
                "declined": declined,
                "read": set(stored.awaiting),
                "waiting": set(waiting) or None,
                "unjudged": None if waiting else items.UNJUDGED,
            },
            condition="awaiting = :read",
        )

        async def landed() -> bool:
            found = await self.signal(stored.signal.signal_id)
            return found is not None and (found.declined, found.awaiting) == (declined, waiting)

        return await self._table.attempt(withdrawn, landed)

    async def _unpublished(self, token: str | None) -> Page[StoredSignal]:
        return await self._waiting(items.OUTBOX, token)

    async def _unjudged(self, token: str | None) -> Page[StoredSignal]:
        return await self._waiting(items.UNJUDGED, token)

    async def _waiting(self, work_list: str, token: str | None) -> Page[StoredSignal]:
        return await self._table.page(items.OPEN_EXECUTIONS, work_list, items.stored_signal, token=token)

    async def record_outcome(self, signal_id: str, outcome: SignalOutcome) -> bool:
        """Keep a signal's outcome with it and take it off the list; the first to judge it wins.

        Two overlapping generators judge the same bars; the second finds an outcome and leaves it as it is.
        """
        known = "attribute_exists(PK)"
        no_outcome_yet = "attribute_not_exists(outcome)"
        judged = update_of(
            items.signal_key(signal_id),
            "SET outcome = :outcome REMOVE work_list, waiting_since",
            {"outcome": outcome},
            condition=f"{known} AND {no_outcome_yet}",
        )

        async def landed() -> bool:
            stored = await self.signal(signal_id)
            return stored is not None and stored.outcome == outcome

        return await self._table.attempt(judged, landed)

    async def signals_of(self, day: str, *, limit: int, token: str | None = None) -> Page[StoredSignal]:
        listed = items.signals_partition(day)
        return await self._table.page(items.BY_TIME, listed, items.stored_signal, limit=limit, token=token)
