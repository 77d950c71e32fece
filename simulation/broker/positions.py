"""Keep positions and the fills that make them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from simulation.broker.assets import Asset
from simulation.broker.money import ZERO, raised
from simulation.broker.terms import Side

CRYPTO_FEE = Decimal("0.0025")
"""Share of a crypto fill that Alpaca keeps from a taker, in what the fill brings in."""


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution: quantity in shares or coins, price in USD, and when (UTC)."""

    order_id: str
    client_order_id: str
    asset: Asset
    side: Side
    quantity: Decimal
    price: Decimal
    at: datetime

    @property
    def fee_in_coin(self) -> Decimal:
        """What a crypto buy brings less, in the coin."""
        return raised(self.quantity * CRYPTO_FEE) if self.asset.is_crypto and self.side is Side.BUY else ZERO

    @property
    def fee_in_usd(self) -> Decimal:
        """What a crypto sale brings less, in USD."""
        return self.quantity * self.price * CRYPTO_FEE if self.asset.is_crypto and self.side is Side.SELL else ZERO

    @property
    def cash_change(self) -> Decimal:
        """What it does to the account's cash, USD."""
        return -self.side.sign * self.quantity * self.price - self.fee_in_usd

    @property
    def position_change(self) -> Decimal:
        """What it does to the position, signed."""
        return self.side.sign * self.quantity - self.fee_in_coin


@dataclass(slots=True)
class Position:
    """What an account holds of one asset: `quantity` is negative when short, and so is `cost` (USD)."""

    asset: Asset
    quantity: Decimal = ZERO
    cost: Decimal = ZERO

    @property
    def average_entry_price(self) -> Decimal:
        """What one unit cost on average, USD."""
        return self.cost / self.quantity

    def apply(self, change: Decimal, price: Decimal) -> None:
        """Add a signed quantity at a price; a change past zero opens the other side at that price."""
        closes = self.quantity * change < 0
        if not closes:
            self.quantity += change
            self.cost += change * price
            return
        kept = self.quantity + change
        crosses = kept * self.quantity < 0
        self.cost = kept * (price if crosses else self.average_entry_price)
        self.quantity = kept
