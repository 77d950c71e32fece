"""Refuse to replace an order where Alpaca would.

The messages are those of Alpaca's table of replace errors (Options Trading, Error Responses) and of recorded
answers for groups; the ones without a known wording are made in its style.
"""

from collections.abc import Callable
from decimal import Decimal

from simulation.broker.account_rules import account_flags
from simulation.broker.errors import (
    BrokerError,
    insufficient_balance,
    insufficient_buying_power,
    insufficient_quantity,
    invalid,
    malformed,
)
from simulation.broker.groups import is_entry, members
from simulation.broker.intake import refusal_of_a_known_id
from simulation.broker.money import CENT, ZERO, is_whole, on_grid, text
from simulation.broker.order_rules import crypto_terms, fractional_terms, price_ticks, stop_side
from simulation.broker.orders import Order, OrderStatus
from simulation.broker.replacement_terms import Replacement
from simulation.broker.terms import OrderClass, Side, TimeInForce

_REPLACEABLE = {OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED, OrderStatus.HELD}

Rule = Callable[[Replacement], BrokerError | None]


def replaceable_status(asked: Replacement) -> BrokerError | None:
    """Only an order that the exchange has, or a held leg, can be replaced: none that is over or pending."""
    status = asked.order.status
    if status is OrderStatus.REPLACED:
        return invalid("order already replaced")
    return None if status in _REPLACEABLE else invalid(f"cannot replace order in {status} status")


def suitable_terms(asked: Replacement) -> BrokerError | None:
    """A price needs an order type that has it; orders by notional have nothing to replace."""
    order, changes = asked.order, asked.changes
    if order.notional is not None:
        return invalid("notional orders cannot be replaced")
    for name, price, wanted in (
        ("limit_price", changes.limit_price, order.type.has_limit),
        ("stop_price", changes.stop_price, order.type.has_stop),
    ):
        if price is not None and not wanted:
            return malformed(f"{order.type} orders must not have {name}")
    return None


def changed_terms(asked: Replacement) -> BrokerError | None:
    """Something must change."""
    return invalid("order parameters are not changed") if asked.changes_nothing else None


def changeable_quantity(asked: Replacement) -> BrokerError | None:
    """Quantities change in simple orders for whole shares or coins, to more than what is filled."""
    order = asked.order
    if asked.quantity == order.quantity:
        return None
    if order.order_class is not OrderClass.SIMPLE:
        return invalid("qty cannot be changed for advanced orders")
    if not on_grid(asked.quantity):
        return invalid("qty must be limited to 9 decimal places")
    if not order.asset.is_crypto and not (is_whole(asked.quantity) and is_whole(order.quantity or ZERO)):
        return invalid("qty of fractional orders cannot be changed")
    return invalid("qty must be > filled_qty") if asked.rest <= 0 else None


def group_time_in_force(asked: Replacement) -> BrokerError | None:
    """A group rests for a day or till cancelled."""
    group = asked.order.order_class
    rests = asked.time_in_force is not TimeInForce.IOC
    return None if rests or group is OrderClass.SIMPLE else invalid(f"{group} orders must be DAY or GTC")


def own_terms(asked: Replacement) -> BrokerError | None:
    """The new order must be one that could be sent: its id, its ticks, its time in force, the account's flags."""
    rules = (refusal_of_a_known_id, price_ticks, crypto_terms, fractional_terms, account_flags)
    refusals = (rule(asked.submission) for rule in rules)
    return next((refused for refused in refusals if refused is not None), None)


def stop_before_the_market(asked: Replacement) -> BrokerError | None:
    """A stop that works must lie where the price is not yet; one that waits for its entry is not measured so."""
    waits = asked.order.status is OrderStatus.HELD and not asked.order.watched
    return None if waits or asked.order.triggered else stop_side(asked.submission)


def exits_of_an_open_entry(asked: Replacement) -> BrokerError | None:
    """While an entry is open its exits lie a cent or more on their sides of its price, also when that moves."""
    order, entry = asked.order, asked.order.root
    if not (is_entry(entry) and entry.is_open):
        return None
    base = entry.limit_price or entry.stop_price or asked.price
    if order is entry:
        base = asked.submission.base_price
    sign = entry.side.sign
    for leg in entry.legs:
        level = (asked.stop_price if leg.type.has_stop else asked.limit_price) if leg is order else _level(leg)
        if level is None:
            continue
        name = "stop_loss.stop_price" if leg.type.has_stop else "take_profit.limit_price"
        outward = -sign if leg.type.has_stop else sign
        if outward * (level - base) < CENT:
            compared = ">= base_price + 0.01" if outward > 0 else "<= base_price - 0.01"
            return invalid(f"{name} must be {compared}", base_price=text(base))
    return None


def exits_on_their_sides(asked: Replacement) -> BrokerError | None:
    """A target lies beyond the stop beside it."""
    order = asked.order
    if is_entry(order):
        return None
    exits = [each for each in members(order) if not is_entry(each) and each.is_open and each is not order]
    own = asked.stop_price if order.type.has_stop else asked.limit_price
    for rival in exits:
        other = _level(rival)
        if own is None or other is None:
            continue
        profit, stop = (other, own) if order.type.has_stop else (own, other)
        if order.side.sign * (stop - profit) <= 0:
            sign = ">" if order.side is Side.SELL else "<"
            return invalid(f"take_profit.limit_price must be {sign} stop_loss.stop_price")
    return None


def enough_to_close(asked: Replacement) -> BrokerError | None:
    """A closing order may take what is held and not promised elsewhere; what it holds itself is its own."""
    order = asked.order
    if order.opening or asked.quantity == order.quantity:
        return None
    existing = abs(asked.account.position(order.asset))
    elsewhere = asked.account.held_for_orders(order.asset) - order.remaining(asked.price)
    if asked.rest <= existing - elsewhere:
        return None
    if order.asset.is_crypto:
        return insufficient_balance(order.asset.coin, asked.rest, max(existing - elsewhere, ZERO))
    return insufficient_quantity(order.asset.symbol, asked.rest, existing, elsewhere)


def enough_to_open(asked: Replacement) -> BrokerError | None:
    """An opening order fits into what the account may spend and what the replaced one has reserved."""
    order = asked.order
    if not order.opening:
        return None
    cost = asked.rest * asked.submission.reserve_price
    if order.asset.is_crypto:
        available: Decimal = asked.valuation.non_marginable_buying_power + order.reserved
        return insufficient_balance("USD", cost, available) if cost > available else None
    available = asked.valuation.buying_power + order.reserved
    return insufficient_buying_power(available, cost) if cost > available else None


REPLACEMENT_RULES: tuple[Rule, ...] = (
    replaceable_status,
    suitable_terms,
    changed_terms,
    changeable_quantity,
    group_time_in_force,
    own_terms,
    exits_of_an_open_entry,
    exits_on_their_sides,
    stop_before_the_market,
    enough_to_close,
    enough_to_open,
)


def _level(leg: Order) -> Decimal | None:
    return leg.stop_price if leg.type.has_stop else leg.limit_price
