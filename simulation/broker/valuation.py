"""Value an account at the market's prices and say what it may still spend."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from simulation.broker.account import Account
from simulation.broker.money import ZERO


@dataclass(frozen=True, slots=True)
class Valuation:
    """An account's figures in USD; `short_market_value` is negative."""

    equity: Decimal
    long_market_value: Decimal
    short_market_value: Decimal
    initial_margin: Decimal
    buying_power: Decimal
    non_marginable_buying_power: Decimal


def value(account: Account, prices: Mapping[str, Decimal]) -> Valuation:
    """Value an account; every held symbol must have a price.

    Stocks bind their value divided by the multiplier, coins all of it. Buying power is what is left of the
    equity, times the multiplier, less what open opening orders will cost. Non-marginable buying power is
    the same without the multiplier, and never more than the cash.
    """
    multiplier = account.settings.multiplier
    long = short = margin = ZERO
    for symbol, position in account.positions.items():
        worth = position.quantity * prices[symbol]
        long += max(worth, ZERO)
        short += min(worth, ZERO)
        margin += abs(worth) / (1 if position.asset.is_crypto else multiplier)
    equity = account.cash + long + short
    reserved = sum((order.reserved for order in account.open_orders), ZERO)
    buying_power = max((equity - margin) * multiplier - reserved, ZERO)
    return Valuation(
        equity=equity,
        long_market_value=long,
        short_market_value=short,
        initial_margin=margin,
        buying_power=buying_power,
        non_marginable_buying_power=max(min(account.cash - reserved, buying_power / multiplier), ZERO),
    )
