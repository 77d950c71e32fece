"""Read the bodies of requests."""

import json
from collections.abc import Mapping
from decimal import Decimal
from functools import partial

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from simulation.broker.errors import BrokerError

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
