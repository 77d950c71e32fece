"""Read what requests carry, refusing what has the wrong form: JSON bodies and query parameters."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import partial

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from simulation.broker.account import OrdersQuery
from simulation.broker.errors import BrokerError, malformed
from simulation.broker.terms import Side
from simulation.market.sessions import NEW_YORK

type Query = Mapping[str, str]

_STATUSES = {"open", "closed", "all"}
_ISO_DATE_LENGTH = len("2013-03-01")
_loads = partial(json.loads, parse_float=Decimal)


async def json_object(request: web.Request) -> Mapping[str, object]:
    """Read a JSON object, its numbers as written.

    Raises:
        BrokerError: 400, it is none.
    """
    try:
        body = await request.json(loads=_loads)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise BrokerError(400, "request body format is invalid", code=40010000)
    return body


async def validated[T](request: web.Request, adapter: TypeAdapter[T]) -> T:
    """Read what a control route takes.

    Raises:
        HTTPUnprocessableEntity: it has another form; the body says what is wrong.
    """
    try:
        return adapter.validate_json(await request.read())
    except ValidationError as error:
        raise web.HTTPUnprocessableEntity(text=error.json(), content_type="application/json") from error


def instant(query: Query, name: str) -> datetime | None:
    """Read a time: RFC 3339, or a date, which is its midnight in New York."""
    value = query.get(name, "")
    if len(value) == _ISO_DATE_LENGTH and (of := day(query, name)):
        return datetime.combine(of, time(), NEW_YORK).astimezone(UTC)
    try:
        at = datetime.fromisoformat(value) if value else None
    except ValueError:
        raise malformed(f"invalid {name}: {value}") from None
    return at and (at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC))


def day(query: Query, name: str) -> date | None:
    """Read a date, or the date of a time."""
    value = query.get(name)
    try:
        return date.fromisoformat(value[:_ISO_DATE_LENGTH]) if value else None
    except ValueError:
        raise malformed(f"invalid {name}: {value}") from None


def whole(query: Query, name: str, default: int, *, most: int) -> int:
    """Read a count from 1 to `most`."""
    value = query.get(name, str(default))
    if not (value.isascii() and value.isdecimal() and 1 <= int(value) <= most):
        raise malformed(f"{name} must be between 1 and {most}: {value}")
    return int(value)


def names(query: Query, name: str) -> list[str]:
    return [item.strip() for item in query.get(name, "").split(",") if item.strip()]


def orders_query(query: Query) -> OrdersQuery:
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
