"""The conservation sum: every signal of an account is in exactly one count, or the gap says that one is not."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from typing import Any

from argo.domain.execution import Execution, ExecutionState
from argo.domain.ledger import SignalRecord, StoredSignal
from argo.domain.lists import Unreadable, execution_name
from argo.domain.reasons import Reason
from argo.domain.signal import Side, Signal


class Part(StrEnum):
    """The counts of the sum, by the names of `AccountSum`'s fields."""

    WITH_ORDER = "with_order"
    DENIED = "denied"
    REJECTED = "rejected"
    EXPIRED = "expired"
    DEAD_LETTERED = "dead_lettered"
    UNRESOLVED = "unresolved"


class Standstill(Reason):
    """Where a signal is that has met no obstacle and has no outcome either."""

    NOT_SENT = "not_sent", "Its message is not in the account's queue yet"
    NOT_RECEIVED = "not_received", "Its message is in the queue and no executor has taken it"
    IN_WORK = "in_work", "An executor has it and has recorded nothing yet"
    ORDER_WITHOUT_ID = "order_without_id", "Its state says that there is an order, but the record has no order id"


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A signal that one account has neither ordered nor given up; ``obstacle`` is what it met last."""

    signal_id: str
    executor: str
    symbol: str
    side: Side
    created_at: datetime
    state: ExecutionState | None
    obstacle: str

    def age_seconds(self, now: datetime) -> float:
        """Return how long ago the signal was made; clocks that differ make no negative age."""
        return max((now - self.created_at).total_seconds(), 0.0)


_BY_AGE = attrgetter("created_at", "signal_id")


@dataclass(slots=True)
class AccountSum:
    """One account's conservation sum: every signal is in exactly one of the counts, or the gap is not 0.

    ``eligible`` are the signals that the gate let pass; the execution rate is orders by eligible, the plain
    share orders by all; both fractions, None without a denominator. ``declined`` are signals the account was
    never sent, because its profile does not want them; they are no part of the sum. ``obstacles`` says what
    the unresolved ones met last, ``reasons`` why the others ended without an order.
    """

    executor: str
    signals: int = 0
    with_order: int = 0
    denied: int = 0
    rejected: int = 0
    expired: int = 0
    dead_lettered: int = 0
    unresolved: int = 0
    declined: int = 0
    realised_profit: Decimal = Decimal(0)
    reasons: Counter[str] = field(default_factory=Counter)
    obstacles: Counter[str] = field(default_factory=Counter)

    @property
    def gap(self) -> int:
        """Signals that no count has, or executions without a signal (negative)."""
        accounted = self.with_order + self.denied + self.rejected + self.expired + self.dead_lettered
        return self.signals - accounted - self.unresolved

    @property
    def eligible(self) -> int:
        """Signals less those the gate denied; counted from what became of them."""
        return self.with_order + self.rejected + self.expired + self.dead_lettered + self.unresolved

    @property
    def execution_rate(self) -> float | None:
        return self.with_order / self.eligible if self.eligible else None

    @property
    def plain_share(self) -> float | None:
        return self.with_order / self.signals if self.signals else None

    @property
    def is_silent(self) -> bool:
        """True when signals were eligible and not one became an order (FAILURES A01)."""
        return self.eligible > 0 and self.with_order == 0

    @property
    def adds_up(self) -> bool:
        return self.gap == 0 and not self.is_silent

    def add(self, execution: Execution) -> None:
        part = part_of(execution)
        setattr(self, part, getattr(self, part) + 1)
        if execution.reason:
            self.reasons[execution.reason] += 1
        self.realised_profit += execution.realised_profit or 0

    def as_dict(self) -> dict[str, Any]:
        """Return the sum as plain JSON; money as text."""
        return {
            "executor": self.executor,
            "signals": self.signals,
            **{part.value: getattr(self, part) for part in Part},
            "gap": self.gap,
            "eligible": self.eligible,
            "execution_rate": self.execution_rate,
            "plain_share": self.plain_share,
            "declined": self.declined,
            "realised_profit": str(self.realised_profit),
            "reasons": dict(self.reasons.most_common()),
            "obstacles": dict(self.obstacles.most_common()),
        }


@dataclass(frozen=True, slots=True)
class Conserved:
    """One account's sum over a window, and every signal that has no outcome, older ones too, the oldest first.

    ``unclaimed`` are signals that are in the account's queue, or were, and that no executor has taken yet.
    ``unreadable`` are records that could not be read. Before ``accounted_until`` every signal has an end or an
    open execution, None where nothing before the window was looked at.
    """

    total: AccountSum
    unresolved: Sequence[Unresolved]
    now: datetime
    unclaimed: Sequence[Signal] = ()
    unreadable: Sequence[Unreadable] = ()
    accounted_until: datetime | None = None

    @property
    def oldest_unresolved_seconds(self) -> float:
        """Age of the oldest signal without an outcome, 0 when there is none."""
        return self.unresolved[0].age_seconds(self.now) if self.unresolved else 0.0


def part_of(execution: Execution) -> Part:
    """Return the count an execution belongs to: with an order only when the record has its id."""
    if execution.state.has_order:
        return Part.WITH_ORDER if execution.order_id else Part.UNRESOLVED
    return _ENDED_WITHOUT_ORDER.get(execution.state, Part.UNRESOLVED)


_ENDED_WITHOUT_ORDER = {
    ExecutionState.DENIED: Part.DENIED,
    ExecutionState.REJECTED: Part.REJECTED,
    ExecutionState.EXPIRED: Part.EXPIRED,
    ExecutionState.DEAD_LETTERED: Part.DEAD_LETTERED,
}


def sums(records: Sequence[SignalRecord], executors: Sequence[str]) -> list[AccountSum]:
    """Return every account's conservation sum over signals; what has no execution yet is unresolved."""
    found = []
    for executor in executors:
        account = AccountSum(executor)
        for record in records:
            is_addressed = executor in record.addressed
            account.signals += is_addressed
            if executor in record.executions:
                account.add(record.executions[executor])
            elif is_addressed and executor in record.declined:
                account.expired += 1
                account.reasons[record.declined[executor]] += 1
            elif is_addressed:
                account.unresolved += 1
            elif executor in record.declined:
                account.declined += 1
        account.obstacles.update(each.obstacle for each in unresolved(records, executor))
        found.append(account)
    return found


