"""An account that loses money on what it holds."""

from datetime import UTC, datetime
from decimal import Decimal

from tests.pipeline.pipeline import PRICE

HELD = ("AAPL", "IBM")
NEXT_MORNING = datetime(2026, 3, 3, 14, 31, tzinfo=UTC)
DEEP = Decimal("97.5")
"""A price that costs more than one percent of the equity."""


def move(pipeline, price: Decimal):
    """Move what the account holds to a price, and let the reconciler see it."""
    for symbol in HELD:
        pipeline.set_price(symbol, price)
    pipeline.reconcile()
    return pipeline.account()


def lost(pipeline, price: Decimal) -> Decimal:
    return sum((PRICE - price) * pipeline.held(symbol) for symbol in HELD)
