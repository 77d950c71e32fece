"""Put, send, mark: a signal's way into the ledger and every executor's queue, and the outbox behind it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from argo.domain.ledger import PutSignal, ReservationConflict, StoredSignal
from argo.domain.profile import Profile, declined, wants
from argo.domain.reasons import DenialReason
from argo.domain.signal import Signal
from argo.domain.tables import ConfigurationError
from argo.ports import Ledger, Ports, SignalQueue
from argo.together import together

if TYPE_CHECKING:
    from argo.domain.config import Configuration

_OUTBOX_PAGE = 100


@dataclass(frozen=True, slots=True)
class Published:
    """What a publication did.

    ``created`` are signals seen for the first time, ``messages`` the number put into queues, ``failures`` the
    reasons why a message stays in the outbox, by executor and signal id.
    """

    created: frozenset[str]
    messages: int
    failures: Mapping[tuple[str, str], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Publisher:
    """Publishes signals at least once to every executor that wants them; the ledger makes the rest exactly once.

    The put comes first and names who awaits the signal. A crash after it, or a queue that takes only some
    messages, leaves the signal in the outbox, and the next call sends what is missing. An executor without a
    profile wants every signal.
    """

    ledger: Ledger
    queues: Mapping[str, SignalQueue]
    profiles: Mapping[str, Profile] = field(default_factory=dict)

    async def publish(self, signals: Sequence[Signal]) -> Published:
        """Store signals, then send them and whatever the outbox still holds."""
        puts = await together(*(self.put(signal) for signal in signals))
        created = frozenset(put.stored.signal.signal_id for put in puts if put.created)
        left_over = await self.ledger.unpublished(limit=_OUTBOX_PAGE)
        stored = {put.stored.signal.signal_id: put.stored for put in puts}
        # The outbox may list those of one moment in any order; which is decided on first must not depend on that.
        older = sorted(
            (item for item in left_over if item.signal.signal_id not in stored),
            key=lambda item: (item.signal.created_at, item.signal.signal_id),
        )
        waiting = [item for item in (*older, *stored.values()) if item.awaiting]
        messages, failures = await self.send(waiting)
        return Published(created, messages, failures)

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

    async def send(self, waiting: Collection[StoredSignal]) -> tuple[int, dict[tuple[str, str], str]]:
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
        await together(*(self.ledger.mark_published(key, to) for key, to in sent.items()))
        return sum(len(to) for to in sent.values()), failures

    async def _send_to(
        self, executor: str, waiting: Iterable[StoredSignal]
    ) -> tuple[frozenset[str], Mapping[str, str]]:
        signals = [item.signal for item in waiting if executor in item.awaiting]
        queue = self.queues.get(executor)
        if queue is None:
            return frozenset(), {signal.signal_id: "no queue for this executor" for signal in signals}
        report = await queue.send(signals)
        return report.signal_ids, report.failures


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
        {name: configuration.profile(name) for name in configuration.executors},
    )
