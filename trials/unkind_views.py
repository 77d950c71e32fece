"""The ledger's lists on a bad day: pages that end early, an index that lags, records of a later version."""

from collections.abc import Callable, Iterable

from argo.domain.lists import Unreadable
from simulation.ports.ledger.views import Record, Views
from trials.faults import Fault, FaultDraws

LONGEST_LAG = 5.0
"""Seconds; DynamoDB says "usually within a fraction of a second", and promises none."""


_FEW = 4
"""Records of a page that ends early: where a megabyte ends goes by the records, and no calm makes it larger."""


class UnkindViews(Views):
    """What DynamoDB's indexes may show, and the records of a version that nobody here knows."""

    def __init__(self, draws: FaultDraws, second: Callable[[], float]) -> None:
        """Begin without a lag; ``second`` is the virtual one."""
        self.unreadable: list[Unreadable] = []
        self._draws = draws
        self._second = second
        self._most = _FEW if Fault.PAGES_END_EARLY in draws.rates else None
        self._lag = 0.0
        self._changes: dict[object, list[tuple[float, Record | None]]] = {}

    def lag(self, seconds: float) -> None:
        """Show from now on what was there so many seconds ago, 0 for what is there."""
        self._lag = seconds
        since = self._second() - LONGEST_LAG
        self._changes = {key: each for key, each in self._changes.items() if each[-1][0] > since}

    def meet_later_version(self) -> None:
        """Let a record of a later version stand among the others."""
        name = f"SIGNAL#{len(self.unreadable):024x} EXECUTION#later"
        self.unreadable.append(Unreadable(name, "its state is 'PARKED'"))

    def page_size(self, limit: int | None) -> int | None:
        """Let a page have few records, in the whole run, and at times none."""
        if self._draws.strikes(Fault.PAGES_END_EARLY):
            return 0
        return self._most if limit is None or self._most is None else min(limit, self._most)

    def changed(self, key: object, before: Record | None) -> None:
        """Keep what a record was, for as long as the index may show it."""
        if Fault.INDEX_LAGS in self._draws.rates:
            self._changes.setdefault(key, []).append((self._second(), before))

    def seen(self, key: object, record: Record) -> Record | None:
        """Return a record as it was."""
        return self._was(self._changes[key], record) if self._lag and key in self._changes else record

    def lately(self) -> Iterable[tuple[object, Record]]:
        """Return what has been written within the lag, as it was before."""
        if not self._lag:
            return []
        was = ((key, self._was(changes, None)) for key, changes in self._changes.items())
        return [(key, record) for key, record in was if record is not None]

    def _was(self, changes: Iterable[tuple[float, Record | None]], now: Record | None) -> Record | None:
        shown = self._second() - self._lag
        return next((before for at, before in changes if at > shown), now)
