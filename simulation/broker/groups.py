"""Let orders of one group act on each other: activation, one cancels the other, all cancel together."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal

from simulation.broker.orders import Order, OrderClass, OrderStatus


def members(order: Order) -> Iterator[Order]:
    """Yield every order of a group, the submitted one first."""
    yield order.root
    yield from order.root.legs


def after_fill(order: Order, quantity: Decimal, at: datetime) -> None:
    """Carry a fill over to the rest of the group.

    Legs of an entry come alive when it is completely filled, not before. An exit that fills ends the
    other exit; one that fills in part leaves the other for the rest only.
    """
    filled = order.status is OrderStatus.FILLED
    if order.parent is None and order.order_class.is_entry:
        if filled:
            _activate(order.legs, at)
        return
    for rival in _rivals(order):
        if filled:
            rival.end(OrderStatus.CANCELED, at)
        elif rival.quantity is not None:
            rival.quantity -= quantity


def cancel_group(order: Order, at: datetime) -> None:
    """End every open order of a group; what an entry filled before stays, without protection."""
    for member in members(order):
        if member.is_open:
            member.end(OrderStatus.CANCELED, at)


def _activate(legs: Iterable[Order], at: datetime) -> None:
    for leg in legs:
        leg.status = OrderStatus.NEW
        leg.updated_at = at


def _rivals(order: Order) -> Iterator[Order]:
    if order.order_class is OrderClass.SIMPLE:
        return
    for member in members(order):
        is_entry = member.parent is None and member.order_class.is_entry
        if member is not order and not is_entry and member.is_open:
            yield member
