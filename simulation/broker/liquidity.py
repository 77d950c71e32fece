"""Hold back fills, so that a test can have a partial one."""

from collections.abc import Mapping
from decimal import Decimal


class Liquidity:
    """How much of an order the market takes; without a limit, all of it.

    Orders are named by client order id, which a caller derives before it sends.
    """

    def __init__(self) -> None:
        self._limits: dict[str, Decimal] = {}

    def limit(self, client_order_id: str, quantity: Decimal) -> None:
        """Fill no more than this in total (shares or coins), zero for nothing, until lifted."""
        self._limits[client_order_id] = quantity

    def lift(self, client_order_id: str) -> None:
        """Fill the rest at the next price."""
        self._limits.pop(client_order_id, None)

    def set(self, limits: Mapping[str, Decimal]) -> None:
        """Limit these orders, and no others."""
        self._limits = dict(limits)

    def left(self, client_order_id: str, filled: Decimal, wanted: Decimal) -> Decimal:
        """Return how much of what an order wants it gets now."""
        limit = self._limits.get(client_order_id)
        return wanted if limit is None else max(min(wanted, limit - filled), Decimal(0))
