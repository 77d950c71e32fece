"""What an execution's orders at the broker mean for it. Pure: two views in, one move out."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from argo.domain.account import TradeExit
from argo.domain.execution import Execution, ExecutionState
from argo.domain.folding import bounded, leg_of_exit
from argo.domain.ledger import Release, Settlement
from argo.domain.orders import BrokerOrder, OrderStatus
from argo.domain.outcome import may_arrive
from argo.domain.placements import Fill, FillLeg, OrderLeg
from argo.domain.prices import CRYPTO_STEP
from argo.domain.reasons import RejectionReason
from argo.domain.signal import Side

COIN_FEE = Decimal("0.0025")
"""Share of a bought coin that the broker keeps at most (ALPACA, orders)."""

_ROUNDED_UP = 10
"""Fills of one coin, each with a fee that is rounded up to its smallest part."""


@dataclass(frozen=True, slots=True)
class Orders:
    """Every order of one execution: the entry with its legs, what guards its position, what left it early.

    ``others`` are filled orders of somebody else that closed the position by hand, or bought back what was sold
    too much, ``folded`` what earlier exits and guards have filled that are read no more.
    """

    entry: BrokerOrder
    guards: tuple[BrokerOrder, ...] = ()
    exits: tuple[BrokerOrder, ...] = ()
    others: tuple[BrokerOrder, ...] = ()
    folded: tuple[Fill, ...] = ()

    @property
    def closing(self) -> list[tuple[FillLeg, BrokerOrder]]:
        """The orders that take the position back, each with the leg it is."""
        guards = [order for guard in self.guards for order in guard.with_legs]
        found: list[tuple[FillLeg, BrokerOrder]] = [(order.role, order) for order in (*self.entry.legs, *guards)]
        left = (*self.exits, *self.others)
        return found + [(leg_of_exit(order, self.entry), order) for order in left]

    @property
    def held(self) -> Decimal:
        """How much of the entry's fill has not been taken back; negative where too much was."""
        filled = [(leg, order.filled_quantity) for leg, order in self.closing]
        filled += [(fill.leg, fill.quantity) for fill in self.folded]
        taken = sum((quantity for leg, quantity in filled if leg != "correction"), Decimal(0))
        put_back = sum((quantity for leg, quantity in filled if leg == "correction"), Decimal(0))
        return self.entry.filled_quantity + put_back - taken

    @property
    def most_fees(self) -> Decimal:
        """How much of the entry's fill the broker may have kept: a coin's fee is taken from the coin."""
        if "/" not in self.entry.symbol:
            return Decimal(0)
        return self.entry.filled_quantity * COIN_FEE + _ROUNDED_UP * CRYPTO_STEP

    @property
    def live(self) -> list[BrokerOrder]:
        """The orders that may still fill, the entry among them."""
        everyone = (self.entry, *(order for _, order in self.closing))
        return [order for order in everyone if not order.status.is_final]

    @property
    def live_stops(self) -> list[BrokerOrder]:
        """The live orders that would close the position at its stop."""
        return [order for leg, order in self.closing if leg == "stop_loss" and not order.status.is_final]


@dataclass(frozen=True, slots=True)
class Move:
    """A transition and what the execution learns by it."""

    state: ExecutionState
    settlement: Settlement


_ENDED_UNFILLED = frozenset({OrderStatus.CANCELED, OrderStatus.EXPIRED})


