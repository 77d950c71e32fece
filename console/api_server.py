"""An HTTP API's events of requests on loopback, for a function's own handler."""

import asyncio
import base64
import json
import os
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from secrets import compare_digest, token_urlsafe
from time import monotonic
from typing import Any
from urllib.parse import parse_qs

import typer
from aiohttp import web

from argo.adapters.clock import SystemClock
from console.deployment import Deployment
from simulation.broker.server.callers import refusal
from worlds.paths import LOOPBACK

type Handler = Callable[[dict[str, Any], Any], dict[str, Any]]

_LAMBDA_SECONDS = 29.0
_READS = frozenset({"GET", "HEAD"})
_LARGEST_BODY, _LONGEST_LINE = 10 * 2**20, 2**17
"""Bytes; a line is never too long for the function, which refuses what is."""


class LocalContext:
    """What a handler asks of Lambda's context, of the invocation ``request_id`` that may last ``seconds``."""

    function_name = "api"

    def __init__(self, seconds: float, request_id: str = "local") -> None:
        self.aws_request_id = request_id
        self._ends = monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._ends - monotonic()) * 1_000))


class ApiServer:
    """HTTP requests as events of an HTTP API, payload version 2, one at a time as in one Lambda environment.

    It asks for no signature, so it listens on loopback and nowhere else. Whatever is no read needs the token of
    this start, as ``Authorization: Bearer``: a page in the user's browser can send requests too (FAILURES C81).
    Port 0 is a free one.
    """

    def __init__(self, handler: Handler, *, port: int = 0, seconds: float = _LAMBDA_SECONDS) -> None:
        """Serve ``handler``, which may take ``seconds`` for a request."""
        self.token = token_urlsafe()
        self._handler, self._port, self._seconds = handler, port, seconds
        self._one_at_a_time = ThreadPoolExecutor(max_workers=1, thread_name_prefix="api")
        app = web.Application(client_max_size=_LARGEST_BODY)
        app.router.add_route("*", r"/{path:[\s\S]*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0, max_line_size=_LONGEST_LINE)

    async def start(self) -> str:
        """Begin to serve and return the address."""
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, self._port).start()
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def stop(self) -> None:
        await self._runner.cleanup()
        self._one_at_a_time.shutdown()

    async def _answer(self, request: web.Request) -> web.Response:
        if (refused := self._refused(request)) is not None:
            return refused
        event = event_of(request.method, request.path, request.query_string, request.headers, await request.read())
        call = partial(self._handler, event, LocalContext(self._seconds))
        try:
            answer = await asyncio.get_running_loop().run_in_executor(self._one_at_a_time, call)
        except Exception:  # noqa: BLE001 - as API Gateway: whatever a function raises is a 500
            traceback.print_exc()
            return web.json_response({"message": "Internal Server Error"}, status=500)
        headers = {name: str(value) for name, value in answer.get("headers", {}).items()}
        return web.Response(status=int(answer["statusCode"]), headers=headers, text=answer.get("body", ""))

    def _refused(self, request: web.Request) -> web.Response | None:
        foreign = refusal(request.headers, host=LOOPBACK, needs_json=request.can_read_body)
        if foreign is not None:
            return web.json_response({"message": foreign}, status=403)
        given = request.headers.get("Authorization", "").encode(errors="surrogateescape")
        if request.method not in _READS and not compare_digest(given, f"Bearer {self.token}".encode()):
            message = "Authorization: this request needs the token that `argo api` printed"
            return web.json_response({"message": message}, status=401)
        return None


def event_of(method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Return the event that an HTTP API makes of a request: names in lower case, repeated values joined."""
    now = SystemClock().now()
    parameters = {name: ",".join(values) for name, values in parse_qs(query, keep_blank_values=True).items()}
    route = f"{method} {path}"
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": query,
        "headers": {name.lower(): value for name, value in headers.items()},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": "localhost",
            "domainPrefix": "localhost",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": LOOPBACK,
                "userAgent": headers.get("User-Agent", ""),
            },
            "requestId": "local",
            "routeKey": route,
            "stage": "$default",
            "time": f"{now:%d/%b/%Y:%H:%M:%S +0000}",
            "timeEpoch": int((now - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000),
        },
        "isBase64Encoded": False,
    }
    if parameters:
        event["queryStringParameters"] = parameters
    if body:
        try:
            event["body"] = body.decode()
        except UnicodeDecodeError:
            event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    return event


def serve_ledger(deployment: Deployment, config: Path, port: int) -> None:
    """Point the handler at a ledger as Lambda would, by its environment, and serve it until interrupted."""
    from trading_api.handler import lambda_handler  # It stops the garbage collector, as in Lambda.

    os.environ.pop("AWS_SESSION_TOKEN", None)
    os.environ.update(deployment.adapters.environment.variables)
    os.environ["ARGO_QUEUE_URLS"] = json.dumps(dict(deployment.resources.queues))
    os.environ.update({"ARGO_CONFIG": str(config), "POWERTOOLS_METRICS_DISABLED": "true"})
    asyncio.run(_serve(ApiServer(lambda_handler, port=port)))


async def _serve(server: ApiServer) -> None:
    url = await server.start()
    typer.echo(f"{url}/health\n{url}/openapi.json", err=True)
    typer.echo(f"what is no GET needs this header:\nAuthorization: Bearer {server.token}", err=True)
    try:
        await asyncio.Event().wait()
    finally:
        await server.stop()
