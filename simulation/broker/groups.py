"""Let orders of one group act on each other: activation, one cancels the other, all cancel together."""

from datetime import datetime
from decimal import Decimal

from simulation.broker.behaviour import Behaviour
from simulation.broker.orders import Order, OrderStatus
from simulation.broker.terms import OrderClass


def begin(order: Order, at: datetime, behaviour: Behaviour) -> None:
    """Let an order work; the stop beside a target is shown as held where the behaviour says so."""
    is_stop_leg = order.parent is not None and order.type.has_stop
    has_target = not order.order_class.is_entry or any(not leg.type.has_stop for leg in order.root.legs)
    order.start(at, as_held=behaviour.stop_legs_stay_held and is_stop_leg and has_target)


def after_fill(order: Order, quantity: Decimal, at: datetime, behaviour: Behaviour) -> None:
    """Carry a fill over to the rest of the group.

    Legs of an entry come alive when it is completely filled, not before. An exit that fills ends the
    other exit; one that fills in part keeps the other for the rest only.
    """
    filled = order.status is OrderStatus.FILLED
    if order.is_entry:
        for leg in order.legs if filled else ():
            begin(leg, at, behaviour)
        return
    rivals = () if order.order_class is OrderClass.SIMPLE else order.group
    for rival in rivals:
        if rival is order or rival.is_entry or not rival.is_open:
            continue
        if not filled:
            rival.reduce(quantity, at)
        elif not behaviour.rival_cancel_takes:
            rival.end(OrderStatus.CANCELED, at)
        elif rival.coming_end is None:
            rival.cancel_at(at + behaviour.rival_cancel_takes, at)


def cancel_group(order: Order, at: datetime) -> None:
    """End every open order of a group; what an entry filled before stays, without protection."""
    for member in order.group:
        if member.is_open:
            member.end(OrderStatus.CANCELED, at)


def request_cancel(order: Order, at: datetime, behaviour: Behaviour) -> None:
    """Cancel a group as a client asks for it: what works ends when the cancellation arrives, the rest with it."""
    working = [member for member in order.group if member.is_working]
    if not (behaviour.cancel_takes and working):
        cancel_group(order, at)
        return
    for member in working:
        if member.status is not OrderStatus.PENDING_CANCEL:
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
    for leg in order.legs if order.is_entry else ():
        if leg.is_open:
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
