"""The ledger's records of a day, joined while they are read: a page at a time, however many there are."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain

from argo.domain.execution import Execution
from argo.domain.ledger import Page, StoredSignal
from argo.ports import Ledger
from console.export.trade import Trade

_PAGE = 200

type _Key = tuple[datetime, str]


@dataclass(frozen=True, slots=True)
class Joined:
    """A signal with its execution per account; ``stored`` is None where the ledger lacks the signal."""

    stored: StoredSignal | None
    executions: Mapping[str, Execution]

    @property
    def trades(self) -> list[Trade]:
        """The signal at every account that was sent it, declined it, or executed it all the same."""
        stored = self.stored
        known: Iterable[str] = chain(stored.published_to, stored.awaiting, stored.declined) if stored else ()
        accounts = sorted({*known, *self.executions})
        return [Trade(executor, stored, self.executions.get(executor)) for executor in accounts]


async def read(ledger: Ledger, executors: Sequence[str], days: Iterable[str]) -> AsyncIterator[list[Joined]]:
    """Yield the records of UTC days in parts, in the order of the days and newest first within each.

    The lists of signals and of each account's executions have one order, so that joining them takes a page of each
    at a time. They are an index that may lag behind its table: what is missing on one side is asked for by its id.
    """
    for day in days:
        part: list[Joined] = []
        async for each in _merged(ledger, executors, day):
            part.append(each)
            if len(part) == _PAGE:
                yield await _completed(ledger, part)
                part = []
        if part:
            yield await _completed(ledger, part)


async def _merged(ledger: Ledger, executors: Sequence[str], day: str) -> AsyncIterator[Joined]:
    signals = _Newest(partial(ledger.signals_of, day, limit=_PAGE), _signal_key)
    lists = {
        executor: _Newest(partial(ledger.executions_of, executor, day, limit=_PAGE), _execution_key)
        for executor in executors
    }
    while True:
        heads = [await signals.key(), *[await each.key() for each in lists.values()]]
        newest = max((key for key in heads if key is not None), default=None)
        if newest is None:
            return
        executions = {name: each.take() for name, each in lists.items() if await each.key() == newest}
        if await signals.key() == newest:
            yield Joined(signals.take(), executions)
            continue
        _, signal_id = newest
        stored = await ledger.signal(signal_id)
        if stored is None or _signal_key(stored) == newest:
            yield Joined(stored, executions)
        # Else the signal stands under another time, and asks for its executions there.


async def _completed(ledger: Ledger, part: Sequence[Joined]) -> list[Joined]:
    return list(await asyncio.gather(*(_with_unlisted(ledger, each) for each in part)))


async def _with_unlisted(ledger: Ledger, joined: Joined) -> Joined:
    """Return a signal with the executions that the lists lack; most have none, as nobody has taken it yet."""
    if joined.stored is None:
        return joined
    missing = sorted((joined.stored.published_to | joined.stored.awaiting) - joined.executions.keys())
    signal_id = joined.stored.signal.signal_id
    found = await asyncio.gather(*(ledger.execution(signal_id, executor) for executor in missing))
    unlisted = {executor: each for executor, each in zip(missing, found, strict=True) if each is not None}
    return Joined(joined.stored, {**joined.executions, **unlisted})


class _Newest[T]:
    """A day's list, newest first: the item at its head, and pages as they are needed."""

    def __init__(self, read_page: Callable[..., Awaitable[Page[T]]], key: Callable[[T], _Key]) -> None:
        self._read_page = read_page
        self._key = key
        self._page: list[T] = []
        self._token: str | None = None
        self._over = False

    async def key(self) -> _Key | None:
        """Return the head's key, None at the list's end."""
        while not self._page and not self._over:
            page = await self._read_page(token=self._token)
            self._page = list(reversed(page.items))
            self._token = page.next_token
            self._over = page.next_token is None
        return self._key(self._page[-1]) if self._page else None

    def take(self) -> T:
        """Return the head and go on; `key` has been asked before."""
        return self._page.pop()


def _signal_key(stored: StoredSignal) -> _Key:
    return stored.signal.created_at, stored.signal.signal_id


def _execution_key(execution: Execution) -> _Key:
    return execution.created_at, execution.signal_id
