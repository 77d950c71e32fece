"""Refuse orders that Alpaca would not take from any account."""

from collections.abc import Callable, Iterator
from decimal import Decimal

from simulation.broker.errors import BrokerError, forbidden, invalid, malformed, passed_stop
from simulation.broker.money import CENT, on_tick, text
from simulation.broker.submission import Submission
from simulation.broker.terms import OrderClass, OrderType, Side, TimeInForce

_SMALLEST_CRYPTO_COST = Decimal(10)
_SMALLEST_FRACTIONAL_COST = Decimal(1)
_ADVANCED_NAMES = {OrderClass.BRACKET: "otoco", OrderClass.OCO: "oco", OrderClass.OTO: "oto"}

Rule = Callable[[Submission], BrokerError | None]


def tradable_asset(order: Submission) -> BrokerError | None:
    """The asset must be open to trading."""
    return None if order.asset.tradable else invalid(f"asset {order.asset.symbol} is not active")


def price_ticks(order: Submission) -> BrokerError | None:
    """Stock prices are whole ticks: 0.01 USD from 1 USD on, 0.0001 USD below."""
    if order.asset.is_crypto:
        return None
    for name, price in _prices(order):
        if not on_tick(price):
            reason = "sub-penny increment does not fulfill minimum pricing criteria"
            return invalid(f"invalid {name} {text(price)}. {reason}")
    return None


def crypto_terms(order: Submission) -> BrokerError | None:
    """Crypto trades by simple market, limit and stop-limit orders, good till cancelled or at once."""
    if not order.asset.is_crypto:
        return None
    request = order.request
    if request.order_class is not OrderClass.SIMPLE:
        return invalid(
            f"crypto orders not allowed for advanced order_class: {_ADVANCED_NAMES[request.order_class]}"
        )
    if request.type is OrderType.STOP:
        return invalid("invalid order type for crypto order")
    if request.time_in_force is TimeInForce.DAY:
        return invalid("invalid crypto time_in_force")
    return None


def fractional_terms(order: Submission) -> BrokerError | None:
    """Parts of shares trade by simple day orders in assets that allow it, and are never sold short."""
    if order.asset.is_crypto or not order.is_fractional:
        return None
    if not order.asset.fractionable:
        return forbidden(f'asset "{order.asset.symbol}" is not fractionable')
    if order.request.time_in_force is not TimeInForce.DAY:
        return invalid("fractional orders must be DAY orders")
    if order.request.order_class is not OrderClass.SIMPLE:
        return invalid("fractional orders must be simple orders")
    return invalid("fractional orders cannot be sold short") if order.opens_short else None


def group_legs(order: Submission) -> BrokerError | None:
    """A bracket and an OCO need both exits, an OTO exactly one."""
    request = order.request
    group = request.order_class
    if group is OrderClass.SIMPLE:
        return None
    if group is OrderClass.OTO:
        if (request.take_profit is None) == (request.stop_loss is None):
            return malformed("oto orders require either take_profit or stop_loss")
    elif request.take_profit is None:
        return malformed(f"{group} orders require take_profit.limit_price")
    elif request.stop_loss is None:
        return malformed(f"{group} orders require stop_loss.stop_price")
    return None


def group_terms(order: Submission) -> BrokerError | None:
    """A group rests for a day or till cancelled; brackets and OTOs enter a position, OCOs leave one."""
    request = order.request
    group = request.order_class
    if group is OrderClass.SIMPLE:
        return None
    if request.time_in_force is TimeInForce.IOC:
        return invalid(f"{group} orders must be DAY or GTC")
    if group.is_entry:
        return invalid(f"{group} orders must be entry orders") if order.is_closing else None
    if request.type is not OrderType.LIMIT:
        return invalid("oco orders must be limit orders")
    return None if order.is_closing else invalid("oco orders must be exit orders")


def leg_prices(order: Submission) -> BrokerError | None:
    """Exits lie a cent or more on their side of the base price, an OCO's on their side of each other."""
    request = order.request
    profit, stop = request.take_profit, request.stop_loss
    if request.order_class is OrderClass.OCO:
        return _oco_prices(order)
    if not request.order_class.is_entry:
        return None
    base, sign = order.base_price, request.side.sign
    above, below = (">=", "<=") if sign > 0 else ("<=", ">=")
    plus, minus = ("+", "-") if sign > 0 else ("-", "+")
    if profit is not None and sign * (profit - base) < CENT:
        message = f"take_profit.limit_price must be {above} base_price {plus} 0.01"
        return invalid(message, base_price=text(base))
    if stop is not None and sign * (base - stop.stop_price) < CENT:
        message = f"stop_loss.stop_price must be {below} base_price {minus} 0.01"
        return invalid(message, base_price=text(base))
    return None


def stop_side(order: Submission) -> BrokerError | None:
    """A stop lies where the price is not yet: below it for a sale, above it for a purchase."""
    request = order.request
    stop = request.stop_price
    if request.order_class is OrderClass.OCO and request.stop_loss is not None:
        stop = request.stop_loss.stop_price
    if stop is None or request.side.sign * (stop - order.price) > 0:
        return None
    return passed_stop(stop, order.price, above=request.side is Side.BUY)


def smallest_cost(order: Submission) -> BrokerError | None:
    """Crypto costs at least 10 USD an order, a part of a share 1 USD."""
    if not (order.asset.is_crypto or order.is_fractional):
        return None
    least = _SMALLEST_CRYPTO_COST if order.asset.is_crypto else _SMALLEST_FRACTIONAL_COST
    cost = order.request.notional or order.quantity * order.base_price
    if cost < least:
        return forbidden(f"cost basis must be >= minimal amount of order {text(least)}")
    return None


def extended_hours_terms(order: Submission) -> BrokerError | None:
    """Only limit orders for the day may ask for extended hours."""
    request = order.request
    suits = request.type is OrderType.LIMIT and request.time_in_force is TimeInForce.DAY
    if request.extended_hours and not suits:
        return invalid("extended hours order must be DAY limit orders")
    return None


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


def _oco_prices(order: Submission) -> BrokerError | None:
    profit, stop = order.request.take_profit, order.request.stop_loss
    if profit is None or stop is None:
        return None
    exits_long = order.request.side is Side.SELL
    if (profit > stop.stop_price) == exits_long and profit != stop.stop_price:
        return None
    sign = ">" if exits_long else "<"
    return invalid(f"take_profit.limit_price must be {sign} stop_loss.stop_price")


def _prices(order: Submission) -> Iterator[tuple[str, Decimal]]:
    request = order.request
    stop = request.stop_loss
    named = (
        ("limit_price", request.limit_price),
        ("stop_price", request.stop_price),
        ("take_profit.limit_price", request.take_profit),
        ("stop_loss.stop_price", stop.stop_price if stop else None),
        ("stop_loss.limit_price", stop.limit_price if stop else None),
    )
    return ((name, price) for name, price in named if price is not None)
