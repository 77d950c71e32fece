"""The figures that exports and reports work out of executions: positions, profits, times. Pure."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from argo.domain.execution import Execution, ExecutionState

ENTRY = frozenset({"entry"})
EXITS = frozenset({"take_profit", "stop_loss", "exit"})

_NINE_PLACES = Decimal("1e-9")


class Filled(NamedTuple):
    """What some legs have filled: shares or coins, at an average price in USD to nine places.

    ``at`` and ``leg`` are those of the last fill.
    """

    quantity: Decimal
    price: Decimal
    at: datetime
    leg: str


class Position(NamedTuple):
    """What an execution has bought, from its entry's fill, and what of it has been taken back."""

    execution: Execution
    entry: Filled
    exit: Filled | None

    @property
    def profit(self) -> Decimal | None:
        """USD before fees, None while it is open."""
        return self.execution.realised_profit


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
        paid = sum((fill.money for fill in found), Decimal(0))
        price = (paid / quantity).quantize(_NINE_PLACES)
    return Filled(quantity, price, last.at, last.leg)


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


def latency(execution: Execution) -> timedelta | None:
    """Return the time from the signal to the order, as the metric of that name; None without an order."""
    ordered = ordered_at(execution)
    return None if ordered is None else ordered - execution.created_at
