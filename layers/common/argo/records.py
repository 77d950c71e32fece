"""The one read model: signals joined with their executions, as any ledger has them.

A list is whole: every page of its days or of its window has been read, and what could not be read is named in it.
A `Page` is whole where it has no ``next_token``; `parts` gives a day piece by piece, so that an export needs
little memory. Lists of signals and executions are an index that may lag behind its table: what one side lacks is
asked for by its id.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import chain
from operator import attrgetter

from argo.domain.conservation import Conserved, conserved
from argo.domain.execution import Execution
from argo.domain.ledger import SignalRecord, StoredSignal
from argo.domain.lists import Listed, Page, Unreadable, UnreadableRecord
from argo.ports import Ledger
from argo.together import together

WINDOW = timedelta(hours=1)
"""What the conservation check looks back over: many times a signal's life: it sees whatever stays unresolved."""

_ENOUGH = 500
"""Signals older than the window after which no further day of them is read at once."""

_PAGE = 200
_PAGE_OF_WINDOW = 50

type _Key = tuple[datetime, str]


async def one(ledger: Ledger, signal_id: str) -> SignalRecord | None:
    """Return a signal with its executions at all accounts, None when the ledger has nothing by this id."""
    stored, executions = await asyncio.gather(ledger.signal(signal_id), ledger.executions(signal_id))
    found = {execution.executor: execution for execution in executions}
    record = SignalRecord(stored, found, executions.unreadable)
    return record if stored is not None or found or executions.unreadable else None


async def page(ledger: Ledger, day: str, *, limit: int, token: str | None = None) -> Page[SignalRecord]:
    """Return at most ``limit`` signals of a UTC day, newest first; each one's executions are asked for by its id.

    Raises:
        ValueError: ``token`` continues no list of this day.
    """
    listed = await ledger.signals_of(day, limit=limit, token=token)
    found = await asyncio.gather(*(ledger.executions(stored.signal.signal_id) for stored in listed.items))
    unreadable = [*listed.unreadable, *chain.from_iterable(each.unreadable for each in found)]
    return Page(_joined(listed.items, found)[0], listed.next_token, unreadable)


async def of_days(ledger: Ledger, executors: Sequence[str], days: Iterable[str]) -> Listed[SignalRecord]:
    """Return the signals of UTC days (``2026-11-20``), in the order of the days, newest first within each."""
    return _one_after_another([await _of_day(ledger, executors, day, since=None) for day in days])


async def of_window(
    ledger: Ledger, executors: Sequence[str], *, since: datetime, now: datetime
) -> Listed[SignalRecord]:
    """Return the signals created from ``since`` on, newest first; nothing older is read but the rest of a page."""
    last, first = now.astimezone(UTC).date(), since.astimezone(UTC).date()
    days = ((last - timedelta(days=back)).isoformat() for back in range((last - first).days + 1))
    return _one_after_another([await _of_day(ledger, executors, day, since=since) for day in days])


async def check_conservation(
    ledger: Ledger,
    executor: str,
    *,
    now: datetime,
    still_open: Iterable[Execution] = (),
    since: datetime | None = None,
) -> Conserved:
    """Sum up an account's signals created in the last `WINDOW`.

    What has no outcome stays in sight though it is older than the window; it is listed, not summed. That is
    ``still_open``, open executions that the caller has read already, and whatever nobody has claimed of what was
    created ``since``, by default since `Ledger.accounted_until` (FAILURES C07).
    """
    begins, known = now - WINDOW, since or await ledger.accounted_until(executor)
    older, until = Listed[SignalRecord](), known
    if known is None or known >= begins:
        found = await of_window(ledger, [executor], since=begins, now=now)
    elif known.date() == begins.date():
        both = await of_window(ledger, [executor], since=known, now=now)
        found = Listed((each for each in both if each.created_at >= begins), unreadable=both.unreadable)
        older, until = Listed(each for each in both if each.created_at < begins), begins
    else:
        found = await of_window(ledger, [executor], since=begins, now=now)
        older, until = await _of_some_days(ledger, executor, known, before=begins.date())
    unreadable = list(dict.fromkeys([*found.unreadable, *older.unreadable]))
    return conserved(
        found, executor, now=now, still_open=still_open, older=older, until=until, unreadable=unreadable
    )


