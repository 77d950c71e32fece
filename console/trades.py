"""A signal at one account, and the figures that exports and reports work out of its record. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from argo.domain.conservation import Part, part_of, standstill
from argo.domain.execution import Execution, ExecutionState
from argo.domain.ledger import SignalRecord

DECLINED = "declined"
"""What a signal is counted as at an account that was never sent it."""

ENTRY = frozenset({"entry"})
EXITS = frozenset({"take_profit", "stop_loss", "exit"})

_NINE_PLACES = Decimal("1e-9")


@dataclass(frozen=True, slots=True)
class Trade:
    """A signal at one account, which was sent it, declined it, or executed it all the same."""

    executor: str
    record: SignalRecord

    @property
    def execution(self) -> Execution | None:
        """What the account made of it."""
        return self.record.executions.get(self.executor)

    @property
    def mode(self) -> str | None:
        """The mode that the record was written in."""
        known = self.execution or self.record.stored
        return known.mode if known else None

    @property
    def counted_as(self) -> str:
        """The count of the conservation sum that it is in, or `DECLINED`."""
        if self.execution is not None:
            return part_of(self.execution)
        return DECLINED if self.declined else Part.UNRESOLVED

    @property
    def declined(self) -> str | None:
        """Why the account did not want the signal."""
        return self.record.declined.get(self.executor)

    @property
    def reason(self) -> str | None:
        """Why there is no order."""
        return self.execution.reason if self.execution else self.declined

    @property
    def obstacle(self) -> str | None:
        """What the last attempt met, or where a signal waits that nobody has taken."""
        if self.execution is not None:
            return self.execution.obstacle
        stored = self.record.stored
        return None if stored is None or self.declined else standstill(stored, self.executor)


@dataclass(frozen=True, slots=True)
class Filled:
    """What some legs have filled: shares or coins, at an average price in USD to nine places.

    ``at`` and ``leg`` are those of the last fill.
    """

    quantity: Decimal
    price: Decimal
    at: datetime
    leg: str


@dataclass(frozen=True, slots=True)
class Position:
    """What an execution has bought, from its entry's fill, and what of it has been taken back."""

    execution: Execution
    entry: Filled
    exit: Filled | None

    @property
    def profit(self) -> Decimal | None:
        """USD before fees, None while it is open."""
        return self.execution.realised_profit


def trades_of(record: SignalRecord) -> list[Trade]:
    """Return a signal at every account that was sent it, declined it, or executed it all the same."""
    return [Trade(name, record) for name in sorted({*record.addressed, *record.declined, *record.executions})]


def positions(executions: Iterable[Execution]) -> list[Position]:
    """Return the positions of an account's executions, in their order."""
    return [
        Position(execution, entry, filled(execution, EXITS))
        for execution in executions
        if (entry := filled(execution, ENTRY)) is not None
    ]


def filled(execution: Execution, legs: Collection[str]) -> Filled | None:
    """Return what some legs of an execution have filled, None where nothing."""
    found = [fill for fill in execution.fills if fill.leg in legs]
    if not found:
        return None
    last = max(found, key=lambda fill: fill.at)
    quantity = sum((fill.quantity for fill in found), Decimal(0))
    price = last.price
    if len(found) > 1:
        paid = sum((fill.quantity * fill.price for fill in found), Decimal(0))
        price = (paid / quantity).quantize(_NINE_PLACES)
    return Filled(quantity, price, last.at, last.leg)


def leg_id(execution: Execution, role: str) -> str | None:
    """Return the order id of a bracket's leg."""
    return next((leg.order_id for leg in execution.legs if leg.role == role), None)


def sent(execution: Execution, name: str) -> Decimal | None:
    """Return a number of the order as sent."""
    body = execution.order_body or {}
    return Decimal(str(body[name])) if name in body else None


def r_multiple(execution: Execution) -> Decimal | None:
    """Return the profit in units of what the entry risked, from its average price to the first stop."""
    stop, entry = execution.planned_stop, filled(execution, ENTRY)
    if execution.realised_profit is None or stop is None or entry is None:
        return None
    risk = entry.quantity * abs(entry.price - stop)
    return (execution.realised_profit / risk).quantize(_NINE_PLACES) if risk else None


def reached(execution: Execution, state: ExecutionState) -> datetime | None:
    """Return when an execution first came to a state."""
    return next((step.at for step in execution.history if step.state is state), None)


def ordered_at(execution: Execution) -> datetime | None:
    """Return when the broker had the order; a signal that closed a position ends with the order for that."""
    if execution.order_id is None:
        return None
    return reached(execution, ExecutionState.SUBMITTED) or reached(execution, ExecutionState.CLOSED)


def ended_at(execution: Execution) -> datetime | None:
    """Return when an execution ended."""
    return execution.history[-1].at if execution.state.is_terminal and execution.history else None


def latency(execution: Execution) -> timedelta | None:
    """Return the time from the signal to the order, as the metric of that name; None without an order."""
    ordered = ordered_at(execution)
    return None if ordered is None else ordered - execution.created_at
