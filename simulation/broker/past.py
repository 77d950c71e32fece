"""Show an account as it was: orders from their past states, positions from the fills."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from simulation.broker.account import Account
from simulation.broker.orders import Order, PastState


def account_as_of(account: Account, at: datetime) -> Account:
    """Return an account with the orders and positions that it had at a moment; all else is not filled in.

    An order of whose group nothing has changed since is the account's own: look at it, and leave it as it is.
    """
    seen = Account(account.settings, account.opened_at)
    known = [order for order in account.orders.values() if order.created_at <= at]
    changed = _changed_since(account, known, at)
    copies = {order.id: _order_as_of(order, at) for order in known if order.root.id in changed}
    for order_id, copy in copies.items():
        copy.legs = [copies[leg.id] for leg in _legs_at(account.orders[order_id], at) if leg.id in copies]
    for copy in copies.values():
        copy.parent = copies.get(copy.parent.id) if copy.parent else None
        for leg in copy.legs:
            leg.parent = copy
    for order in known:
        seen.add(copies.get(order.id, order))
    for fill in account.fills:
        if fill.at <= at:
            seen.book(fill)
    return seen


def _changed_since(account: Account, known: Iterable[Order], at: datetime) -> set[str]:
    """Return the roots of the groups that have changed since a moment, the groups of their former legs too."""
    changed = {order.root.id for order in account.orders.values() if order.created_at > at}
    changed |= {order.root.id for order in known if _state_at(order, at) is not None}
    return changed | {leg.root.id for order in known if order.root.id in changed for leg in _legs_at(order, at)}


def _legs_at(order: Order, at: datetime) -> Iterable[Order]:
    state = _state_at(order, at)
    return order.legs if state is None else state.legs


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
