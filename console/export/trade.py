"""A signal at one account, and the figures that an export works out of its record. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from argo.domain.conservation import Part, Standstill, part_of
from argo.domain.execution import Execution, ExecutionState, Fill
from argo.domain.ledger import StoredSignal
from argo.domain.signal import Signal

DECLINED = "declined"
"""What a signal is counted as at an account that was never sent it."""

ENTRY = frozenset({"entry"})
EXITS = frozenset({"take_profit", "stop_loss", "exit"})

_NINE_PLACES = Decimal("1e-9")


@dataclass(frozen=True, slots=True)
class Trade:
    """A signal at one account; ``stored`` or ``execution`` is None where the ledger lacks it, never both."""

    executor: str
    stored: StoredSignal | None
    execution: Execution | None

    @property
    def subject(self) -> Signal | Execution:
        """Whichever record there is: both know the signal's id, symbol, side, confidence and time."""
        if self.stored is not None:
            return self.stored.signal
        if self.execution is not None:
            return self.execution
        raise ValueError("a trade is of a signal or of an execution")

    @property
    def mode(self) -> str | None:
        """The mode that the record was written in."""
        record = self.execution or self.stored
        return record.mode if record else None

    @property
    def counted_as(self) -> str:
        """The count of the conservation sum that it is in, or `DECLINED`."""
        if self.execution is not None:
            return part_of(self.execution)
        return DECLINED if self.declined else Part.UNRESOLVED

    @property
    def declined(self) -> str | None:
        """Why the account did not want the signal."""
        return self.stored.declined.get(self.executor) if self.stored else None

    @property
    def reason(self) -> str | None:
        """Why there is no order."""
        return self.execution.reason if self.execution else self.declined

    @property
    def obstacle(self) -> str | None:
        """What the last attempt met, or where a signal waits that nobody has taken."""
        if self.execution is not None:
            return self.execution.obstacle
        if self.stored is None or self.declined:
            return None
        return Standstill.NOT_SENT if self.executor in self.stored.awaiting else Standstill.NOT_RECEIVED


def leg_id(execution: Execution, role: str) -> str | None:
    """Return the order id of a bracket's leg."""
    return next((leg.order_id for leg in execution.legs if leg.role == role), None)


def sent(execution: Execution, name: str) -> Decimal | None:
    """Return a number of the order as sent."""
    body = execution.order_body or {}
    return Decimal(str(body[name])) if name in body else None


def planned(execution: Execution, name: str) -> Decimal | None:
    """Return a number that the sizing recorded."""
    return Decimal(execution.detail[name]) if name in execution.detail else None


def quantity(execution: Execution, legs: Collection[str]) -> Decimal | None:
    """Return what some legs filled, in shares or coins."""
    found = _fills(execution, legs)
    return sum((fill.quantity for fill in found), Decimal(0)) if found else None


def average(execution: Execution, legs: Collection[str]) -> Decimal | None:
    """Return the average price of some legs' fills in USD, to nine places."""
    found = _fills(execution, legs)
    if len(found) < 2:
        return found[0].price if found else None
    paid = sum((fill.quantity * fill.price for fill in found), Decimal(0))
    return (paid / sum(fill.quantity for fill in found)).quantize(_NINE_PLACES)


def fill_time(execution: Execution, legs: Collection[str]) -> datetime | None:
    """Return when the last of some legs' fills was."""
    return max((fill.at for fill in _fills(execution, legs)), default=None)


def last_exit(execution: Execution) -> str | None:
    """Return the leg that filled last of those that take the position back."""
    found = _fills(execution, EXITS)
    return max(found, key=lambda fill: fill.at).leg if found else None


def r_multiple(execution: Execution) -> Decimal | None:
    """Return the profit in units of what the entry risked, from its average price to the first stop."""
    stop, entry, held = planned(execution, "stop_price"), average(execution, ENTRY), quantity(execution, ENTRY)
    if execution.realised_profit is None or stop is None or entry is None or held is None:
        return None
    risk = held * abs(entry - stop)
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


def signal_to_order(execution: Execution) -> int | None:
    """Return the milliseconds from the signal to the order, as the metric of that name."""
    ordered = ordered_at(execution)
    return None if ordered is None else (ordered - execution.created_at) // timedelta(milliseconds=1)


def _fills(execution: Execution, legs: Collection[str]) -> list[Fill]:
    return [fill for fill in execution.fills if fill.leg in legs]
