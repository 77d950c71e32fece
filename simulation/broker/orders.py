"""Model orders: what was asked for, and what has become of it."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Self

from simulation.broker.assets import Asset
from simulation.broker.money import ZERO, floored


class Side(StrEnum):
    """Which way an order trades."""

    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> "Side":
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY

    @property
    def sign(self) -> int:
        """+1 for what a buy does to a position, -1 for a sell."""
        return 1 if self is Side.BUY else -1


class OrderType(StrEnum):
    """When an order trades, and at which price."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"

    @property
    def has_limit(self) -> bool:
        """Say whether it names a worst price."""
        return self in {OrderType.LIMIT, OrderType.STOP_LIMIT}

    @property
    def has_stop(self) -> bool:
        """Say whether it waits for a price."""
        return self in {OrderType.STOP, OrderType.STOP_LIMIT}


class TimeInForce(StrEnum):
    """How long an order rests."""

    DAY = "day"
    GTC = "gtc"
    IOC = "ioc"


class OrderClass(StrEnum):
    """How orders belong together."""

    SIMPLE = "simple"
    BRACKET = "bracket"
    OCO = "oco"
    OTO = "oto"

    @property
    def is_entry(self) -> bool:
        """Say whether its first order opens a position that the legs then leave."""
        return self in {OrderClass.BRACKET, OrderClass.OTO}


class OrderStatus(StrEnum):
    """The statuses the simulation uses, in Alpaca's spelling."""

    PENDING_NEW = "pending_new"
    ACCEPTED = "accepted"
    NEW = "new"
    HELD = "held"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"


TERMINAL = frozenset({OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.EXPIRED})
WORKING = frozenset({OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED})


@dataclass(frozen=True, slots=True)
class StopLoss:
    """A leg that leaves at a stop, as a stop-limit order where `limit_price` is given; USD."""

    stop_price: Decimal
    limit_price: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """What a client asks for; either `quantity` (shares or coins) or `notional` (USD) is given."""

    symbol: str
    side: Side
    type: OrderType = OrderType.MARKET
    time_in_force: TimeInForce = TimeInForce.DAY
    order_class: OrderClass = OrderClass.SIMPLE
    quantity: Decimal | None = None
    notional: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    take_profit: Decimal | None = None
    stop_loss: StopLoss | None = None
    client_order_id: str | None = None
    extended_hours: bool = False

    def quantity_at(self, price: Decimal) -> Decimal:
        """Return the quantity, for a notional order the one it would buy at a price."""
        if self.quantity is not None:
            return self.quantity
        return floored((self.notional or ZERO) / price)


@dataclass(slots=True, eq=False, kw_only=True)
class Order:
    """An accepted order and its state; prices in USD, times UTC.

    Attributes:
        key_id: the account it belongs to.
        submitted_as: the status the answer to the submission shows.
        opening: whether it adds risk (opens or extends a position) rather than closing one.
        reserve_price: USD per unit that an opening order keeps from buying power until it ends.
        triggered: whether a stop-limit order has met its stop.
    """

    id: str
    client_order_id: str
    key_id: str
    asset: Asset
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    order_class: OrderClass
    quantity: Decimal | None
    notional: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    extended_hours: bool = False
    opening: bool
    reserve_price: Decimal = ZERO
    status: OrderStatus
    submitted_as: OrderStatus
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    ended_at: datetime | None = None
    filled_quantity: Decimal = ZERO
    filled_value: Decimal = ZERO
    triggered: bool = False
    parent: Self | None = None
    legs: list[Self] = field(default_factory=list)

    @property
    def symbol(self) -> str:
        """The symbol in the form orders use."""
        return self.asset.symbol

    @property
    def is_open(self) -> bool:
        """Say whether something may still become of it."""
        return self.status not in TERMINAL

    @property
    def is_working(self) -> bool:
        """Say whether it may fill now: neither over, nor held, nor waiting for the session."""
        return self.status in WORKING

    @property
    def average_price(self) -> Decimal | None:
        """The average price of its fills, if any."""
        return self.filled_value / self.filled_quantity if self.filled_quantity else None

    @property
    def root(self) -> Self:
        """The order that was submitted: itself, or the one it is a leg of."""
        return self.parent or self

    def remaining(self, price: Decimal) -> Decimal:
        """Return the unfilled quantity, for a notional order what is left of it at a price."""
        if self.quantity is not None:
            return self.quantity - self.filled_quantity
        return floored(((self.notional or ZERO) - self.filled_value) / price)

    @property
    def reserved(self) -> Decimal:
        """USD that it keeps from buying power while it is open."""
        if not (self.opening and self.is_open):
            return ZERO
        if self.notional is not None:
            return self.notional - self.filled_value
        return self.remaining(self.reserve_price) * self.reserve_price

    def end(self, status: OrderStatus, at: datetime) -> None:
        """Make a terminal status its last."""
        self.status = status
        self.updated_at = self.ended_at = at
