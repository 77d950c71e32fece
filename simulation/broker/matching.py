"""Say at which price an order trades: pure functions of the order and the price."""

from decimal import Decimal

from simulation.broker.orders import Order
from simulation.broker.terms import Side


def trades_at(order: Order, price: Decimal) -> bool:
    """Say whether an order acts at a price: fills there or, before its stop, is triggered."""
    level = pending_level(order)
    if level is None:
        return True
    if order.side is Side.BUY:
        return price >= level if awaits_stop(order) else price <= level
    return price <= level if awaits_stop(order) else price >= level


def pending_level(order: Order) -> Decimal | None:
    """Return the price at which an order acts next, None for at any."""
    return order.stop_price if awaits_stop(order) else order.limit_price


def awaits_stop(order: Order) -> bool:
    """Say whether acting only triggers the order: a market or limit order is what it is from then on."""
    return order.type.has_stop and not order.triggered


def lies_between(level: Decimal | None, price: Decimal, target: Decimal) -> bool:
    """Say whether a price moving from `price` to `target` passes or meets a level."""
    return level is not None and min(price, target) <= level <= max(price, target)
