"""Ids in the order of time: what an index of the ledger's table is, in memory."""

from bisect import bisect_left, insort
from collections.abc import Sequence
from datetime import datetime

from argo.domain.values import sortable


class Timeline:
    """Ids by time, those of one time by id, as the table's indexes list them."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        """Begin empty."""
        self._entries: list[tuple[datetime, str]] = []

    def add(self, time: datetime, identity: str) -> None:
        """Enter an id that is not here yet."""
        insort(self._entries, (time, identity))

    def remove(self, time: datetime, identity: str) -> None:
        """Take an id out that is here."""
        del self._entries[bisect_left(self._entries, (time, identity))]

    def oldest(self, limit: int) -> list[str]:
        """Return the first ids."""
        return [identity for _, identity in self._entries[:limit]]

    def newest(self, limit: int, token: str | None) -> tuple[Sequence[str], str | None]:
        """Return one page of ids, newest first, and the token of the next page where there is one.

        Raises:
            ValueError: the token is not one of ours.
        """
        end = bisect_left(self._entries, _entry_of(token)) if token else len(self._entries)
        start = max(end - limit, 0)
        page = self._entries[start:end]
        return [identity for _, identity in reversed(page)], _token_of(*page[0]) if start else None


def _token_of(time: datetime, identity: str) -> str:
    return f"{sortable(time)}_{identity}"


def _entry_of(token: str) -> tuple[datetime, str]:
    text, _, identity = token.partition("_")
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"not a page token: {token!r}") from error
    if time.tzinfo is None:
        raise ValueError(f"not a page token: {token!r}")
    return time, identity
