"""Select the orders of an account as `GET /v2/orders` does."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
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
    orders = account.open_orders if query.status == "open" else account.orders.values()
    in_order = orders if query.ascending else _sent_after(query.after, reversed(orders))
    return list(islice(_selected(in_order, query), query.limit))


def _sent_after(after: datetime | None, newest_first: Iterator[Order]) -> Iterator[Order]:
    """Yield orders up to the first that is too old: those behind it are older still."""
    return newest_first if after is None else takewhile(lambda order: order.created_at > after, newest_first)


def _selected(orders: Iterable[Order], query: OrdersQuery) -> Iterator[Order]:
    for order in orders:
        if query.nested and order.parent is not None:
            continue
        if query.status != "all" and order.is_open != (query.status == "open"):
            continue
        if query.side is not None and order.side is not query.side:
            continue
        if query.symbols and not query.symbols & {order.symbol, order.asset.position_symbol}:
            continue
        if _is_within(order, query):
            yield order


def _is_within(order: Order, query: OrdersQuery) -> bool:
    after = query.after is None or order.created_at > query.after
    return after and (query.until is None or order.created_at < query.until)
