"""Refuse to replace an order where Alpaca would.

The messages are those of Alpaca's table of replace errors (Options Trading, Error Responses) and of recorded
answers for groups; the ones without a known wording are made in its style.
"""

from collections.abc import Callable

from simulation.broker.errors import invalid, malformed
from simulation.broker.money import ZERO, is_whole, on_grid
from simulation.broker.rules import (
    account_flags,
    crypto_terms,
    enough_buying_power,
    exits_apart,
    exits_around,
    fractional_terms,
    free_quantity,
    price_ticks,
    stop_side,
    unused_id,
)
from simulation.broker.submission import Replacement
from simulation.broker.terms import OrderClass, OrderStatus, TimeInForce

_REPLACEABLE = {OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED, OrderStatus.HELD}


def replaceable_status(asked: Replacement) -> None:
    """Only an order that the exchange has, or a held leg, can be replaced: none that is over or pending."""
    status = asked.old.status
    if status is OrderStatus.REPLACED:
        raise invalid("order already replaced")
    if status not in _REPLACEABLE:
        raise invalid(f"cannot replace order in {status} status")


def suitable_terms(asked: Replacement) -> None:
    """A price needs an order type that has it; orders by notional have nothing to replace."""
    kind = asked.old.type
    if asked.old.notional is not None:
        raise invalid("notional orders cannot be replaced")
    if asked.request.limit_price is not None and not kind.has_limit:
        raise malformed(f"{kind} orders must not have limit_price")
    if asked.request.stop_price is not None and not kind.has_stop:
        raise malformed(f"{kind} orders must not have stop_price")


def changed_terms(asked: Replacement) -> None:
    """Something must change; another client order id alone is no change."""
    old, new = asked.old, asked.request
    prices_and_time = new.limit_price, new.stop_price, new.time_in_force
    if not asked.changes_quantity and prices_and_time == (old.limit_price, old.stop_price, old.time_in_force):
        raise invalid("order parameters are not changed")


def changeable_quantity(asked: Replacement) -> None:
    """Quantities change in simple orders for whole shares or coins, to more than what is filled."""
    if not asked.changes_quantity:
        return
    old, rest = asked.old, asked.quantity
    wanted = rest + old.filled_quantity
    if old.order_class is not OrderClass.SIMPLE:
        raise invalid("qty cannot be changed for advanced orders")
    if not on_grid(wanted):
        raise invalid("qty must be limited to 9 decimal places")
    if not old.asset.is_crypto and not (is_whole(wanted) and is_whole(old.quantity or ZERO)):
        raise invalid("qty of fractional orders cannot be changed")
    if rest <= 0:
        raise invalid("qty must be > filled_qty")


def group_time_in_force(asked: Replacement) -> None:
    """A group rests for a day or till cancelled."""
    group = asked.old.order_class
    if group is not OrderClass.SIMPLE and asked.request.time_in_force is TimeInForce.IOC:
        raise invalid(f"{group} orders must be DAY or GTC")


def exits_on_their_sides(asked: Replacement) -> None:
    """A target lies beyond the stop beside it; of an open entry, both a cent or more beside its price too."""
    old, entry = asked.old, asked.old.root
    exits = [order for order in old.group if not order.is_entry and order.is_open]
    terms = {order.type.has_stop: asked.request if order is old else order for order in exits}
    target = terms[False].limit_price if False in terms else None
    stop = terms[True].stop_price if True in terms else None
    if entry.is_entry and entry.is_open:
        base = asked.base_price if old is entry else entry.limit_price or entry.stop_price or asked.price
        exits_around(base, entry.side, target=target, stop=stop)
    if not old.is_entry:
        exits_apart(old.side, target=target, stop=stop)


def stop_before_the_market(asked: Replacement) -> None:
    """A stop that works must lie where the price is not yet; one that waits for its entry is not measured so."""
    waits = asked.old.status is OrderStatus.HELD and not asked.old.watched
    if not (waits or asked.old.triggered):
        stop_side(asked)


def enough_to_close(asked: Replacement) -> None:
    """A closing order may take what is held and not promised elsewhere; what it holds itself is its own."""
    if asked.changes_quantity:
        free_quantity(asked)


REPLACEMENT_RULES: tuple[Callable[[Replacement], None], ...] = (
    replaceable_status,
    suitable_terms,
    changed_terms,
    changeable_quantity,
    group_time_in_force,
    unused_id,
    price_ticks,
    crypto_terms,
    fractional_terms,
    account_flags,
    exits_on_their_sides,
    stop_before_the_market,
    enough_to_close,
    enough_buying_power,
)
