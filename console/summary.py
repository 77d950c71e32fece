"""What became of every signal at every account, computed from the ledger's records and nothing else."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from argo.domain.execution import Execution, ExecutionState
from argo.domain.ledger import Page, StoredSignal
from argo.domain.signal import Side
from argo.domain.symbols import Symbol
from argo.domain.values import iso
from argo.ports import Ledger

_PAGE = 200


@dataclass(frozen=True, slots=True)
class Row:
    """A signal with its execution per account.

    ``addressed`` are the accounts it was or will be sent to. It is empty for a signal that the ledger lacks
    and some account has executed all the same: such a row makes a gap.
    """

    signal_id: str
    created_at: datetime
    symbol: Symbol
    side: Side
    confidence: Decimal
    addressed: frozenset[str]
    executions: Mapping[str, Execution]


@dataclass(slots=True)
class AccountSum:
    """One account's conservation sum: every signal is in exactly one of the counts, or the gap is not 0.

    ``eligible`` are the signals that the gate let pass; the execution rate is orders by eligible, the plain
    share orders by all; both fractions, None without a denominator.
    """

    executor: str
    signals: int = 0
    with_order: int = 0
    denied: int = 0
    rejected: int = 0
    expired: int = 0
    dead_lettered: int = 0
    unresolved: int = 0
    realised_profit: Decimal = Decimal(0)
    reasons: Counter[str] = field(default_factory=Counter)

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
        """Orders by eligible signals."""
        return self.with_order / self.eligible if self.eligible else None

    @property
    def plain_share(self) -> float | None:
        """Orders by all signals."""
        return self.with_order / self.signals if self.signals else None

    @property
    def is_silent(self) -> bool:
        """True when signals were eligible and not one became an order (FAILURES A01)."""
        return self.eligible > 0 and self.with_order == 0

    def add(self, execution: Execution) -> None:
        """Count one execution."""
        if execution.state.has_order:
            self.with_order += 1
        else:
            match execution.state:
                case ExecutionState.DENIED:
                    self.denied += 1
                case ExecutionState.REJECTED:
                    self.rejected += 1
                case ExecutionState.EXPIRED:
                    self.expired += 1
                case ExecutionState.DEAD_LETTERED:
                    self.dead_lettered += 1
                case _:
                    self.unresolved += 1
        if execution.reason:
            self.reasons[execution.reason] += 1
        self.realised_profit += execution.realised_profit or 0

    def as_dict(self) -> dict[str, Any]:
        """Return the sum as plain JSON; money as text."""
        return {
            "executor": self.executor,
            "signals": self.signals,
            "with_order": self.with_order,
            "denied": self.denied,
            "rejected": self.rejected,
            "expired": self.expired,
            "dead_lettered": self.dead_lettered,
            "unresolved": self.unresolved,
            "gap": self.gap,
            "eligible": self.eligible,
            "execution_rate": self.execution_rate,
            "plain_share": self.plain_share,
            "realised_profit": str(self.realised_profit),
            "reasons": dict(self.reasons.most_common()),
        }


async def read_rows(
    ledger: Ledger, executors: Sequence[str], days: Iterable[str], *, at_most: int | None = None
) -> list[Row]:
    """Read signals and executions of UTC days, in the order of the days, newest first within each."""
    rows: list[Row] = []
    for day in days:
        signals = await _pages(partial(ledger.signals_of, day, limit=_PAGE))
        executions: dict[str, dict[str, Execution]] = {}
        for executor in executors:
            found = await _pages(partial(ledger.executions_of, executor, day, limit=_PAGE))
            for execution in found:
                executions.setdefault(execution.signal_id, {})[executor] = execution
        rows += [_row(stored, executions.pop(stored.signal.signal_id, {})) for stored in signals]
        rows += [_without_signal(left) for left in executions.values()]
        if at_most is not None and len(rows) >= at_most:
            return rows[:at_most]
    return rows


def sums(rows: Sequence[Row], executors: Sequence[str]) -> list[AccountSum]:
    """Return every account's conservation sum over the rows; what has no execution yet is unresolved."""
    found = []
    for executor in executors:
        account = AccountSum(executor)
        for row in rows:
            account.signals += executor in row.addressed
            if executor in row.executions:
                account.add(row.executions[executor])
            else:
                account.unresolved += executor in row.addressed
        found.append(account)
    return found


def row_as_dict(row: Row) -> dict[str, Any]:
    """Return a row as plain JSON, with full ids; money as text."""
    return {
        "time": iso(row.created_at),
        "signal_id": row.signal_id,
        "symbol": row.symbol,
        "side": row.side,
        "confidence": float(row.confidence),
        "executions": {
            executor: {
                "state": execution.state,
                "order_id": execution.order_id,
                "client_order_id": execution.client_order_id,
                "reason": execution.reason,
                "realised_profit": None if (profit := execution.realised_profit) is None else str(profit),
            }
            for executor, execution in row.executions.items()
        },
    }


def _row(stored: StoredSignal, executions: Mapping[str, Execution]) -> Row:
    signal = stored.signal
    return Row(
        signal_id=signal.signal_id,
        created_at=signal.created_at,
        symbol=signal.symbol,
        side=signal.side,
        confidence=signal.confidence,
        addressed=stored.published_to | stored.awaiting,
        executions=executions,
    )


def _without_signal(executions: Mapping[str, Execution]) -> Row:
    known = next(iter(executions.values()))
    return Row(
        signal_id=known.signal_id,
        created_at=known.created_at,
        symbol=known.symbol,
        side=known.side,
        confidence=known.confidence,
        addressed=frozenset(),
        executions=executions,
    )


async def _pages[T](read: Callable[..., Awaitable[Page[T]]]) -> list[T]:
    page = await read(token=None)
    found = list(page.items)
    while page.next_token:
        page = await read(token=page.next_token)
        found += page.items
    return found
