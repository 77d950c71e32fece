"""Show an account as it was: orders from their past states, positions from the fills."""

from dataclasses import replace
from datetime import datetime

from simulation.broker.account import Account
from simulation.broker.orders import Order, PastState


def account_as_of(account: Account, at: datetime) -> Account:
    """Return an account with the orders and positions that it had at a moment; all else is not filled in."""
    seen = Account(account.settings, account.opened_at)
    copies = {order.id: _order_as_of(order, at) for order in account.orders.values() if order.created_at <= at}
    for order_id, copy in copies.items():
        state = _state_at(account.orders[order_id], at)
        legs = account.orders[order_id].legs if state is None else state.legs
        copy.legs = [copies[leg.id] for leg in legs if leg.id in copies]
    for copy in copies.values():
        copy.parent = copies.get(copy.parent.id) if copy.parent else None
        for leg in copy.legs:
            leg.parent = copy
        seen.add(copy)
    for fill in account.fills:
        if fill.at <= at:
            seen.book(fill)
    return seen


def _order_as_of(order: Order, at: datetime) -> Order:
    state = _state_at(order, at)
    if state is None:
        return replace(order)
    return replace(
        order,
        status=state.status,
        quantity=state.quantity,
        filled_quantity=state.filled_quantity,
        filled_value=state.filled_value,
        updated_at=state.updated_at,
        ended_at=state.ended_at,
        replaced_by=state.replaced_by,
    )


def _state_at(order: Order, at: datetime) -> PastState | None:
    """Return what an order was at a moment, None if it is so still; at the moment of a change, what it became."""
    return next((state for state in order.past if state.until > at), None)
