"""Decimal arithmetic as Alpaca does it: ticks, nine decimals, numbers written as strings."""

from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache

ZERO = Decimal(0)
CENT = Decimal("0.01")
_SUB_DOLLAR_TICK = Decimal("0.0001")
_SMALLEST_QUANTITY = Decimal("0.000000001")


@lru_cache(maxsize=10_000)
def text(value: Decimal) -> str:
    """Write a number without exponent or trailing zeros: `100000`, `187.5`."""
    return f"{value.normalize():f}" if value else "0"


def on_tick(price: Decimal) -> bool:
    """Say whether a price is a whole number of ticks: 0.01 USD from 1 USD on, 0.0001 USD below."""
    return price % (CENT if price >= 1 else _SUB_DOLLAR_TICK) == 0


def on_grid(quantity: Decimal) -> bool:
    """Say whether a quantity has at most nine decimals."""
    return quantity % _SMALLEST_QUANTITY == 0


def is_whole(quantity: Decimal) -> bool:
    return quantity % 1 == 0


def nine_places(number: Decimal, rounding: str = ROUND_HALF_EVEN) -> Decimal:
    """Round to nine decimals: quantities down, fees up, the averages that are shown to the nearest."""
    return number.quantize(_SMALLEST_QUANTITY, rounding)
