"""What an entry order's state at the broker means for its execution. Pure: two views in, one move out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from argo.domain.execution import Execution, ExecutionState, Fill
from argo.domain.ledger import Release, Settlement
from argo.domain.orders import BrokerOrder, OrderStatus
from argo.domain.reasons import RejectionReason
from argo.domain.signal import Side


@dataclass(frozen=True, slots=True)
class Move:
    """A transition and what the execution learns by it."""

    state: ExecutionState
    settlement: Settlement


_ENDED_UNFILLED = frozenset({OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REPLACED})


def settle(execution: Execution, order: BrokerOrder, now: datetime) -> Move | None:
    """Return the move that brings the execution to what the broker reports, or None where it is there already.

    An entry that was cancelled after a partial fill is a filled one: what was bought is a position.
    """
    if order.status is OrderStatus.REJECTED:
        learnt = Settlement(reason=RejectionReason.OTHER, release=Release.RESERVATION_AND_SYMBOL)
        return _move(execution, ExecutionState.REJECTED, learnt)
    if not order.filled_quantity:
        if order.status not in _ENDED_UNFILLED:
            return None
        learnt = Settlement(detail={"entry": str(order.status)}, release=Release.RESERVATION_AND_SYMBOL)
        return _move(execution, ExecutionState.CANCELED, learnt)
    known = {(fill.order_id, fill.quantity, fill.price): fill.at for fill in execution.fills}
    orders = [("entry", order), *((leg.role, leg) for leg in order.legs if leg.filled_quantity)]
    fills = tuple(_fill(each, leg, known, now) for leg, each in orders)
    entered = order.filled_quantity
    left = sum((fill.quantity for fill in fills[1:]), Decimal(0))
    if order.status.is_final and left >= entered:
        learnt = Settlement(
            fills=fills,
            realised_profit=profit(fills, execution.side),
            release=Release.RESERVATION_AND_SYMBOL,
        )
        return _move(execution, ExecutionState.CLOSED, learnt)
    if not order.status.is_final:
        return _move(execution, ExecutionState.PARTIALLY_FILLED, Settlement(fills=fills))
    return _move(execution, ExecutionState.FILLED, Settlement(fills=fills, release=Release.RESERVATION))


def profit(fills: tuple[Fill, ...], side: Side) -> Decimal:
    """Return the realised profit in USD: what came in less what went out, before fees."""
    entry = sum((fill.quantity * fill.price for fill in fills if fill.leg == "entry"), Decimal(0))
    exits = sum((fill.quantity * fill.price for fill in fills if fill.leg != "entry"), Decimal(0))
    return exits - entry if side is Side.BUY else entry - exits


def may_be_cancelled(execution: Execution, order: BrokerOrder, now: datetime) -> bool:
    """Tell whether an entry has outlived its signal without a fill: it would be another day's trade (B07)."""
    return now >= execution.expires_at and not order.status.is_final and not order.filled_quantity


def _move(execution: Execution, state: ExecutionState, learnt: Settlement) -> Move | None:
    same_fills = learnt.fills is None or learnt.fills == execution.fills
    return None if state is execution.state and same_fills else Move(state, learnt)


def _fill(
    order: BrokerOrder, leg: str, known: Mapping[tuple[str, Decimal, Decimal], datetime], now: datetime
) -> Fill:
    """Read an order's fill; the broker may not say when, then a fill that is known keeps its time."""
    price = order.filled_average_price or Decimal(0)
    seen = known.get((order.order_id, order.filled_quantity, price), now)
    return Fill.model_validate(
        {
            "order_id": order.order_id,
            "leg": leg,
            "quantity": order.filled_quantity,
            "price": price,
            "at": order.filled_at or seen,
        }
    )
