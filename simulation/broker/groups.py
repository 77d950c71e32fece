"""Let orders of one group act on each other: activation, one cancels the other, all cancel together."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from simulation.broker.behaviour import Behaviour
from simulation.broker.orders import Order, OrderStatus
from simulation.broker.terms import OrderClass


def members(order: Order) -> Iterator[Order]:
    """Yield every order of a group, the submitted one first."""
    yield order.root
    yield from order.root.legs


def is_entry(order: Order) -> bool:
    """Say whether an order opens a position that its legs then leave."""
    return order.parent is None and order.order_class.is_entry


def after_fill(order: Order, quantity: Decimal, at: datetime, behaviour: Behaviour) -> None:
    """Carry a fill over to the rest of the group.

    Legs of an entry come alive when it is completely filled, not before. An exit that fills ends the
    other exit; one that fills in part leaves the other for the rest only.
    """
    filled = order.status is OrderStatus.FILLED
    if is_entry(order):
        if filled:
            start_exits(order, at, behaviour)
        return
    for rival in _rivals(order):
        if not filled:
            rival.reduce(quantity, at)
        elif not behaviour.rival_cancel_takes:
            rival.end(OrderStatus.CANCELED, at)
        elif rival.coming_end is None:
            rival.cancel_at(at + behaviour.rival_cancel_takes, at)


def start_exits(order: Order, at: datetime, behaviour: Behaviour) -> None:
    """Let the legs of a group work."""
    for leg in order.legs:
        begin(leg, at, behaviour)


def begin(order: Order, at: datetime, behaviour: Behaviour) -> None:
    """Let an order work, shown as what it is, or as held."""
    if behaviour.stop_legs_stay_held and is_stop_beside_target(order):
        order.watch(at)
    else:
        order.start(at)


def is_stop_beside_target(order: Order) -> bool:
    """Say whether an order is the stop of a group that leaves at a limit too."""
    group = order.root
    is_stop_leg = order.parent is not None and order.type.has_stop
    return is_stop_leg and (not group.order_class.is_entry or any(not leg.type.has_stop for leg in group.legs))


def cancel_group(order: Order, at: datetime) -> None:
    """End every open order of a group; what an entry filled before stays, without protection."""
    for member in members(order):
        if member.is_open:
            member.end(OrderStatus.CANCELED, at)


def request_cancel(order: Order, at: datetime, behaviour: Behaviour) -> None:
    """Cancel a group as a client asks for it: what works ends when the cancellation arrives, the rest with it."""
    if not (behaviour.cancel_takes and any(member.is_working for member in members(order))):
        cancel_group(order, at)
        return
    for member in members(order):
        if member.is_working and member.status is not OrderStatus.PENDING_CANCEL:
            member.cancel_at(at + behaviour.cancel_takes, at)


def lapse(order: Order, now: datetime) -> None:
    """End an order whose cancellation, rejection or expiry is due, and the legs that waited for it."""
    coming = order.coming_end
    if coming is not None and coming.at <= now:
        order.end(coming.status, now)
    elif order.expires_at is not None and order.expires_at <= now:
        order.end(OrderStatus.EXPIRED, now)
    else:
        return
    for leg in order.legs:
        if is_entry(order) and leg.is_open:
            leg.end(OrderStatus.CANCELED if coming else OrderStatus.EXPIRED, now)


def take_place(new: Order, old: Order, at: datetime) -> None:
    """Put a replacement where the replaced order was: among its parent's legs, or before its own."""
    old.end(OrderStatus.REPLACED, at)
    old.replaced_by = new.id
    if old.parent is not None:
        old.parent.hold_legs([new if leg is old else leg for leg in old.parent.legs], at)
    elif old.legs:
        new.hold_legs(old.legs, at)
        old.hold_legs([], at)


def _rivals(order: Order) -> Iterator[Order]:
    if order.order_class is OrderClass.SIMPLE:
        return
    for member in members(order):
        if member is not order and not is_entry(member) and member.is_open:
            yield member
