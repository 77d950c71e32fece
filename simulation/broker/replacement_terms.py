"""Bundle what the rules look at when an order is to be replaced."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from simulation.broker.account import Account
from simulation.broker.money import ZERO
from simulation.broker.orders import Order
from simulation.broker.requests import Changes, OrderRequest
from simulation.broker.submission import Submission
from simulation.broker.terms import TimeInForce
from simulation.broker.valuation import Valuation


@dataclass(frozen=True)
class Replacement:
    """An open order and its new terms beside the account and the asset's last price (USD).

    The quantity of a replacement counts what the replaced order has filled.
    """

    order: Order
    changes: Changes
    account: Account
    price: Decimal
    valuation: Valuation

    @property
    def quantity(self) -> Decimal:
        """The whole quantity, filled and to be filled."""
        return self.changes.quantity or self.order.quantity or ZERO

    @property
    def rest(self) -> Decimal:
        """What the new order asks for."""
        return self.quantity - self.order.filled_quantity

    @property
    def limit_price(self) -> Decimal | None:
        """The worst price from now on."""
        return self.changes.limit_price or self.order.limit_price

    @property
    def stop_price(self) -> Decimal | None:
        """The stop from now on."""
        return self.changes.stop_price or self.order.stop_price

    @property
    def time_in_force(self) -> TimeInForce:
        """How long the new order rests."""
        return self.changes.time_in_force or self.order.time_in_force

    @property
    def changes_nothing(self) -> bool:
        """Say whether the new terms are the old ones; another client order id alone is no change."""
        old = self.order
        return (self.quantity, self.limit_price, self.stop_price, self.time_in_force) == (
            old.quantity,
            old.limit_price,
            old.stop_price,
            old.time_in_force,
        )

    @cached_property
    def submission(self) -> Submission:
        """The new order as if it were sent alone."""
        request = OrderRequest(
            symbol=self.order.symbol,
            side=self.order.side,
            type=self.order.type,
            time_in_force=self.time_in_force,
            quantity=self.rest,
            limit_price=self.limit_price,
            stop_price=self.stop_price,
            client_order_id=self.changes.client_order_id,
        )
        return Submission(request, self.account, self.order.asset, self.price, self.valuation)
