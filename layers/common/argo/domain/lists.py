"""Lists of records: pages, whole lists that say what is missing from them, and what cannot be read."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that this code cannot read, a later version's for example: its key, and what is wrong with it."""

    name: str
    why: str


def execution_name(signal_id: str, executor: str) -> str:
    """Return the name of an execution that cannot be read."""
    return f"SIGNAL#{signal_id} EXECUTION#{executor}"


class UnreadableRecord(Exception):
    """The record that was asked for is there, and this code cannot read it."""

    def __init__(self, found: Unreadable) -> None:
        super().__init__(f"{found.name}: {found.why}")
        self.found = found


@dataclass(frozen=True, slots=True)
class Page[T]:
    """Some records and, when there are more, the token that continues."""

    items: Sequence[T]
    next_token: str | None = None
    unreadable: Sequence[Unreadable] = ()


class Listed[T](list[T]):
    """A list that says whether it is whole.

    Attributes:
        left: how many records there were beyond the list's bound.
        unreadable: the records among them that this code cannot read; they are not in the list.
    """

    def __init__(self, found: Iterable[T] = (), *, left: int = 0, unreadable: Iterable[Unreadable] = ()) -> None:
        super().__init__(found)
        self.left = left
        self.unreadable = tuple(unreadable)

    @property
    def is_whole(self) -> bool:
        """True when every record is in it."""
        return not self.left and not self.unreadable


async def whole[T](read: Callable[[str | None], Awaitable[Page[T]]], *, limit: int | None = None) -> Listed[T]:
    """Read a list to its end, page by page, and return as many as ``limit``; what is beyond is counted.

    A page ends where the store likes, at a megabyte for example, and may be empty (FAILURES C08).
    """
    found: list[T] = []
    unreadable: list[Unreadable] = []
    token: str | None = None
    while True:
        page = await read(token)
        found += page.items
        unreadable += page.unreadable
        token = page.next_token
        if token is None:
            break
    kept = found if limit is None else found[:limit]
    return Listed(kept, left=len(found) - len(kept), unreadable=unreadable)
