"""Put, send, mark: a signal's way into the ledger and every executor's queue, and the outbox behind it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from argo.domain.ledger import PutSignal, ReservationConflict, StoredSignal
from argo.domain.lists import Listed, Unreadable
from argo.domain.profile import Profile, declined, wants
from argo.domain.reasons import DenialReason, Withdrawal
from argo.domain.signal import Signal
from argo.domain.tables import ConfigurationError
from argo.ports import Clock, Ledger, Ports, SignalQueue, Unavailable
from argo.repeating import heard, kept
from argo.together import together

if TYPE_CHECKING:
    from argo.domain.config import Configuration

_WITHDRAWN_AT_ONCE = 100
"""Expired signals that leave the outbox in one cycle: the others leave in the next ones."""


@dataclass(frozen=True, slots=True)
class Published:
    """What a publication did.

    ``created`` are signals seen for the first time, ``messages`` the number put into queues, ``failures`` the
    reasons why a message stays in the outbox, ``withdrawn`` those why one has left it unsent, by executor and
    signal id. ``unreadable`` are signals of the outbox that could not be read. ``silences`` say what AWS stood in
    the way of: the rest is done, and publishing the same signals again does what is missing.
    """

    created: frozenset[str]
    messages: int
    failures: Mapping[tuple[str, str], str] = field(default_factory=dict)
    withdrawn: Mapping[tuple[str, str], Withdrawal] = field(default_factory=dict)
    unreadable: Sequence[Unreadable] = ()
    silences: Sequence[Unavailable] = ()


@dataclass(frozen=True, slots=True)
class Publisher:
    """Publishes signals at least once to every executor that wants them; the ledger makes the rest exactly once.

    The put comes first and names who awaits the signal. A crash after it, or a queue that takes only some
    messages, leaves the signal in the outbox, and the next call sends what is missing. What expires there leaves
    it with its reason. The outbox is read whole: what waits for one account stands in nobody else's way (FAILURES
    C09). An executor without a profile wants every signal.
    """

    ledger: Ledger
    queues: Mapping[str, SignalQueue]
    clock: Clock
    profiles: Mapping[str, Profile] = field(default_factory=dict)

    async def publish(self, signals: Sequence[Signal]) -> Published:
        """Store signals, then send them and whatever the outbox still holds."""
        silences: list[Unavailable] = []
        asked = await together(*(heard(self.put(signal), silences) for signal in signals))
        puts = [put for put in asked if put is not None]
        created = frozenset(put.stored.signal.signal_id for put in puts if put.created)
        listed = await heard(self.ledger.unpublished(), silences)
        left_over = Listed[StoredSignal]() if listed is None else listed
        stored = {put.stored.signal.signal_id: put.stored for put in puts}
        # The outbox may list those of one moment in any order; which is decided on first must not depend on that.
        older = sorted(
            (item for item in left_over if item.signal.signal_id not in stored),
            key=lambda item: (item.signal.created_at, item.signal.signal_id),
        )
        now = self.clock.now()
        expired = [item for item in older if item.signal.expires_at <= now]
        fresh = (item for item in older if item.signal.expires_at > now)
        waiting = [item for item in (*fresh, *stored.values()) if item.awaiting]
        messages, failures = await self.send(waiting, silences)
        withdrawn = await self.withdraw(expired[:_WITHDRAWN_AT_ONCE], silences)
        return Published(created, messages, failures, withdrawn, left_over.unreadable, tuple(silences))

    async def withdraw(
        self, expired: Sequence[StoredSignal], silences: list[Unavailable]
    ) -> dict[tuple[str, str], Withdrawal]:
        """Take signals that are too old to be sent out of the outbox, and return why, by executor and signal id.

        What a crash has sent and not marked is on some account's record by then, and is marked now.
        """
        found = await together(*(heard(self._withdraw(item), silences) for item in expired))
        return {key: reason for each in found if each for key, reason in each.items()}

    async def _withdraw(self, item: StoredSignal) -> dict[tuple[str, str], Withdrawal]:
        signal_id = item.signal.signal_id
        claimed = await self.ledger.executions(signal_id)
        arrived = item.awaiting & {execution.executor for execution in claimed}
        if arrived or claimed.unreadable:
            await self.ledger.mark_published(signal_id, arrived or item.awaiting)
            return {}
        reasons = {
            executor: Withdrawal.NEVER_SENT if executor in self.queues else Withdrawal.NOT_SERVED
            for executor in sorted(item.awaiting)
        }
        if not await self.ledger.withdraw(item, reasons):
            return {}
        return {(executor, signal_id): reason for executor, reason in reasons.items()}

    async def put(self, signal: Signal) -> PutSignal:
        """Store a signal, with who awaits it and who does not want it."""
        refused = {
            executor: reason
            for executor, profile in self.profiles.items()
            if executor in self.queues and (reason := await self._declined(signal, executor, profile)) is not None
        }
        return await self.ledger.put_signal(signal, executors=self.queues.keys() - refused, declined=refused)

    async def _declined(self, signal: Signal, executor: str, profile: Profile) -> DenialReason | None:
        """Return why the account does not want the signal; its locks are read only where they matter."""
        reason = declined(signal, profile)
        if reason is None:
            return None
        try:
            account = await self.ledger.account(executor)
        except ReservationConflict:
            return None  # It is busy: the gate shall decide.
        return None if wants(signal, profile, account.holdings.get(signal.symbol)) else reason

    async def send(
        self, waiting: Collection[StoredSignal], silences: list[Unavailable]
    ) -> tuple[int, dict[tuple[str, str], str]]:
        """Send signals to whoever awaits them, and mark as published what is in the queues.

        Returns:
            The number of messages sent, and why others were not, by executor and signal id.
        """
        executors = sorted({executor for item in waiting for executor in item.awaiting})
        reports = await together(*(self._send_to(executor, waiting) for executor in executors))
        sent: dict[str, set[str]] = {}
        failures: dict[tuple[str, str], str] = {}
        for executor, (delivered, refused) in zip(executors, reports, strict=True):
            for signal_id in sorted(delivered):
                sent.setdefault(signal_id, set()).add(executor)
            failures |= {(executor, signal_id): reason for signal_id, reason in refused.items()}
        await together(*(heard(self._mark(key, to), silences) for key, to in sent.items()))
        return sum(len(to) for to in sent.values()), failures

    async def _mark(self, signal_id: str, executors: Collection[str]) -> None:
        await kept(lambda: self.ledger.mark_published(signal_id, executors), self.clock)

    async def _send_to(
        self, executor: str, waiting: Iterable[StoredSignal]
    ) -> tuple[frozenset[str], Mapping[str, str]]:
        signals = [item.signal for item in waiting if executor in item.awaiting]
        queue = self.queues.get(executor)
        if queue is None:
            return frozenset(), {signal.signal_id: "no queue for this executor" for signal in signals}
        report = await queue.send(signals)
        return report.signal_ids, report.failures


def by_cause(told: Mapping[tuple[str, str], str]) -> Mapping[tuple[str, str], list[str]]:
    """Return the ids of signals that the same has happened to, by account and reason."""
    found: dict[tuple[str, str], list[str]] = {}
    for (executor, signal_id), reason in sorted(told.items()):
        found.setdefault((executor, str(reason)), []).append(signal_id)
    return found


def publisher_for(configuration: "Configuration", ports: Ports) -> Publisher:
    """Return a publisher to every account that the configuration enables.

    Raises:
        ConfigurationError: one of them has no queue.
    """
    if without := sorted(set(configuration.executors) - set(ports.queues)):
        raise ConfigurationError(f"ARGO_QUEUE_URLS has no queue for the account {', '.join(without)}")
    return Publisher(
        ports.ledger,
        {name: ports.queues[name] for name in configuration.executors},
        ports.clock,
        {name: configuration.profile(name) for name in configuration.executors},
    )
