"""The api function: HTTP routes behind IAM authorisation.

Health answers for itself. The other routes exist and say that they do nothing yet: a client that calls one gets
501 and the log names the route, so nobody takes silence for success.
"""

import os
from functools import cache
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response, content_types
from aws_lambda_powertools.event_handler.exceptions import ServiceError
from aws_lambda_powertools.utilities.typing import LambdaContext

from argo.environment import Environment
from argo.observability import Telemetry

app = APIGatewayHttpResolver()


@app.get("/health")
def health() -> dict[str, str]:
    """Say that the function runs, and in which mode."""
    return {"status": "ok", "mode": Environment(os.environ).mode}


@app.get("/api/v1/trading/status")
@app.post("/api/v1/trading/execute")
@app.get("/api/v1/signals")
def not_built_yet() -> Response[str]:
    """Refuse a route whose logic is not built yet."""
    route = f"{app.current_event.http_method} {app.current_event.path}"
    _telemetry().log.warning("route_not_built_yet", route=route)
    raise ServiceError(HTTPStatus.NOT_IMPLEMENTED, f"{route} is not built yet: nothing was done")


@app.get("/api/v1/signals/<signal_id>")
def signal_not_built_yet(signal_id: str) -> Response[str]:  # noqa: ARG001 - the route's parameter
    """Refuse, as `not_built_yet`."""
    return not_built_yet()


@app.post("/api/v1/trading/<executor>/<action>")
def trading_state_not_built_yet(executor: str, action: str) -> Response[str]:  # noqa: ARG001 - the route's parameters
    """Refuse, as `not_built_yet`."""
    return not_built_yet()


@app.not_found
def not_found(_: Exception) -> Response[str]:
    """Answer an unknown route."""
    return Response(HTTPStatus.NOT_FOUND, content_types.APPLICATION_JSON, '{"message": "no such route"}')


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer an HTTP API request, payload version 2."""
    return app.resolve(event, context)


@cache
def _telemetry() -> Telemetry:
    return Telemetry("api", mode=Environment(os.environ).mode)
