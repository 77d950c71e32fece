import asyncio
from dataclasses import dataclass
from datetime import timedelta

import pytest

from console.deployment import DeadLetters


@dataclass(frozen=True)
class Letter:
    message_id: str
    body: str

    @property
    def receipt_handle(self) -> str:
        return f"receipt-{self.message_id}"


class Dead:
    """A dead-letter queue that hides what it hands out until it is told to show it again."""

    def __init__(self, count: int, history: list[str]) -> None:
        self.held = {f"receipt-m{number}": Letter(f"m{number}", f"body {number}") for number in range(count)}
        self.hidden: set[str] = set()
        self.history = history

    @property
    def visible(self) -> list[str]:
        return [letter.message_id for receipt, letter in self.held.items() if receipt not in self.hidden]

    async def receive(self, limit: int) -> list[Letter]:
        found = [letter for receipt, letter in self.held.items() if receipt not in self.hidden][:limit]
        self.hidden |= {letter.receipt_handle for letter in found}
        return found

    async def hide(self, receipt_handle: str, delay: timedelta) -> None:
        if not delay:
            self.hidden.remove(receipt_handle)

    async def delete(self, receipt_handles: list[str]) -> None:
        for receipt in receipt_handles:
            self.history.append(f"deleted {self.held.pop(receipt).body}")


class Queue:
    def __init__(self, history: list[str], *, full_after: int = 1_000) -> None:
        self.history = history
        self.full_after = full_after

    async def send_body(self, body: str) -> None:
        if len(self.history) >= self.full_after:
            raise ConnectionError("the queue does not answer")
        self.history.append(f"sent {body}")


def letters(count, **options):
    history: list[str] = []
    return DeadLetters(Dead(count, history), Queue(history, **options)), history


@pytest.mark.parametrize(("limit", "shown"), [(None, 23), (1, 1), (10, 10), (12, 12), (99, 23)])
def test_looking_shows_as_many_as_asked_for_and_takes_none(limit, shown):
    dead_letters, history = letters(23)

    found = asyncio.run(dead_letters.look(limit))

    assert len({letter.message_id for letter in found}) == len(found) == shown
    assert len(dead_letters.dead.visible) == 23
    assert history == []


def test_every_letter_is_sent_before_it_is_deleted():
    dead_letters, history = letters(12)

    moved = asyncio.run(dead_letters.redrive())

    assert len(moved) == 12
    assert history == [line for number in range(12) for line in (f"sent body {number}", f"deleted body {number}")]


def test_one_letter_is_moved_and_the_others_stay():
    dead_letters, history = letters(12)

    (moved,) = asyncio.run(dead_letters.redrive("m11"))

    assert moved.message_id == "m11"
    assert history == ["sent body 11", "deleted body 11"]
    assert dead_letters.dead.visible == [f"m{number}" for number in range(11)]


def test_a_letter_that_is_not_there_moves_none():
    dead_letters, history = letters(2)

    moved = asyncio.run(dead_letters.redrive("m7"))

    assert (moved, history) == ([], [])


def test_a_crash_half_way_loses_no_letter():
    dead_letters, history = letters(3, full_after=3)

    with pytest.raises(ConnectionError):
        asyncio.run(dead_letters.redrive())

    held = {letter.body for letter in dead_letters.dead.held.values()}
    sent = {line.removeprefix("sent ") for line in history if line.startswith("sent ")}
    assert held | sent == {"body 0", "body 1", "body 2"}
