"""The ledger in memory, its executions, and the conditions under which they change."""

from collections import defaultdict
from collections.abc import Collection, Sequence

from argo.domain.changes import Change
from argo.domain.execution import Execution
from argo.domain.ledger import LostLease, Page
from simulation.ports.ledger.timeline import Timeline


class Executions:
    """Every execution: in its account's list of a day, and, until it ends, of open work."""

    def __init__(self) -> None:
        """Begin empty."""
        super().__init__()
        self._executions: dict[tuple[str, str], Execution] = {}
        self._of_signal: defaultdict[str, list[str]] = defaultdict(list)
        self._executions_of_day: defaultdict[tuple[str, str], Timeline] = defaultdict(Timeline)
        self._open: defaultdict[str, Timeline] = defaultdict(Timeline)

    @property
    def every_execution(self) -> Collection[Execution]:
        """All executions, in the order in which they were first claimed."""
        return self._executions.values()

    def find(self, signal_id: str, executor: str) -> Execution | None:
        """Return one execution, to whoever only looks on."""
        return self._executions.get((signal_id, executor))

    async def execution(self, signal_id: str, executor: str) -> Execution | None:
        """Return one execution."""
        return self._executions.get((signal_id, executor))

    async def executions(self, signal_id: str) -> Sequence[Execution]:
        """Return a signal's executions, by account."""
        return [self._executions[signal_id, executor] for executor in sorted(self._of_signal.get(signal_id, ()))]

    async def executions_of(
        self, executor: str, day: str, *, limit: int, token: str | None = None
    ) -> Page[Execution]:
        """Return an account's executions of a UTC day's signals, newest first."""
        found, following = self._executions_of_day.get((executor, day), Timeline()).newest(limit, token)
        return Page([self._executions[signal_id, executor] for signal_id in found], following)

    async def open_executions(self, executor: str, *, limit: int) -> Sequence[Execution]:
        """Return an account's open work, oldest first."""
        waiting = self._open.get(executor, Timeline()).oldest(limit)
        return [self._executions[signal_id, executor] for signal_id in waiting]

    def add(self, fresh: Execution) -> None:
        """Keep one that nobody has claimed before."""
        signal_id, executor = fresh.key
        self._executions[signal_id, executor] = fresh
        self._of_signal[signal_id].append(executor)
        self._executions_of_day[executor, fresh.created_at.date().isoformat()].add(fresh.created_at, signal_id)
        self._open[executor].add(fresh.created_at, signal_id)

    def check(self, known: Execution, *, of_same_state: bool = False) -> Execution:
        """Return what is stored, if that is still as the caller knows it.

        Raises:
            LostLease: another worker has taken it over or moved it, or, ``of_same_state``, written anything.
        """
        stored = self._executions.get(known.key)
        if stored is known:
            return stored
        if (
            stored is None
            or stored.state is not known.state
            or stored.epoch != known.epoch
            or (of_same_state and len(stored.history) != len(known.history))
        ):
            found = f"{stored.state} at epoch {stored.epoch}" if stored else "not stored"
            raise LostLease(f"{known.key} is {found}, not {known.state} at epoch {known.epoch} as it was read")
        return stored

    def change(self, change: Change, known: Execution) -> Execution:
        """Write a change that was checked, and return it as the caller, who may have missed a pause, knows it."""
        stored = self._executions[known.key]
        moved = change.applied_to(stored)
        self.overwrite(moved)
        return moved if stored is known else change.applied_to(known)

    def overwrite(self, moved: Execution) -> None:
        """Write an execution over what is stored of it; it leaves the open work where it ends."""
        key = signal_id, executor = moved.key
        had_ended, self._executions[key] = self._executions[key].state.is_terminal, moved
        if had_ended and not moved.state.is_terminal:
            self._open[executor].add(moved.created_at, signal_id)
        elif moved.state.is_terminal and not had_ended:
            self._open[executor].remove(moved.created_at, signal_id)
