"""Refuse orders that Alpaca would not take: from any account, or from this one as it is.

A rule raises the `BrokerError` that an order is refused with.
"""

from collections.abc import Callable
from decimal import Decimal

from simulation.broker.errors import forbidden, insufficient_balance, invalid, malformed
from simulation.broker.money import CENT, ZERO, is_whole, on_tick, text
from simulation.broker.submission import Submission
from simulation.broker.terms import OrderClass, OrderStatus, OrderType, Side, TimeInForce

type Rule = Callable[[Submission], None]


def tradable_asset(order: Submission) -> None:
    if not order.asset.tradable:
        raise invalid(f"asset {order.asset.symbol} is not active")


def price_ticks(order: Submission) -> None:
    """Stock prices are whole ticks: 0.01 USD from 1 USD on, 0.0001 USD below."""
    if order.asset.is_crypto:
        return
    request = order.request
    stop = request.stop_loss
    for name, price in (
        ("limit_price", request.limit_price),
        ("stop_price", request.stop_price),
        ("take_profit.limit_price", request.take_profit),
        ("stop_loss.stop_price", stop.stop_price if stop else None),
        ("stop_loss.limit_price", stop.limit_price if stop else None),
    ):
        if price is not None and not on_tick(price):
            reason = "sub-penny increment does not fulfill minimum pricing criteria"
            raise invalid(f"invalid {name} {text(price)}. {reason}")


def crypto_terms(order: Submission) -> None:
    """Crypto trades by simple market, limit and stop-limit orders, good till cancelled or at once."""
    if not order.asset.is_crypto:
        return
    request = order.request
    if request.order_class is not OrderClass.SIMPLE:
        name = "otoco" if request.order_class is OrderClass.BRACKET else request.order_class
        raise invalid(f"crypto orders not allowed for advanced order_class: {name}")
    if request.type is OrderType.STOP:
        raise invalid("invalid order type for crypto order")
    if request.time_in_force is TimeInForce.DAY:
        raise invalid("invalid crypto time_in_force")


def fractional_terms(order: Submission) -> None:
    """Parts of shares trade by simple day orders in assets that allow it, and are never sold short."""
    if order.asset.is_crypto or not order.is_fractional:
        return
    if not order.asset.fractionable:
        raise forbidden(f'asset "{order.asset.symbol}" is not fractionable')
    if order.request.time_in_force is not TimeInForce.DAY:
        raise invalid("fractional orders must be DAY orders")
    if order.request.order_class is not OrderClass.SIMPLE:
        raise invalid("fractional orders must be simple orders")
    if order.opens_short:
        raise invalid("fractional orders cannot be sold short")


def group_legs(order: Submission) -> None:
    """A bracket and an OCO need both exits, an OTO exactly one."""
    request = order.request
    group = request.order_class
    if group is OrderClass.SIMPLE:
        return
    if group is OrderClass.OTO:
        if (request.take_profit is None) == (request.stop_loss is None):
            raise malformed("oto orders require either take_profit or stop_loss")
    elif request.take_profit is None:
        raise malformed(f"{group} orders require take_profit.limit_price")
    elif request.stop_loss is None:
        raise malformed(f"{group} orders require stop_loss.stop_price")


def group_terms(order: Submission) -> None:
    """A group rests for a day or till cancelled; brackets and OTOs enter a position, OCOs close one."""
    request = order.request
    group = request.order_class
    if group is OrderClass.SIMPLE:
        return
    if request.time_in_force is TimeInForce.IOC:
        raise invalid(f"{group} orders must be DAY or GTC")
    if group.is_entry:
        if order.is_closing:
            raise invalid(f"{group} orders must be entry orders")
    elif request.type is not OrderType.LIMIT:
        raise invalid("oco orders must be limit orders")
    elif not order.is_closing:
        raise invalid("oco orders must be exit orders")


def leg_prices(order: Submission) -> None:
    """Exits lie on their sides: of the base price those of an entry, of each other those of an OCO."""
    request = order.request
    target, stop = request.take_profit, request.stop_loss.stop_price if request.stop_loss else None
    if request.order_class.is_entry:
        exits_around(order.base_price, request.side, target=target, stop=stop)
    elif request.order_class is OrderClass.OCO:
        exits_apart(request.side, target=target, stop=stop)


def exits_around(base: Decimal, entry: Side, *, target: Decimal | None, stop: Decimal | None) -> None:
    """Exits of an entry lie a cent or more on their side of the base price."""
    for name, level, outward in (
        ("take_profit.limit_price", target, entry.sign),
        ("stop_loss.stop_price", stop, -entry.sign),
    ):
        if level is not None and outward * (level - base) < CENT:
            compared = ">= base_price + 0.01" if outward > 0 else "<= base_price - 0.01"
            raise invalid(f"{name} must be {compared}", base_price=text(base))


