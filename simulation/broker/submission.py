"""Bundle what the rules look at when an order comes in."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from simulation.broker.account import Account
from simulation.broker.assets import Asset
from simulation.broker.money import ZERO, is_whole
from simulation.broker.requests import OrderRequest
from simulation.broker.terms import OrderClass, Side
from simulation.broker.valuation import Valuation

_SHORT_COLLAR = Decimal("1.03")


@dataclass(frozen=True)
class Submission:
    """An order request beside the account, the asset and the asset's last price (USD)."""

    request: OrderRequest
    account: Account
    asset: Asset
    price: Decimal
    valuation: Valuation

    @cached_property
    def quantity(self) -> Decimal:
        """The quantity asked for, a notional one at the last price."""
        return self.request.quantity_at(self.price)

    @cached_property
    def position(self) -> Decimal:
        """What the account holds of the asset, signed."""
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
    def limit_price(self) -> Decimal | None:
        """The worst price; an OCO order's is its take-profit."""
        if self.request.order_class is OrderClass.OCO:
            return self.request.take_profit
        return self.request.limit_price

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
