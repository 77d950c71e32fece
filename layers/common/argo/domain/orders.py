"""Orders: the plan, the body that is sent for it, and the order as the broker reports it."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Literal, NamedTuple, Self

from pydantic import model_validator

from argo.domain.prices import Rounding, on_tick
from argo.domain.signal import Side
from argo.domain.symbols import AssetClass, Symbol, canonical_or_raw
from argo.domain.values import Frozen, Price, Quantity, UtcTime

ARGO_PREFIX = "argo-"
"""Orders whose client id begins so are Argo's own; it touches no others (FAILURES B15)."""

BRACKET_GAP = Decimal("0.01")
"""Least distance, in USD, of a bracket's exits from the base price (Alpaca, bracket orders)."""


class OrderClass(StrEnum):
    """Alpaca's order classes that Argo sends."""

    SIMPLE = "simple"
    BRACKET = "bracket"
    OCO = "oco"


class OrderType(StrEnum):
    """Alpaca's order types that Argo sends."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"


class TimeInForce(StrEnum):
    """How long an order works."""

    DAY = "day"
    GTC = "gtc"
    IOC = "ioc"


class InvalidPrices(ValueError):
    """Entry, stop and target are not in order once rounded to the broker's ticks."""


class EntryPlan(Frozen):
    """An entry with its exits, on tick: all that a bracket order says, or a simple one and its later protection.

    ``limit_price`` is the most a buy pays or the least a short sale takes. A simple order carries no exits: crypto
    and fractions of shares take none, and the reconciler places them after the fill. Validated here, before it
    is sent, by the rules the broker would apply (FAILURES A17, B09).
    """

    client_order_id: str
    symbol: Symbol
    side: Side
    quantity: Quantity
    limit_price: Price
    stop_price: Price
    target_price: Price
    time_in_force: TimeInForce
    order_class: Literal[OrderClass.BRACKET, OrderClass.SIMPLE] = OrderClass.BRACKET

    @model_validator(mode="after")
    def _is_of_its_class(self) -> Self:
        whole = self.quantity == self.quantity.to_integral_value()
        if self.order_class is OrderClass.BRACKET:
            if self.symbol.is_crypto:
                raise ValueError(f"{self.symbol}: a bracket is for stocks only")
            if not whole:
                raise ValueError(f"quantity {self.quantity}: a bracket takes whole shares only")
        elif self.side is Side.SELL:
            raise ValueError(f"{self.symbol}: neither crypto nor a fraction can be sold short")
        elif not self.symbol.is_crypto and self.time_in_force is not TimeInForce.DAY:
            raise ValueError(f"time in force {self.time_in_force}: a fraction of a share takes day only")
        return self

    @property
    def notional(self) -> Decimal:
        """USD that the entry binds at its limit."""
        return self.quantity * self.limit_price

    @property
    def risk(self) -> Decimal:
        """USD lost between the limit and the stop, before slippage."""
        return self.quantity * abs(self.limit_price - self.stop_price)

    def body(self) -> dict[str, object]:
        """Return the request body of `POST /v2/orders`: string decimals, every leg complete."""
        body: dict[str, object] = {
            "symbol": str(self.symbol),
            "side": str(self.side),
            "qty": plain(self.quantity),
            "type": str(OrderType.LIMIT),
            "limit_price": str(self.limit_price),
            "time_in_force": str(self.time_in_force),
            "order_class": str(self.order_class),
            "client_order_id": self.client_order_id,
        }
        if self.order_class is OrderClass.BRACKET:
            body["take_profit"] = {"limit_price": str(self.target_price)}
            body["stop_loss"] = {"stop_price": str(self.stop_price)}
        return body


def plain(quantity: Decimal) -> str:
    """Write a quantity as the broker reads it: no exponent, no zeros at its end."""
    return f"{quantity.normalize():f}"


class BracketPrices(NamedTuple):
    """The three prices of a bracket, in USD, on tick."""

    limit_price: Decimal
    stop_price: Decimal
    target_price: Decimal


