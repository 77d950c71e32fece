"""Turn a replacement request into the order that takes an open one's place, or a refusal."""

from dataclasses import replace
from decimal import Decimal

from simulation.broker.account import Account
from simulation.broker.clock import MarketClock
from simulation.broker.groups import take_place
from simulation.broker.identifiers import derived_id, order_id
from simulation.broker.intake import last_price
from simulation.broker.market import Market
from simulation.broker.orders import Order, OrderStatus
from simulation.broker.replacement_rules import REPLACEMENT_RULES
from simulation.broker.replacement_terms import Replacement
from simulation.broker.requests import Changes
from simulation.broker.terms import TimeInForce
from simulation.broker.valuation import value


def replacement(old: Order, changes: Changes, account: Account, market: Market, clock: MarketClock) -> Order:
    """Check a replacement and enter the new order, which asks for what the old one has not filled.

    Raises:
        BrokerError: it is refused; the account is as it was.
    """
    asked = Replacement(old, changes, account, last_price(old.asset, market), value(account, market.prices))
    refusals = (rule(asked) for rule in REPLACEMENT_RULES)
    refused = next((each for each in refusals if each is not None), None)
    if refused is not None:
        raise refused
    new = _order(asked, clock)
    account.add(new)
    take_place(new, old, clock.now)
    return new


def _order(asked: Replacement, clock: MarketClock) -> Order:
    old, changes = asked.order, asked.changes
    name = changes.client_order_id or derived_id("replacement", old.id)
    is_held = old.status is OrderStatus.HELD
    return replace(
        old,
        id=order_id(old.key_id, name),
        client_order_id=name,
        time_in_force=asked.time_in_force,
        quantity=asked.rest,
        limit_price=asked.limit_price,
        stop_price=asked.stop_price,
        reserve_price=asked.submission.reserve_price if old.opening else old.reserve_price,
        status=OrderStatus.HELD if is_held else OrderStatus.NEW,
        submitted_as=OrderStatus.HELD if is_held else OrderStatus.PENDING_NEW,
        created_at=clock.now,
        updated_at=clock.now,
        expires_at=clock.calendar.next_close(clock.now) if asked.time_in_force is TimeInForce.DAY else None,
        filled_quantity=Decimal(0),
        filled_value=Decimal(0),
        triggered=old.triggered and asked.stop_price == old.stop_price,
        replaces=old.id,
        legs=[],
        past=[],
    )
