"""SQS on a bad day: in any order, twice, deletions lost; and an operator who redrives."""

import asyncio
import json
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from random import Random  # noqa: TID251 - the seed's

from argo.domain.signal import Signal
from argo.ports import Clock, Message, Sent
from simulation.ports.queue import InMemoryQueue
from trials.faults import Fault, FaultDraws
from trials.virtual_time import wake


@lru_cache(maxsize=4_096)
def signal_in(body: str) -> str | None:
    """Return the signal of a message that is one."""
    try:
        return str(json.loads(body)["signal_id"])
    except (ValueError, KeyError, TypeError):
        return None


class UnreliableQueue(InMemoryQueue):
    """A standard queue, within what SQS promises: at least once, in any order.

    Attributes:
        poisoned: how many messages came that are no signals, and are not purged.
        purged: the signals whose messages were purged.
    """

    def __init__(
        self, clock: Clock, *, visibility: timedelta, max_receives: int, draws: FaultDraws, chance: Random
    ) -> None:
        """Begin empty."""
        super().__init__(clock, visibility=visibility, max_receives=max_receives)
        self._draws = draws
        self._chance = chance
        self._waiting: list[asyncio.Future[None]] = []
        self.poisoned = 0
        self.purged: set[str] = set()

    @property
    def every_body(self) -> Collection[str]:
        """The bodies of all messages, dead ones too."""
        return [*(message.body for message in self._messages.values()), *(dead.body for dead in self.dead_letters)]

    def visible_at(self, message_id: str) -> datetime | None:
        """Return when a message can be received again, None where it is gone."""
        message = self._messages.get(message_id)
        return message.visible_at if message else None

    async def receive(self, limit: int = 10, wait_seconds: int = 0) -> Sequence[Message]:
        """Receive what is visible, in the order that the seed says."""
        if self._messages and self._draws.strikes(Fault.OUT_OF_ORDER):
            shuffled = list(self._messages.items())
            self._chance.shuffle(shuffled)
            self._messages = dict(shuffled)
        found = await super().receive(limit, wait_seconds)
        for delivery in found:
            if self._draws.strikes(Fault.MESSAGE_TWICE):
                self._messages[delivery.message_id].visible_at = self._clock.now()
        return found

    async def until_visible(self) -> None:
        """Return when a message can be received, unless another poller is quicker: what a long poll waits for."""
        loop = asyncio.get_running_loop()
        while (at := self.next_visible_at()) is None or at > self._clock.now():
            waiter = loop.create_future()
            self._waiting.append(waiter)
            timer = loop.call_later((at - self._clock.now()).total_seconds(), wake, waiter) if at else None
            await waiter
            if timer is not None:
                timer.cancel()

    async def send(self, signals: Sequence[Signal]) -> Sent:
        """Take some of a batch's signals, and say which not."""
        taken = [signal for signal in signals if not self._draws.strikes(Fault.SENDING_REFUSED)]
        kept = (await super().send(taken)).signal_ids
        return Sent(kept, {s.signal_id: "the queue refused it" for s in signals if s.signal_id not in kept})

    async def send_body(self, body: str) -> None:
        """Take a message's body as it is, and tell those who wait."""
        await super().send_body(body)
        self._tell()

    async def defer(self, receipt_handle: str, delay: timedelta) -> None:
        """Hide a received message for ``delay``; it may come sooner than those who wait expect it."""
        await super().defer(receipt_handle, delay)
        self._tell()

    async def delete(self, receipt_handles: Sequence[str]) -> None:
        """Delete handled messages; some of them stay."""
        await super().delete(
            [handle for handle in receipt_handles if not self._draws.strikes(Fault.DELETION_LOST)]
        )

    async def poison(self, body: str) -> None:
        """Take a message that is no signal."""
        self.poisoned += 1
        await self.send_body(body)

    def purge(self) -> None:
        """Forget every message that is in the queue, as the console's button does."""
        bodies = [message.body for message in self._messages.values()]
        self._messages.clear()
        signals = {signal_id for body in bodies if (signal_id := signal_in(body)) is not None}
        self.purged |= signals
        self.poisoned -= sum(signal_in(body) is None for body in bodies)

    async def redrive(self) -> None:
        """Put every dead letter back, whatever it is."""
        dead, self.dead_letters = self.dead_letters, []
        for letter in dead:
            await self.send_body(letter.body)

    def _tell(self) -> None:
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            wake(waiter)
