"""One run: what it works with, and what it did, as its result and its metrics say."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from argo.domain.conservation import Conserved
from argo.domain.execution import Execution, ExecutionState
from argo.domain.ledger import Settlement
from argo.domain.metrics import Metric
from argo.ports import Ports, Telemetry, Unavailable
from reconciliation.metered import Metered

if TYPE_CHECKING:
    from reconciliation.guarding import Guardian
    from reconciliation.wiring import Wiring


_NAMED = 10
"""Unreadable records that a line of the log names; their number is of all."""


@dataclass(slots=True)
class Report:
    """Counts of one run; ``problems`` are what a person has to look at, by signal id or symbol.

    ``left_for_next`` are executions that the run had no requests or time for, ``left_unread`` those beyond what it
    goes through; ``unreadable`` records by their names, ``seen_open`` the open executions as they were listed.

    ``open`` is None where the list of open executions could not be read, ``put_off`` counts what AWS stood in the
    way of.
    """

    open: int | None = 0
    put_off: int = 0
    looked_at: int = 0
    left_for_next: int = 0
    left_unread: int = 0
    moved: Counter[str] = field(default_factory=Counter)
    repairs: Counter[str] = field(default_factory=Counter)
    returned: int = 0
    unanswered: int = 0
    broker_requests: int = 0
    unprotected_seconds: list[float] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    seen_open: Sequence[Execution] = ()
    conserved: Conserved | None = None

    def record(self, telemetry: Telemetry) -> None:
        """Record the run's metrics.

        The rate is left out while nothing was eligible, so an `ExecutionRate` of 0 means what the alarm is about:
        signals flow, orders don't (FAILURES A01). The gap is told without its sign: an execution whose signal is
        gone makes it negative, and the alarm is for either.
        """
        if (found := self.conserved) is not None:
            telemetry.record(Metric.CONSERVATION_GAP, abs(found.total.gap))
            telemetry.record(Metric.UNRESOLVED_EXECUTIONS, len(found.unresolved))
            telemetry.record(Metric.OLDEST_UNRESOLVED, found.oldest_unresolved_seconds)
            if found.total.execution_rate is not None:
                telemetry.record(Metric.EXECUTION_RATE, 100 * found.total.execution_rate)
        if self.open is not None:
            telemetry.record(Metric.OPEN_EXECUTIONS, self.open)
            telemetry.record(Metric.EXECUTIONS_LEFT, self.left_for_next + self.left_unread)
        telemetry.record(Metric.UNREADABLE_RECORDS, len(self.unreadable))
        if self.unreadable:
            named = dict(list(self.unreadable.items())[:_NAMED])
            telemetry.log.error("records_unreadable", records=len(self.unreadable), named=named)
        if self.unprotected_seconds or not (self.unanswered or self.put_off):
            # Who does not answer leaves unknown what is unprotected: a 0 would end an alarm too early.
            telemetry.record(Metric.NAKED_POSITION, max(self.unprotected_seconds, default=0.0))
        telemetry.count(Metric.REPAIRS_MADE, self.repairs.total())

    def as_dict(self) -> dict[str, object]:
        return {
            "open": self.open,
            "looked_at": self.looked_at,
            "left_for_next": self.left_for_next,
            "left_unread": self.left_unread,
            "unreadable": self.unreadable,
            "moved": self.moved,
            "repairs": self.repairs,
            "returned": self.returned,
            "unanswered": self.unanswered,
            "put_off": self.put_off,
            "broker_requests": self.broker_requests,
            "longest_naked_seconds": max(self.unprotected_seconds, default=0.0),
            "problems": self.problems,
            "conservation": {} if self.conserved is None else _conservation(self.conserved),
        }


def put_off(ports: Ports, step: str, obstacle: Unavailable) -> None:
    """Count and log a step that AWS stood in the way of: the next run takes it again."""
    ports.telemetry.count(Metric.AWS_UNAVAILABLE, reason=step)
    ports.telemetry.log.warning("aws_unavailable", step=step, error=str(obstacle))


def _conservation(found: Conserved) -> dict[str, object]:
    counted = {name: getattr(found.total, name) for name in ("gap", "signals", "with_order")}
    return counted | {"unresolved": len(found.unresolved), "execution_rate": found.total.execution_rate}


@dataclass(frozen=True, slots=True)
class Run:
    """One run at one account."""

    wiring: "Wiring"
    broker: Metered
    seconds_left: Callable[[], float]
    report: Report = field(default_factory=Report)

    @property
    def ports(self) -> Ports:
        """The world; requests to its broker go through the run's own, which counts them."""
        return self.wiring.ports

    def now(self) -> datetime:
        return self.wiring.ports.clock.now()

    @property
    def guardian(self) -> "Guardian":
        return self.wiring.rules.guardian(self.ports.ledger, self.broker, self.ports.clock)

    async def unless_unavailable[T](self, step: str, work: Awaitable[T]) -> T | None:
        """Return what a step of the run gives, None where AWS stood in its way: the other steps go on."""
        try:
            return await work
        except Unavailable as error:
            self.report.put_off += 1
            put_off(self.ports, step, error)
            return None

    async def move_to(self, execution: Execution, state: ExecutionState, learnt: Settlement) -> Execution:
        """Settle an execution, count it and say so.

        Raises:
            LostLease: the execution moved meanwhile.
        """
        settled = await self.ports.ledger.settle(execution, state, learnt, now=self.now())
        self.report.moved[state] += 1
        self.ports.telemetry.log.info(
            "execution_moved",
            signal_id=execution.signal_id,
            executor=self.wiring.executor,
            state=state,
            came_from=execution.state,
            reason=learnt.reason,
        )
        return settled
