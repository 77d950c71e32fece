"""Read query parameters, refusing what has the wrong form."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time

from simulation.broker.errors import malformed
from simulation.broker.listing import OrdersQuery
from simulation.broker.terms import Side
from simulation.market.sessions import NEW_YORK

Query = Mapping[str, str]
_STATUSES = {"open", "closed", "all"}
_ISO_DATE_LENGTH = len("2013-03-01")


def instant(query: Query, name: str) -> datetime | None:
    """Read a time: RFC 3339, or a date, which is its midnight in New York."""
    value = query.get(name)
    if not value:
        return None
    try:
        if len(value) == _ISO_DATE_LENGTH:
            return datetime.combine(date.fromisoformat(value), time(), NEW_YORK).astimezone(UTC)
        at = datetime.fromisoformat(value)
    except ValueError:
        raise malformed(f"invalid {name}: {value}") from None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def day(query: Query, name: str) -> date | None:
    """Read a date, or the date of a time."""
    value = query.get(name)
    if not value:
        return None
    try:
        return date.fromisoformat(value[:_ISO_DATE_LENGTH])
    except ValueError:
        raise malformed(f"invalid {name}: {value}") from None


def whole(query: Query, name: str, default: int, *, most: int) -> int:
    """Read a count from 1 to `most`."""
    value = query.get(name, str(default))
    if not (value.isdecimal() and 1 <= int(value) <= most):
        raise malformed(f"{name} must be between 1 and {most}: {value}")
    return int(value)


def names(query: Query, name: str) -> list[str]:
    """Read a list separated by commas."""
    return [item.strip() for item in query.get(name, "").split(",") if item.strip()]


def orders_query(query: Query) -> OrdersQuery:
    """Read the parameters of `GET /v2/orders`."""
    status = query.get("status", "open")
    if status not in _STATUSES:
        raise malformed(f"invalid status: {status}")
    side = query.get("side")
    if side is not None and side not in set(Side):
        raise malformed(f"invalid side: {side}")
    return OrdersQuery(
        status=status,
        limit=whole(query, "limit", 50, most=500),
        after=instant(query, "after"),
        until=instant(query, "until"),
        ascending=query.get("direction") == "asc",
        nested=is_true(query, "nested"),
        symbols=frozenset(names(query, "symbols")),
        side=Side(side) if side else None,
    )


def is_true(query: Query, name: str) -> bool:
    """Read a flag; Python clients write `True`."""
    return query.get(name, "").lower() == "true"
