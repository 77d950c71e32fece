"""Turn what a client asks for into an order, or a refusal."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from simulation.broker.account import Account
from simulation.broker.assets import Asset
from simulation.broker.errors import invalid
from simulation.broker.identifiers import derived_id, order_id
from simulation.broker.market import Market
from simulation.broker.money import ZERO
from simulation.broker.orders import ComingEnd, Order
from simulation.broker.replacement_rules import REPLACEMENT_RULES
from simulation.broker.rules import Rule
from simulation.broker.submission import Replacement, Submission
from simulation.broker.terms import Changes, OrderClass, OrderRequest, OrderStatus, OrderType, TimeInForce
from simulation.market.sessions import MarketClock


def accept(
    request: OrderRequest,
    account: Account,
    asset: Asset,
    market: Market,
    clock: MarketClock,
    *,
    rules: Iterable[Rule],
) -> Order:
    """Check a request by the rules and enter its order, with legs, into the account.

    Raises:
        BrokerError: it is refused; the account is as it was.
    """
    asked = Submission(request, account, asset, _last_price(asset, market), market.prices)
    for rule in rules:
        rule(asked)
    order = _order(asked, clock)
    # An OCO's take-profit is the submitted order itself.
    if request.order_class.is_entry and request.take_profit is not None:
        order.legs.append(_leg(order, OrderType.LIMIT, limit_price=request.take_profit))
    if request.order_class is not OrderClass.SIMPLE and (stop := request.stop_loss) is not None:
        kind = OrderType.STOP_LIMIT if stop.limit_price else OrderType.STOP
        order.legs.append(_leg(order, kind, limit_price=stop.limit_price, stop_price=stop.stop_price))
    for entered in (order, *order.legs):
        account.add(entered)
    for leg in order.legs:
        if leg.is_working:
            leg.begin(clock.now, account.behaviour)
    return order


def replacement(old: Order, changes: Changes, account: Account, market: Market, clock: MarketClock) -> Order:
    """Check other terms for an order and enter the one that takes its place: it asks for what is not filled.

    Raises:
        BrokerError: it is refused; the account is as it was.
    """
    asked = Replacement.of(old, changes, account, _last_price(old.asset, market), market.prices)
    for rule in REPLACEMENT_RULES:
        rule(asked)
    request, is_held = asked.request, old.status is OrderStatus.HELD
    name = request.client_order_id or derived_id("replacement", old.id)
    new = replace(
        old,
        id=order_id(old.key_id, name),
        client_order_id=name,
        time_in_force=request.time_in_force,
        quantity=request.quantity,
        limit_price=request.limit_price,
        stop_price=request.stop_price,
        reserve_price=asked.reserve_price if old.opening else old.reserve_price,
        status=OrderStatus.HELD if is_held else OrderStatus.NEW,
        submitted_as=OrderStatus.HELD if is_held else OrderStatus.PENDING_NEW,
        created_at=clock.now,
        updated_at=clock.now,
        expires_at=_expiry(request.time_in_force, clock),
        filled_quantity=ZERO,
        filled_value=ZERO,
        triggered=old.triggered and request.stop_price == old.stop_price,
        replaces=old.id,
        legs=[],
        past=[],
    )
    account.add(new)
    new.take_place_of(old, clock.now)
    return new


def _last_price(asset: Asset, market: Market) -> Decimal:
    price = market.prices.get(asset.symbol)
    if price is None:
        raise invalid(f"asset {asset.symbol} has no price yet")
    return price


def _expiry(time_in_force: TimeInForce, clock: MarketClock) -> datetime | None:
    return clock.calendar.next_close(clock.now) if time_in_force is TimeInForce.DAY else None


def _order(asked: Submission, clock: MarketClock) -> Order:
    request, account = asked.request, asked.account
    name = request.client_order_id or derived_id("client", account.key_id, len(account.orders))
    rejected_after = account.behaviour.rejected_after.get(name)
    waits = rejected_after is not None or not (clock.is_open or asked.asset.is_crypto)
    return Order(
        id=order_id(account.key_id, name),
        client_order_id=name,
        key_id=account.key_id,
        asset=asked.asset,
        side=request.side,
        type=request.type,
        time_in_force=request.time_in_force,
        order_class=request.order_class,
        quantity=request.quantity,
        notional=request.notional,
        limit_price=request.take_profit if request.order_class is OrderClass.OCO else request.limit_price,
        stop_price=request.stop_price,
        extended_hours=request.extended_hours,
        opening=not asked.is_closing,
        reserve_price=asked.reserve_price,
        status=OrderStatus.ACCEPTED if waits else OrderStatus.NEW,
        submitted_as=OrderStatus.ACCEPTED if waits else OrderStatus.PENDING_NEW,
        coming_end=None if rejected_after is None else ComingEnd(OrderStatus.REJECTED, clock.now + rejected_after),
        created_at=clock.now,
        updated_at=clock.now,
        expires_at=_expiry(request.time_in_force, clock),
    )


def _leg(
    parent: Order, kind: OrderType, *, limit_price: Decimal | None, stop_price: Decimal | None = None
) -> Order:
    name = derived_id("leg", parent.id, kind)
    leg = replace(
        parent,
        id=order_id(parent.key_id, name),
        client_order_id=name,
        type=kind,
        notional=None,
        limit_price=limit_price,
        stop_price=stop_price,
        extended_hours=False,
        opening=False,
        reserve_price=ZERO,
        parent=parent,
        legs=[],
        past=[],
    )
    if parent.order_class.is_entry:
        leg.side = parent.side.opposite
        leg.status = leg.submitted_as = OrderStatus.HELD
        leg.coming_end = None
    return leg
