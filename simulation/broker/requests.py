"""Model what clients ask for: an order, or other terms for one they have."""

from dataclasses import dataclass
from decimal import Decimal

from simulation.broker.money import ZERO, floored
from simulation.broker.terms import OrderClass, OrderType, Side, TimeInForce


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Other terms for an open order; None leaves a term as it is."""

    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce | None = None
    client_order_id: str | None = None
