"""The signals of the ledger in memory: who awaits them, which wait for their outcome."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from argo.domain.ledger import Page, PutSignal, StoredSignal
from argo.domain.signal import Signal
from argo.domain.signal_outcome import SignalOutcome
from simulation.ports.ledger.timeline import Timeline


class Signals:
    """Every signal: in its day's list, and in the outbox or, once nobody awaits it, among the unjudged."""

    def __init__(self) -> None:
        """Begin empty."""
        self._stored: dict[str, StoredSignal] = {}
        self._of_day: defaultdict[str, Timeline] = defaultdict(Timeline)
        self._outbox = Timeline()
        self._unjudged = Timeline()

    @property
    def every(self) -> Collection[StoredSignal]:
        """All of them, in the order in which they were put."""
        return self._stored.values()

    def get(self, signal_id: str) -> StoredSignal | None:
        """Return one."""
        return self._stored.get(signal_id)

    def put(
        self, signal: Signal, *, mode: str, executors: Collection[str], declined: Mapping[str, str]
    ) -> PutSignal:
        """Keep a signal once; an earlier sighting wins."""
        if earlier := self._stored.get(signal.signal_id):
            return PutSignal(earlier, created=False)
        stored = StoredSignal(signal, mode, frozenset(), frozenset(executors), dict(declined))
        self._stored[signal.signal_id] = stored
        self._of_day[signal.created_at.date().isoformat()].add(signal.created_at, signal.signal_id)
        self._waiting(stored).add(signal.created_at, signal.signal_id)
        return PutSignal(stored, created=True)

    def mark_published(self, signal_id: str, executors: Collection[str]) -> None:
        """Record where a signal's messages are; with the last one it leaves the outbox.

        Raises:
            KeyError: there is no such signal.
        """
        stored, sent = self._stored[signal_id], frozenset(executors)
        marked = replace(stored, published_to=stored.published_to | sent, awaiting=stored.awaiting - sent)
        self._stored[signal_id] = marked
        if stored.outcome is None and stored.awaiting and not marked.awaiting:
            self._outbox.remove(stored.signal.created_at, signal_id)
            self._unjudged.add(stored.signal.created_at, signal_id)

    def judge(self, signal_id: str, outcome: SignalOutcome) -> bool:
        """Keep a signal's outcome, once, and take it off whichever list it waits in."""
        stored = self._stored.get(signal_id)
        if stored is None or stored.outcome is not None:
            return False
        self._waiting(stored).remove(stored.signal.created_at, signal_id)
        self._stored[signal_id] = replace(stored, outcome=outcome)
        return True

    def unpublished(self, limit: int) -> Sequence[StoredSignal]:
        """Return the outbox, oldest first."""
        return [self._stored[signal_id] for signal_id in self._outbox.oldest(limit)]

    def unjudged(self, limit: int) -> Sequence[StoredSignal]:
        """Return those that wait for their outcome, oldest first."""
        return [self._stored[signal_id] for signal_id in self._unjudged.oldest(limit)]

    def of_day(self, day: str, *, limit: int, token: str | None) -> Page[StoredSignal]:
        """Return those created on a UTC day, newest first."""
        found, following = self._of_day.get(day, Timeline()).newest(limit, token)
        return Page([self._stored[signal_id] for signal_id in found], following)

    def _waiting(self, stored: StoredSignal) -> Timeline:
        return self._outbox if stored.awaiting else self._unjudged