def exits_apart(exits: Side, *, target: Decimal | None, stop: Decimal | None) -> None:
    """A target lies beyond the stop beside it."""
    if target is not None and stop is not None and exits.sign * (stop - target) <= 0:
        sign = ">" if exits is Side.SELL else "<"
        raise invalid(f"take_profit.limit_price must be {sign} stop_loss.stop_price")


def stop_side(order: Submission) -> None:
    """A stop lies where the price is not yet: below it for a sale, above it for a purchase."""
    request = order.request
    stop = request.stop_price
    if request.order_class is OrderClass.OCO and request.stop_loss is not None:
        stop = request.stop_loss.stop_price
    if stop is not None and request.side.sign * (stop - order.price) <= 0:
        raise invalid(
            f"stop price must be {'greater' if request.side is Side.BUY else 'less'} than current price",
            market_price=text(order.price),
            stop_price=text(stop),
        )


def smallest_cost(order: Submission) -> None:
    """Crypto costs at least 10 USD an order, a part of a share 1 USD."""
    if not (order.asset.is_crypto or order.is_fractional):
        return
    least = Decimal(10 if order.asset.is_crypto else 1)
    if (order.request.notional or order.quantity * order.base_price) < least:
        raise forbidden(f"cost basis must be >= minimal amount of order {text(least)}")


def extended_hours_terms(order: Submission) -> None:
    """Only limit orders for the day may ask for extended hours."""
    request = order.request
    suits = request.type is OrderType.LIMIT and request.time_in_force is TimeInForce.DAY
    if request.extended_hours and not suits:
        raise invalid("extended hours order must be DAY limit orders")


def unused_id(order: Submission) -> None:
    name = order.request.client_order_id
    if name is not None and order.account.order_by_client_id(name) is not None:
        raise malformed("client_order_id must be unique")


def account_flags(order: Submission) -> None:
    account = order.account
    if account.account_blocked or account.status != "ACTIVE":
        raise forbidden("account is not authorized to trade")
    if account.trading_blocked:
        raise forbidden("trading is blocked for this account")
    if account.trade_suspended_by_user:
        raise forbidden("new orders are rejected by user request")


def no_wash_trade(order: Submission) -> None:
    """A simple order must not be able to trade against an open one; groups are exempt."""
    request = order.request
    if request.order_class is not OrderClass.SIMPLE:
        return
    for resting in order.account.open_orders:
        opposes = resting.symbol == order.asset.symbol and resting.side is not request.side
        if not opposes or resting.status is OrderStatus.HELD:
            continue
        are_limits = resting.type is request.type is OrderType.LIMIT
        ours, theirs = request.limit_price, resting.limit_price
        if not are_limits or ours is None or theirs is None or request.side.sign * (ours - theirs) >= 0:
            raise forbidden(
                "potential wash trade detected. use complex orders",
                existing_order_id=resting.id,
                reject_reason=f"opposite side {'limit' if are_limits else 'market/stop'} order exists",
            )


def free_quantity(order: Submission) -> None:
    """A closing order takes what is held and not promised elsewhere: never past zero."""
    if not order.is_closing:
        return
    existing, held = abs(order.position), order.held_elsewhere
    available = max(existing - held, ZERO)
    if order.quantity <= existing - held:
        return
    if order.asset.is_crypto:
        raise insufficient_balance(order.asset.coin, order.quantity, available)
    asked = f"requested: {text(order.quantity)}, available: {text(available)}"
    raise forbidden(
        f"insufficient qty available for order ({asked})",
        symbol=order.asset.symbol,
        existing_qty=text(existing),
        held_for_orders=text(held),
        available=text(available),
    )


def short_sale(order: Submission) -> None:
    """Short sales need whole shares, a shortable asset and an account that may; coins are never short."""
    if not order.opens_short:
        return
    if order.asset.is_crypto:
        raise insufficient_balance(order.asset.coin, order.quantity, abs(order.position))
    if not order.asset.shortable:
        raise invalid(f'asset "{order.asset.symbol}" cannot be sold short')
    if not order.account.settings.shorting_enabled:
        raise forbidden("account is not allowed to short")
    if not is_whole(order.quantity):
        raise invalid("fractional orders cannot be sold short")


def enough_buying_power(order: Submission) -> None:
    """An opening order fits into what the account may still spend; coins are bought without margin."""
    if order.is_closing:
        return
    is_crypto, valuation = order.asset.is_crypto, order.valuation
    power = valuation.non_marginable_buying_power if is_crypto else valuation.buying_power
    available = power + order.given_back
    if order.cost <= available:
        return
    if is_crypto:
        raise insufficient_balance("USD", order.cost, available)
    raise forbidden("insufficient buying power", buying_power=text(available), cost_basis=text(order.cost))


RULES: tuple[Rule, ...] = (
    unused_id,
    tradable_asset,
    price_ticks,
    crypto_terms,
    fractional_terms,
    group_legs,
    group_terms,
    leg_prices,
    stop_side,
    extended_hours_terms,
    smallest_cost,
    account_flags,
    no_wash_trade,
    free_quantity,
    short_sale,
    enough_buying_power,
)
"""In the order in which they are asked: the first that refuses decides."""
