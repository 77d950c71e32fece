"""Refuse orders that Alpaca would not take from any account.

A rule raises the `BrokerError` that an order is refused with.
"""

from collections.abc import Callable
from decimal import Decimal

from simulation.broker.errors import forbidden, invalid, malformed
from simulation.broker.money import CENT, on_tick, text
from simulation.broker.submission import Submission
from simulation.broker.terms import OrderClass, OrderType, Side, TimeInForce

_SMALLEST_CRYPTO_COST = Decimal(10)
_SMALLEST_FRACTIONAL_COST = Decimal(1)
_ADVANCED_NAMES = {OrderClass.BRACKET: "otoco", OrderClass.OCO: "oco", OrderClass.OTO: "oto"}

type Rule = Callable[[Submission], None]


def tradable_asset(order: Submission) -> None:
    """The asset must be open to trading."""
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
        name = _ADVANCED_NAMES[request.order_class]
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
    """Exits of an entry lie a cent or more on their side of the base price.

    Raises:
        BrokerError: 422, one does not.
    """
    for name, level, outward in (
        ("take_profit.limit_price", target, entry.sign),
        ("stop_loss.stop_price", stop, -entry.sign),
    ):
        if level is not None and outward * (level - base) < CENT:
            compared = ">= base_price + 0.01" if outward > 0 else "<= base_price - 0.01"
            raise invalid(f"{name} must be {compared}", base_price=text(base))


def exits_apart(exits: Side, *, target: Decimal | None, stop: Decimal | None) -> None:
    """A target lies beyond the stop beside it.

    Raises:
        BrokerError: 422, it does not.
    """
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
    least = _SMALLEST_CRYPTO_COST if order.asset.is_crypto else _SMALLEST_FRACTIONAL_COST
    if (order.request.notional or order.quantity * order.base_price) < least:
        raise forbidden(f"cost basis must be >= minimal amount of order {text(least)}")


def extended_hours_terms(order: Submission) -> None:
    """Only limit orders for the day may ask for extended hours."""
    request = order.request
    suits = request.type is OrderType.LIMIT and request.time_in_force is TimeInForce.DAY
    if request.extended_hours and not suits:
        raise invalid("extended hours order must be DAY limit orders")


ORDER_RULES: tuple[Rule, ...] = (
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
)
