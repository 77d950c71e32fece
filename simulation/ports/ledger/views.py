"""What an index shows of a ledger in memory: everything at once here; a trial's shows what DynamoDB's may."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from argo.domain.execution import Execution
from argo.domain.ledger import StoredSignal
from argo.domain.lists import Page, Unreadable
from argo.domain.signal import Signal
from argo.domain.values import sortable

type Record = StoredSignal | Execution
type Entry = tuple[datetime, str]

_FIRST: Entry = (datetime(1970, 1, 1, tzinfo=UTC), "")


class Views:
    """An index that is up to date, whose pages end where they are asked to, and that anybody can read."""

    unreadable: Sequence[Unreadable] = ()
    """Records of a later version that every list meets on its first page."""

    def page_size(self, limit: int | None) -> int | None:
        """Return how many records a page has, 0 for an empty one that others follow."""
        return limit

    def changed(self, key: object, before: Record | None) -> None:
        """Learn that a record is about to be written, and what it was."""

    def seen(self, key: object, record: Record) -> Record | None:  # noqa: ARG002 - it shows every one
        """Return a record as the index has it, None where it does not have it yet."""
        return record

    def lately(self) -> Iterable[tuple[object, Record]]:
        """Return the records, by their keys, that the index has as they were before a write."""
        return ()


class Timeline:
    """Ids of signals by time, those of one time by id, as the table's indexes list them."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def add(self, record: Signal | Execution) -> None:
        insort(self._entries, (record.created_at, record.signal_id))

    def remove(self, record: Signal | Execution) -> None:
        del self._entries[bisect_left(self._entries, (record.created_at, record.signal_id))]

    def newest(self, limit: int, token: str | None) -> tuple[list[str], str | None]:
        """Return one page of ids, newest first, and the token of the next page where there is one.

        Raises:
            ValueError: the token is not one of ours.
        """
        end = bisect_left(self._entries, _entry_of(token)) if token else len(self._entries)
        page = self._entries[max(end - limit, 0) : end]
        if not page:
            # The page is empty, and others follow: it goes on from where it began.
            following = token or _token_of((datetime.max.replace(tzinfo=UTC), "")) if end else None
        else:
            following = _token_of(page[0]) if end > limit else None
        return [signal_id for _, signal_id in reversed(page)], following

    def oldest(
        self, size: int | None, token: str | None, others: Iterable[Entry] = ()
    ) -> tuple[list[str], str | None]:
        """Return one page of ids, oldest first, and the token of the next page; ``others`` are listed as well."""
        entries = sorted({*self._entries, *others}) if others else self._entries
        start = bisect_right(entries, _entry_of(token)) if token else 0
        end = len(entries) if size is None else start + size
        page = entries[start:end]
        following = _token_of(page[-1] if page else _FIRST) if end < len(entries) else None
        return [signal_id for _, signal_id in page], (token or following) if following and not page else following


def page_of_day[T: Record](
    views: Views, timeline: Timeline, records: Callable[[str], tuple[object, T]], *, limit: int, token: str | None
) -> Page[T]:
    """Return a page of a day's list, as the index has it."""
    size = views.page_size(limit)
    found, following = timeline.newest(limit if size is None else size, token)
    return _page(views, found, records, following, first=token is None)


def page_of_work[T: Record](
    views: Views,
    timeline: Timeline,
    records: Callable[[str], tuple[object, T]],
    token: str | None,
    *,
    belongs: Callable[[Record], bool],
) -> Page[T]:
    """Return a page of a list of work, as the index has it: what ``belongs`` there is in it still, or not yet."""
    left = [_entry(record) for _, record in views.lately() if belongs(record)]
    found, following = timeline.oldest(views.page_size(None), token, left)
    page = _page(views, found, records, following, first=token is None)
    return Page([each for each in page.items if belongs(each)], page.next_token, page.unreadable)


def is_in_outbox(record: Record) -> bool:
    return isinstance(record, StoredSignal) and record.outcome is None and bool(record.awaiting)


def is_unjudged(record: Record) -> bool:
    return isinstance(record, StoredSignal) and record.outcome is None and not record.awaiting


def is_open_at(executor: str) -> Callable[[Record], bool]:
    """Return what tells an account's open executions."""
    return lambda one: isinstance(one, Execution) and one.executor == executor and not one.state.is_terminal


def _page[T: Record](
    views: Views,
    found: Iterable[str],
    records: Callable[[str], tuple[object, T]],
    following: str | None,
    *,
    first: bool,
) -> Page[T]:
    shown: list[T] = []
    for signal_id in found:
        key, record = records(signal_id)
        seen = views.seen(key, record)
        if seen is record:
            shown.append(record)
        elif isinstance(seen, type(record)):
            shown.append(seen)
    return Page(shown, following, views.unreadable if first else ())


def _entry(record: Record) -> Entry:
    subject = record.signal if isinstance(record, StoredSignal) else record
    return subject.created_at, subject.signal_id


def _token_of(entry: Entry) -> str:
    return f"{sortable(entry[0])}_{entry[1]}"


def _entry_of(token: str) -> Entry:
    time, _, signal_id = token.partition("_")
    try:
        return datetime.strptime(time, "%Y-%m-%dT%H:%M:%S.%f%z"), signal_id
    except ValueError as error:
        raise ValueError(f"not a page token: {token!r}") from error