def unresolved(records: Iterable[SignalRecord], executor: str) -> list[Unresolved]:
    """Return an account's signals without an outcome, the oldest first."""
    found = []
    for record in records:
        execution = record.executions.get(executor)
        if execution is not None:
            if part_of(execution) is Part.UNRESOLVED:
                found.append(_unresolved(record.subject, executor, execution.state, _obstacle(execution)))
        elif record.stored is not None and executor in record.undecided:
            found.append(_unresolved(record.subject, executor, None, standstill(record.stored, executor)))
    return sorted(found, key=_BY_AGE)


def conserved(
    records: Sequence[SignalRecord],
    executor: str,
    *,
    now: datetime,
    still_open: Iterable[Execution] = (),
    older: Sequence[SignalRecord] = (),
    until: datetime | None = None,
    unreadable: Sequence[Unreadable] = (),
) -> Conserved:
    """Return an account's sum over signals; of ``older`` and ``still_open`` those without an outcome are listed.

    So a signal that has waited for longer than the window stays in sight. ``until`` is the time up to which older
    ones were looked at.
    """
    (total,) = sums(records, [executor])
    both = [*records, *older]
    seen = {record.signal_id for record in both}
    waiting = [
        _unresolved(each, executor, each.state, _obstacle(each))
        for each in still_open
        if each.signal_id not in seen and part_of(each) is Part.UNRESOLVED
    ]
    names = {each.name for each in unreadable}
    nobodys = [
        record.stored
        for record in both
        if record.stored is not None
        and executor in record.undecided - record.executions.keys()
        and execution_name(record.signal_id, executor) not in names
    ]
    return Conserved(
        total,
        sorted([*waiting, *unresolved(both, executor)], key=_BY_AGE),
        now,
        unclaimed=[stored.signal for stored in nobodys if executor not in stored.awaiting],
        unreadable=unreadable,
        accounted_until=until and min([until, *(stored.signal.created_at for stored in nobodys)]),
    )


def standstill(stored: StoredSignal, executor: str) -> Standstill:
    """Return where a signal is that was addressed to an account and that no executor has taken."""
    return Standstill.NOT_SENT if executor in stored.awaiting else Standstill.NOT_RECEIVED


def _unresolved(
    subject: Signal | Execution, executor: str, state: ExecutionState | None, obstacle: str
) -> Unresolved:
    return Unresolved(
        subject.signal_id, executor, subject.symbol, subject.side, subject.created_at, state, obstacle
    )


def _obstacle(execution: Execution) -> str:
    if execution.state.has_order:
        return Standstill.ORDER_WITHOUT_ID
    return execution.obstacle or Standstill.IN_WORK
