"""Select the orders of an account as `GET /v2/orders` does."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice, takewhile

from simulation.broker.account import Account
from simulation.broker.orders import Order
from simulation.broker.terms import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersQuery:
    """What is asked for; `after` and `until` bound the time of submission, both excluded.

    Nested, legs are shown inside their parents only; so an open leg of a filled entry is not among the
    open orders.
    """

    status: str = "open"
    limit: int | None = 50
    after: datetime | None = None
    until: datetime | None = None
    ascending: bool = False
    nested: bool = False
    symbols: frozenset[str] = frozenset()
    side: Side | None = None


def listed_orders(account: Account, query: OrdersQuery) -> list[Order]:
    """Return the orders asked for, newest first unless ascending; of one moment, in order of entry."""
    entered = account.open_orders if query.status == "open" else account.orders.values()
    # Newest first, those behind the first that is too old are older still.
    orders = entered if query.ascending else takewhile(partial(_is_young_enough, query=query), reversed(entered))
    return list(islice((order for order in orders if _is_asked_for(order, query)), query.limit))


def _is_young_enough(order: Order, query: OrdersQuery) -> bool:
    return query.after is None or order.created_at > query.after


def _is_asked_for(order: Order, query: OrdersQuery) -> bool:
    return (
        not (query.nested and order.parent is not None)
        and (query.status == "all" or order.is_open == (query.status == "open"))
        and (query.side is None or order.side is query.side)
        and (not query.symbols or not query.symbols.isdisjoint((order.symbol, order.asset.position_symbol)))
        and _is_young_enough(order, query)
        and (query.until is None or order.created_at < query.until)
    )