def settle(
    execution: Execution, orders: Orders, now: datetime, *, ended: Callable[[Orders], bool] | None = None
) -> Move | None:
    """Return the move that brings the execution to what the broker reports, or None where it is there already.

    An entry that was cancelled after a partial fill is a filled one: what was bought is a position. It ends when
    its legs, its guard or the order that left it early have taken back all of it, and no more; and not while a
    guard may still arrive that would be live without it: ``ended`` stands for that rule.
    """
    entry = orders.entry
    if entry.status is OrderStatus.REPLACED and entry.replaced_by is not None:
        # Somebody replaced the entry: the execution follows the order that stands in its place.
        return Move(execution.state, Settlement(order_id=entry.replaced_by, detail={"replaced": entry.order_id}))
    if entry.status is OrderStatus.REJECTED and not entry.filled_quantity:
        learnt = Settlement(reason=RejectionReason.OTHER, release=Release.RESERVATION_AND_SYMBOL)
        return _move(execution, ExecutionState.REJECTED, learnt)
    if not entry.filled_quantity:
        if entry.status not in _ENDED_UNFILLED:
            return None
        learnt = Settlement(detail={"entry": str(entry.status)}, release=Release.RESERVATION_AND_SYMBOL)
        return _move(execution, ExecutionState.CANCELED, learnt)
    fills = _fills(execution, orders, now)
    legs = tuple(OrderLeg(order_id=leg.order_id, role=leg.role, status=leg.status) for leg in entry.legs) or None
    if not entry.status.is_final:
        return _move(execution, ExecutionState.PARTIALLY_FILLED, Settlement(fills=fills, legs=legs))
    has_ended = (ended or _has_ended)(orders)
    if has_ended and _guard_may_arrive(execution, now):
        return None
    if not has_ended:
        learnt = Settlement(fills=fills, legs=legs, release=Release.RESERVATION)
        return _move(execution, ExecutionState.FILLED, learnt)
    gained = profit(fills, execution.side)
    learnt = Settlement(
        fills=fills,
        legs=legs,
        realised_profit=gained,
        trade_exit=_trade_exit(execution, fills, gained),
        detail={"closed_by": "an order that is not Argo's"} if orders.others else {},
        release=Release.RESERVATION_AND_SYMBOL,
    )
    return _move(execution, ExecutionState.CLOSED, learnt)


def profit(fills: tuple[Fill, ...], side: Side) -> Decimal:
    """Return the realised profit in USD: what came in less what went out, before fees."""
    opened = sum((fill.money for fill in fills if fill.leg in {"entry", "correction"}), Decimal(0))
    closed = sum((fill.money for fill in fills if fill.leg not in {"entry", "correction"}), Decimal(0))
    return closed - opened if side is Side.BUY else opened - closed


def may_be_cancelled(execution: Execution, entry: BrokerOrder, now: datetime) -> bool:
    """Tell whether an entry has outlived its signal: what fills now would be another day's trade (B07)."""
    return now >= execution.expires_at and not entry.status.is_final


def _has_ended(orders: Orders) -> bool:
    """Tell whether the position is gone, and nothing is live that could open it on the other side.

    A coin's fee makes what exits sell less than what was bought.
    """
    return not orders.live and 0 <= orders.held <= orders.most_fees


def _guard_may_arrive(execution: Execution, now: datetime) -> bool:
    known = execution.protection
    if known is None or known.order_id is not None:
        return False
    return may_arrive(known.sent_at, now)


def _trade_exit(execution: Execution, fills: tuple[Fill, ...], gained: Decimal) -> TradeExit | None:
    """Return how the trade ended; None where nothing was sold: the fees may have been all that was bought."""
    if not fills[1:]:
        return None
    last = max(fills[1:], key=lambda fill: fill.at)
    return TradeExit(
        signal_id=execution.signal_id, symbol=execution.symbol, leg=last.leg, profit=gained, at=last.at
    )


def _move(execution: Execution, state: ExecutionState, learnt: Settlement) -> Move | None:
    same_fills = learnt.fills is None or learnt.fills == execution.fills
    same_legs = learnt.legs is None or learnt.legs == execution.legs
    return None if state is execution.state and same_fills and same_legs else Move(state, learnt)


def _fills(execution: Execution, orders: Orders, now: datetime) -> tuple[Fill, ...]:
    """Read the orders' fills; where the broker does not say when, a fill that is known keeps its time."""
    known = {(fill.order_id, fill.quantity, fill.price): fill.at for fill in execution.fills}
    entry: tuple[FillLeg, BrokerOrder] = ("entry", orders.entry)
    found: list[Fill] = []
    for leg, order in (entry, *(each for each in orders.closing if each[1].filled_quantity)):
        quantity, price = order.filled_quantity, order.filled_average_price or Decimal(0)
        at = order.filled_at or known.get((order.order_id, quantity, price), now)
        found.append(Fill(order_id=order.order_id, leg=leg, quantity=quantity, price=price, at=at))
    return bounded([found[0], *orders.folded, *found[1:]], execution.fills)
