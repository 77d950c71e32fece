"""The ledger in memory, its signals: who awaits them, which wait for their outcome."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from argo.domain.ledger import Page, PutSignal, StoredSignal
from argo.domain.signal import Signal, SignalOutcome
from simulation.ports.ledger.timeline import Timeline


class Signals:
    """Every signal: in its day's list, and in the outbox or, once nobody awaits it, among the unjudged."""

    mode: str

    def __init__(self) -> None:
        """Begin empty."""
        super().__init__()
        self._put: dict[str, StoredSignal] = {}
        self._signals_of_day: defaultdict[str, Timeline] = defaultdict(Timeline)
        self._outbox = Timeline()
        self._unjudged = Timeline()

    @property
    def every_signal(self) -> Collection[StoredSignal]:
        """All signals, in the order in which they were first put."""
        return self._put.values()

    async def signal(self, signal_id: str) -> StoredSignal | None:
        """Return a stored signal."""
        return self._put.get(signal_id)

    async def put_signal(
        self, signal: Signal, *, executors: Collection[str], declined: Mapping[str, str] | None = None
    ) -> PutSignal:
        """Keep a signal once; an earlier sighting wins."""
        if earlier := self._put.get(signal.signal_id):
            return PutSignal(earlier, created=False)
        stored = StoredSignal(signal, self.mode, frozenset(), frozenset(executors), dict(declined or {}))
        self._put[signal.signal_id] = stored
        self._signals_of_day[signal.created_at.date().isoformat()].add(signal.created_at, signal.signal_id)
        self._waiting(stored).add(signal.created_at, signal.signal_id)
        return PutSignal(stored, created=True)

    async def mark_published(self, signal_id: str, executors: Collection[str]) -> None:
        """Record where the signal's messages are; with the last one it leaves the outbox.

        Raises:
            KeyError: there is no such signal.
        """
        stored, sent = self._put[signal_id], frozenset(executors)
        marked = replace(stored, published_to=stored.published_to | sent, awaiting=stored.awaiting - sent)
        self._put[signal_id] = marked
        if stored.outcome is None and stored.awaiting and not marked.awaiting:
            self._outbox.remove(stored.signal.created_at, signal_id)
            self._unjudged.add(stored.signal.created_at, signal_id)

    async def record_outcome(self, signal_id: str, outcome: SignalOutcome) -> bool:
        """Keep a signal's outcome, once, and take it off whichever list it waits in."""
        stored = self._put.get(signal_id)
        if stored is None or stored.outcome is not None:
            return False
        self._waiting(stored).remove(stored.signal.created_at, signal_id)
        self._put[signal_id] = replace(stored, outcome=outcome)
        return True

    async def unpublished(self, *, limit: int) -> Sequence[StoredSignal]:
        """Return the outbox, oldest first."""
        return [self._put[signal_id] for signal_id in self._outbox.oldest(limit)]

    async def unjudged(self, *, limit: int) -> Sequence[StoredSignal]:
        """Return the signals that wait for their outcome, oldest first."""
        return [self._put[signal_id] for signal_id in self._unjudged.oldest(limit)]

    async def signals_of(self, day: str, *, limit: int, token: str | None = None) -> Page[StoredSignal]:
        """Return a UTC day's signals, newest first."""
        found, following = self._signals_of_day.get(day, Timeline()).newest(limit, token)
        return Page([self._put[signal_id] for signal_id in found], following)

    def _waiting(self, stored: StoredSignal) -> Timeline:
        return self._outbox if stored.awaiting else self._unjudged
