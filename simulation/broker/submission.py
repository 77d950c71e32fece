"""Bundle what the rules look at when an order comes in, or is to take an open one's place."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from functools import cached_property

from simulation.broker.account import Account, Valuation
from simulation.broker.assets import Asset
from simulation.broker.money import ZERO, is_whole, nine_places
from simulation.broker.orders import Order
from simulation.broker.terms import Changes, OrderRequest, Side

_SHORT_COLLAR = Decimal("1.03")


@dataclass(frozen=True)
class Submission:
    """An order request beside the account, the asset, the asset's last price and everyone's (USD)."""

    request: OrderRequest
    account: Account
    asset: Asset
    price: Decimal
    prices: Mapping[str, Decimal]

    @cached_property
    def valuation(self) -> Valuation:
        return self.account.value(self.prices)

    @cached_property
    def quantity(self) -> Decimal:
        """The quantity asked for, a notional one at the last price."""
        if self.request.quantity is not None:
            return self.request.quantity
        return nine_places((self.request.notional or ZERO) / self.price, ROUND_DOWN)

    @cached_property
    def position(self) -> Decimal:
        return self.account.position(self.asset)

    @cached_property
    def is_closing(self) -> bool:
        """Say whether the order goes against the position held."""
        return self.position * self.request.side.sign < 0

    @cached_property
    def opens_short(self) -> bool:
        """Say whether the order would sell what the account does not have."""
        return self.request.side is Side.SELL and self.position <= 0

    @property
    def is_fractional(self) -> bool:
        """Say whether it asks for less than whole units."""
        return self.request.notional is not None or not is_whole(self.quantity)

    @property
    def base_price(self) -> Decimal:
        """The price that bracket legs are measured from: the limit, else the stop, else the market's."""
        return self.request.limit_price or self.request.stop_price or self.price

    @property
    def reserve_price(self) -> Decimal:
        """USD per unit that the order is charged until it fills.

        A buy: its limit, else its stop, else the market. A short sale: 3 % above the market, or its limit
        if that is higher (Alpaca's collar).
        """
        if self.opens_short:
            return max(self.request.limit_price or ZERO, self.price * _SHORT_COLLAR)
        return self.base_price

    @property
    def cost(self) -> Decimal:
        """What an opening order will bind, USD."""
        return self.request.notional or self.quantity * self.reserve_price

    @property
    def held_elsewhere(self) -> Decimal:
        """How much of the position other orders will take."""
        return self.account.held_for_orders(self.asset)

    @property
    def given_back(self) -> Decimal:
        """USD that another order will no longer reserve when this one is accepted."""
        return ZERO


@dataclass(frozen=True)
class Replacement(Submission):
    """New terms for an open order, as if what it has not filled were sent alone."""

    old: Order

    @classmethod
    def of(
        cls, old: Order, changes: Changes, account: Account, price: Decimal, prices: Mapping[str, Decimal]
    ) -> "Replacement":
        """Fill in what the changes keep; the quantity of a replacement counts what the old order has filled."""
        request = OrderRequest(
            symbol=old.symbol,
            side=old.side,
            type=old.type,
            time_in_force=changes.time_in_force or old.time_in_force,
            quantity=(changes.quantity or old.quantity or ZERO) - old.filled_quantity,
            limit_price=changes.limit_price or old.limit_price,
            stop_price=changes.stop_price or old.stop_price,
            client_order_id=changes.client_order_id,
        )
        return cls(request, account, old.asset, price, prices, old)

    @property
    def changes_quantity(self) -> bool:
        """Say whether it asks for more or less, in all, than the old order."""
        return self.quantity + self.old.filled_quantity != self.old.quantity

    @cached_property
    def is_closing(self) -> bool:
        """Say whether the old order was sent to go against the position held."""
        return not self.old.opening

    @property
    def held_elsewhere(self) -> Decimal:
        return super().held_elsewhere - self.old.remaining(self.price)

    @property
    def given_back(self) -> Decimal:
        return self.old.reserved