def bracket_prices(
    *, side: Side, entry: Decimal, stop: Decimal, target: Decimal, slippage: Decimal, asset_class: AssetClass
) -> BracketPrices:
    """Round a signal's prices to ticks, each in the direction that adds no risk.

    The limit concedes ``slippage`` (a fraction of the entry) and no tick more; the stop moves towards the
    entry, and so does the target: the loss can only shrink, the target only become easier to reach.

    Raises:
        InvalidPrices: the rounded prices leave no gap of `BRACKET_GAP` between limit and exits.
    """
    buys = side is Side.BUY
    conceded = entry * (1 + slippage) if buys else entry * (1 - slippage)
    limit = on_tick(conceded, asset_class, Rounding.DOWN if buys else Rounding.UP)
    below, above = (stop, target) if buys else (target, stop)
    below, above = on_tick(below, asset_class, Rounding.UP), on_tick(above, asset_class, Rounding.DOWN)
    stop, target = (below, above) if buys else (above, below)
    if not (0 < below <= limit - BRACKET_GAP and limit + BRACKET_GAP <= above):
        raise InvalidPrices(f"{side}: limit {limit}, stop {stop}, target {target}")
    return BracketPrices(limit, stop, target)


class OrderStatus(StrEnum):
    """Alpaca's order statuses; one it adds later is read as `UNRECOGNISED`, never raised."""

    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    DONE_FOR_DAY = "done_for_day"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REPLACED = "replaced"
    PENDING_CANCEL = "pending_cancel"
    PENDING_REPLACE = "pending_replace"
    ACCEPTED = "accepted"
    PENDING_NEW = "pending_new"
    ACCEPTED_FOR_BIDDING = "accepted_for_bidding"
    STOPPED = "stopped"
    REJECTED = "rejected"
    SUSPENDED = "suspended"
    CALCULATED = "calculated"
    HELD = "held"
    UNRECOGNISED = "unrecognised"

    @classmethod
    def _missing_(cls, _value: object) -> "OrderStatus":
        return cls.UNRECOGNISED

    @property
    def is_final(self) -> bool:
        """True when the order can neither fill nor change any more."""
        return self in _FINAL


_S = OrderStatus
_FINAL = frozenset({_S.FILLED, _S.CANCELED, _S.EXPIRED, _S.REPLACED, _S.REJECTED})


class BrokerOrder(Frozen):
    """An order as the broker reports it, reduced to what Argo decides on.

    Quantities in shares, prices in USD. ``legs`` are a bracket's exits when the look-up asked for them,
    ``request_id`` is the broker's name of the answer that said all this.
    """

    order_id: str
    client_order_id: str
    symbol: str
    side: str
    status: OrderStatus
    order_class: str
    quantity: Decimal | None = None
    filled_quantity: Decimal = Decimal(0)
    filled_average_price: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    submitted_at: UtcTime | None = None
    filled_at: UtcTime | None = None
    legs: tuple["BrokerOrder", ...] = ()
    replaced_by: str | None = None
    request_id: str | None = None

    @property
    def is_argos(self) -> bool:
        """True for an order that Argo sent; a bracket's legs carry the broker's own client ids (B15)."""
        return self.client_order_id.startswith(ARGO_PREFIX)

    @property
    def with_legs(self) -> tuple["BrokerOrder", ...]:
        return (self, *self.legs)

    @property
    def role(self) -> Literal["take_profit", "stop_loss"]:
        """What the order is as a bracket's leg: the one with a stop price is the stop."""
        return "stop_loss" if self.stop_price is not None else "take_profit"


def differences(planned: Mapping[str, object], found: BrokerOrder) -> dict[str, str]:
    """Compare an order body with the order found under its client id (FAILURES B03).

    Returns:
        Field name to ``planned != found`` for symbol, side, quantity and limit price; empty when the
        broker's order is the planned one.
    """
    compared: dict[str, tuple[object, object]] = {
        "symbol": (Symbol(str(planned["symbol"])), canonical_or_raw(found.symbol)),
        "side": (planned["side"], found.side),
        "qty": (Decimal(str(planned["qty"])), found.quantity),
    }
    if "limit_price" in planned:
        compared["limit_price"] = (Decimal(str(planned["limit_price"])), found.limit_price)
    return {name: f"{ours} != {theirs}" for name, (ours, theirs) in compared.items() if ours != theirs}
