"""Price ticks and quantity steps, rounded in the direction that never adds risk."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum

from argo.domain.symbols import AssetClass

CRYPTO_TICK = Decimal("0.000000001")
CRYPTO_STEP = Decimal("0.000000001")
WHOLE_SHARE = Decimal(1)


class Rounding(StrEnum):
    """Which way a price may move to land on a tick."""

    DOWN = "down"
    UP = "up"


def tick(price: Decimal, asset_class: AssetClass) -> Decimal:
    """Return the smallest price step, in USD, that the broker accepts at this price.

    Stocks: 0.01 from 1 USD, 0.0001 below (SEC Rule 612; Alpaca answers 42210000 otherwise, FAILURES B11).
    """
    if asset_class is AssetClass.CRYPTO:
        return CRYPTO_TICK
    return Decimal("0.01") if price >= 1 else Decimal("0.0001")


def on_tick(price: Decimal, asset_class: AssetClass, rounding: Rounding) -> Decimal:
    step = tick(price, asset_class)
    mode = ROUND_FLOOR if rounding is Rounding.DOWN else ROUND_CEILING
    rounded = (price / step).to_integral_value(rounding=mode) * step
    return rounded.quantize(tick(rounded, asset_class))


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """Round a non-negative value down to a multiple of ``step``: quantities are never rounded up (A22)."""
    return ((value / step).to_integral_value(rounding=ROUND_FLOOR) * step).quantize(step)
