"""What an execution's orders at the broker mean for it. Pure: two views in, one move out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from argo.domain.account import TradeExit
from argo.domain.execution import Execution, ExecutionState, Fill, OrderLeg
from argo.domain.ledger import Release, Settlement
from argo.domain.orders import BrokerOrder, OrderStatus
from argo.domain.reasons import RejectionReason
from argo.domain.signal import Side
from argo.domain.symbols import Symbol


@dataclass(frozen=True, slots=True)
class Move:
    """A transition and what the execution learns by it."""

    state: ExecutionState
    settlement: Settlement


_ENDED_UNFILLED = frozenset({OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REPLACED})


def settle(
    execution: Execution, order: BrokerOrder, now: datetime, exit_order: BrokerOrder | None = None
) -> Move | None:
    """Return the move that brings the execution to what the broker reports, or None where it is there already.

    An entry that was cancelled after a partial fill is a filled one: what was bought is a position. It ends
    when its legs, or the order that left it early, have taken back all of it.
    """
    if order.status is OrderStatus.REJECTED:
        learnt = Settlement(reason=RejectionReason.OTHER, release=Release.RESERVATION_AND_SYMBOL)
        return _move(execution, ExecutionState.REJECTED, learnt)
    if not order.filled_quantity:
        if order.status not in _ENDED_UNFILLED:
            return None
        learnt = Settlement(detail={"entry": str(order.status)}, release=Release.RESERVATION_AND_SYMBOL)
        return _move(execution, ExecutionState.CANCELED, learnt)
    fills = _fills(execution, order, exit_order, now)
    legs = tuple(OrderLeg(order_id=leg.order_id, role=leg.role, status=leg.status) for leg in order.legs)
    if order.status.is_final and _has_left(order, exit_order, fills):
        gained = profit(fills, execution.side)
        learnt = Settlement(
            fills=fills,
            legs=legs or None,
            realised_profit=gained,
            trade_exit=_trade_exit(execution, fills, gained),
            release=Release.RESERVATION_AND_SYMBOL,
        )
        return _move(execution, ExecutionState.CLOSED, learnt)
    if not order.status.is_final:
        return _move(execution, ExecutionState.PARTIALLY_FILLED, Settlement(fills=fills, legs=legs or None))
    learnt = Settlement(fills=fills, legs=legs or None, release=Release.RESERVATION)
    return _move(execution, ExecutionState.FILLED, learnt)


def held(order: BrokerOrder, exit_order: BrokerOrder | None = None) -> Decimal:
    """Return how much of an entry's fill its legs and its exit have not taken back yet."""
    taken_back = sum((leg.filled_quantity for leg in order.legs), Decimal(0))
    return order.filled_quantity - taken_back - (exit_order.filled_quantity if exit_order else 0)


def profit(fills: tuple[Fill, ...], side: Side) -> Decimal:
    """Return the realised profit in USD: what came in less what went out, before fees."""
    entry = sum((fill.quantity * fill.price for fill in fills if fill.leg == "entry"), Decimal(0))
    exits = sum((fill.quantity * fill.price for fill in fills if fill.leg != "entry"), Decimal(0))
    return exits - entry if side is Side.BUY else entry - exits


def may_be_cancelled(execution: Execution, order: BrokerOrder, now: datetime) -> bool:
    """Tell whether an entry has outlived its signal without a fill: it would be another day's trade (B07)."""
    return now >= execution.expires_at and not order.status.is_final and not order.filled_quantity


def _has_left(order: BrokerOrder, exit_order: BrokerOrder | None, fills: tuple[Fill, ...]) -> bool:
    """Tell whether the position is gone; a coin's fee makes what an exit sells less than what was bought."""
    if held(order, exit_order) <= 0:
        return True
    sold_all = exit_order is not None and exit_order.status is OrderStatus.FILLED
    return sold_all and Symbol(order.symbol).is_crypto and len(fills) > 1


def _trade_exit(execution: Execution, fills: tuple[Fill, ...], gained: Decimal) -> TradeExit:
    last = max(fills[1:], key=lambda fill: fill.at)
    return TradeExit(
        signal_id=execution.signal_id, symbol=execution.symbol, leg=last.leg, profit=gained, at=last.at
    )


def _move(execution: Execution, state: ExecutionState, learnt: Settlement) -> Move | None:
    same_fills = learnt.fills is None or learnt.fills == execution.fills
    same_legs = learnt.legs is None or learnt.legs == execution.legs
    return None if state is execution.state and same_fills and same_legs else Move(state, learnt)


def _fills(
    execution: Execution, order: BrokerOrder, exit_order: BrokerOrder | None, now: datetime
) -> tuple[Fill, ...]:
    known = {(fill.order_id, fill.quantity, fill.price): fill.at for fill in execution.fills}
    orders = [("entry", order), *((leg.role, leg) for leg in order.legs if leg.filled_quantity)]
    if exit_order is not None and exit_order.filled_quantity:
        orders.append(("exit", exit_order))
    return tuple(_fill(each, leg, known, now) for leg, each in orders)


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