async def _of_some_days(
    ledger: Ledger, executor: str, since: datetime, *, before: date
) -> tuple[Listed[SignalRecord], datetime]:
    """Return what was created in days ``before`` one, from ``since`` on, and the time up to which that is.

    However long nobody has looked, so much at a time: the rest is read once this is accounted for.
    """
    days: list[Listed[SignalRecord]] = []
    while since.date() < before and sum(map(len, days)) < _ENOUGH:
        days.append(await _of_day(ledger, [executor], since.date().isoformat(), since=since))
        since = (since + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return _one_after_another(days), since


async def signals_of_days(ledger: Ledger, days: Iterable[str]) -> Listed[StoredSignal]:
    """Return the signals of UTC days without their executions, in the order of `of_days`."""
    found: list[StoredSignal] = []
    unreadable: list[Unreadable] = []
    for day in days:
        signals, _ = _listings(ledger, (), day, _PAGE)
        found += await signals.take()
        unreadable += signals.new_unreadable()
    return Listed(found, unreadable=unreadable)


async def parts(
    ledger: Ledger, executors: Sequence[str], days: Iterable[str]
) -> AsyncIterator[Listed[SignalRecord]]:
    """Yield the signals of UTC days in parts of a page each, in the order of `of_days`.

    The lists of signals and of each account's executions have one order, so that a part takes of each account no
    more than what is as new as its oldest signal. Executions that a list lacks are asked for too.
    """
    for day in days:
        signals, lists = _listings(ledger, executors, day, _PAGE)
        while not signals.is_over:
            listed = await signals.next_page()
            if not listed and not signals.is_over:
                continue
            until = None if signals.is_over else _key(listed[-1])
            found = await asyncio.gather(*(each.take(until) for each in lists))
            records, unlisted = _joined(listed, found)
            complete = await asyncio.gather(*(_with_unlisted(ledger, each) for each in records))
            others = await asyncio.gather(*(_of_unlisted(ledger, each) for each in unlisted))
            complete += [each for each in others if _is_here(each)]
            unreadable = [*signals.new_unreadable(), *chain.from_iterable(each.new_unreadable() for each in lists)]
            if complete or unreadable:
                newest_first = sorted(complete, key=attrgetter("created_at", "signal_id"), reverse=True)
                yield Listed(newest_first, unreadable=unreadable)


async def _of_day(
    ledger: Ledger, executors: Sequence[str], day: str, *, since: datetime | None
) -> Listed[SignalRecord]:
    """Read a day's signals from ``since`` on.

    Executions come first: a signal that appears between the two reads is then one without an execution, which
    is unresolved, and not an execution without a signal, which would have to be asked for.
    """
    signals, lists = _listings(ledger, executors, day, _PAGE if since is None else _PAGE_OF_WINDOW)
    until = None if since is None else (since, "")
    found = await together(*(each.take(until) for each in lists))
    records, unlisted = _joined(await signals.take(until), found)
    records += await together(*(_of_unlisted(ledger, each) for each in unlisted))
    unreadable = chain(signals.new_unreadable(), *(each.new_unreadable() for each in lists))
    return Listed(records, unreadable=unreadable)


def _one_after_another[T](lists: Sequence[Listed[T]]) -> Listed[T]:
    unreadable = chain.from_iterable(each.unreadable for each in lists)
    return Listed(chain.from_iterable(lists), unreadable=unreadable)


def _joined(
    listed: Iterable[StoredSignal], found: Iterable[Iterable[Execution]]
) -> tuple[list[SignalRecord], Sequence[Mapping[str, Execution]]]:
    """Return signals with their executions, and the executions whose signal is not among them, by account."""
    executions: dict[str, dict[str, Execution]] = {}
    for each in chain.from_iterable(found):
        executions.setdefault(each.signal_id, {})[each.executor] = each
    records = [SignalRecord(stored, executions.pop(stored.signal.signal_id, {})) for stored in listed]
    return records, list(executions.values())


async def _of_unlisted(ledger: Ledger, executions: Mapping[str, Execution]) -> SignalRecord:
    signal_id = next(iter(executions.values())).signal_id
    try:
        return SignalRecord(await ledger.signal(signal_id), executions)
    except UnreadableRecord as error:
        return SignalRecord(None, executions, (error.found,))


def _is_here(record: SignalRecord) -> bool:
    """Say whether an execution stands beside its signal; one under another time is asked for there."""
    stored, execution = record.stored, next(iter(record.executions.values()))
    return stored is None or stored.signal.created_at == execution.created_at


async def _with_unlisted(ledger: Ledger, record: SignalRecord) -> SignalRecord:
    """Return a signal with the executions that the lists lack; most have none, as nobody has taken it yet."""
    missing = sorted(record.addressed - record.executions.keys())
    found = await asyncio.gather(*(_execution(ledger, record.signal_id, executor) for executor in missing))
    return replace(record, executions={**record.executions, **{e.executor: e for e in found if e is not None}})


async def _execution(ledger: Ledger, signal_id: str, executor: str) -> Execution | None:
    """Return one execution; one that cannot be read has been named by its list."""
    try:
        return await ledger.execution(signal_id, executor)
    except UnreadableRecord:
        return None


class _Listing[T: StoredSignal | Execution]:
    """A day's list, newest first, read no further than it is asked for."""

    def __init__(self, read: Callable[..., Awaitable[Page[T]]]) -> None:
        self._read = read
        self._waiting: list[T] = []
        self._token: str | None = None
        self._unreadable: list[Unreadable] = []
        self.is_over = False

    async def next_page(self) -> Sequence[T]:
        page = await self._read(token=self._token)
        self._token, self.is_over = page.next_token, page.next_token is None
        self._unreadable += page.unreadable
        return page.items

    def new_unreadable(self) -> list[Unreadable]:
        """Return what could not be read since this was last asked."""
        found, self._unreadable = self._unreadable, []
        return found

    async def take(self, until: _Key | None = None) -> list[T]:
        """Return what has not been taken yet and is as new as ``until``, without it all there is."""
        found = self._waiting
        while not self.is_over and (until is None or not found or _key(found[-1]) >= until):
            found += await self.next_page()
        self._waiting = [] if until is None else [each for each in found if _key(each) < until]
        return found if until is None else [each for each in found if _key(each) >= until]


def _listings(
    ledger: Ledger, executors: Iterable[str], day: str, limit: int
) -> tuple[_Listing[StoredSignal], list[_Listing[Execution]]]:
    executions = (partial(ledger.executions_of, executor, day, limit=limit) for executor in executors)
    return _Listing(partial(ledger.signals_of, day, limit=limit)), [_Listing(read) for read in executions]


def _key(listed: StoredSignal | Execution) -> _Key:
    subject = listed.signal if isinstance(listed, StoredSignal) else listed
    return subject.created_at, subject.signal_id
