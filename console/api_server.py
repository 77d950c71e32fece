"""`argo api`: the HTTP API on this machine, the function's own handler behind a door on loopback."""

import asyncio
import base64
import json
import os
import signal
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Annotated, Any
from urllib.parse import parse_qs

import typer
from aiohttp import web
from rich.console import Console

from argo.adapters.clock import SystemClock
from argo.domain.tables import ConfigurationError
from console.deployment import Deployment, StateOption, open_deployment
from worlds.embedded_aws import KEYS, EmbeddedAwsError
from worlds.paths import CONFIGURATION, LAST_RUN

type Handler = Callable[[dict[str, Any], Any], dict[str, Any]]

_LOOPBACK = "127.0.0.1"
_LAMBDA_SECONDS = 29.0
_LARGEST_BODY = 10 * 2**20
_SEEN_BY_CONTAINERS = "host.docker.internal"


class LocalContext:
    """What the handler asks of Lambda's context."""

    function_name = "api"

    def __init__(self, seconds: float) -> None:
        """Begin an invocation that may last ``seconds``."""
        self._ends = monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        """Return the time left, in milliseconds."""
        return max(0, int((self._ends - monotonic()) * 1_000))


class ApiServer:
    """HTTP requests as events of an HTTP API, payload version 2, one at a time as in one Lambda environment.

    It asks for no signature, so it listens on loopback and nowhere else. Port 0 is a free one.
    """

    def __init__(self, handler: Handler, *, port: int = 0, seconds: float = _LAMBDA_SECONDS) -> None:
        """Serve ``handler``, which may take ``seconds`` for a request."""
        self._handler = handler
        self._port = port
        self._seconds = seconds
        self._one_at_a_time = ThreadPoolExecutor(max_workers=1, thread_name_prefix="api")
        app = web.Application(client_max_size=_LARGEST_BODY)
        app.router.add_route("*", r"/{path:[\s\S]*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)

    async def start(self) -> str:
        """Begin to serve and return the address."""
        await self._runner.setup()
        await web.TCPSite(self._runner, _LOOPBACK, self._port).start()
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def stop(self) -> None:
        """Stop serving."""
        await self._runner.cleanup()
        self._one_at_a_time.shutdown()

    async def _answer(self, request: web.Request) -> web.Response:
        event = event_of(request.method, request.path, request.query_string, request.headers, await request.read())
        call = partial(self._handler, event, LocalContext(self._seconds))
        try:
            answer = await asyncio.get_running_loop().run_in_executor(self._one_at_a_time, call)
        except Exception:  # noqa: BLE001 - as API Gateway: whatever a function raises is a 500
            traceback.print_exc()
            return web.json_response({"message": "Internal Server Error"}, status=500)
        headers = {name: str(value) for name, value in answer.get("headers", {}).items()}
        return web.Response(status=int(answer["statusCode"]), headers=headers, text=answer.get("body", ""))


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
                "sourceIp": _LOOPBACK,
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


def api(
    state: StateOption = LAST_RUN,
    served: Annotated[
        Path | None,
        typer.Option(help="Instead of --state, what a running `argo serve` serves: .argo/sam-env.json."),
    ] = None,
    config: Annotated[Path, typer.Option(help="The configuration file.")] = CONFIGURATION,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 for a free one.")] = 8080,
) -> None:
    """Serve the HTTP API on loopback, without signatures, until Ctrl-C.

    It reads and writes the ledger of --state; nothing executes there, so POST execute answers 202.
    """
    messages = Console(stderr=True)
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.default_int_handler)
    try:
        if served is not None:
            _run(_of_serve(served), config, port, messages)
            return
        with open_deployment(state) as deployment:
            _run(_of_state(deployment), config, port, messages)
    except (ConfigurationError, EmbeddedAwsError, OSError) as error:
        messages.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(2) from error


def _of_state(deployment: Deployment) -> dict[str, str]:
    queues = json.dumps(dict(deployment.resources.queues))
    return {**deployment.adapters.environment.variables, "ARGO_QUEUE_URLS": queues}


def _of_serve(path: Path) -> dict[str, str]:
    try:
        variables: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))["ApiFunction"]
    except (OSError, ValueError, KeyError) as error:
        raise ConfigurationError(f"--served {path}: not what a running `argo serve` has written") from error
    return KEYS | {name: value.replace(_SEEN_BY_CONTAINERS, _LOOPBACK) for name, value in variables.items()}


def _run(variables: Mapping[str, str], config: Path, port: int, messages: Console) -> None:
    """Point the handler at the ledger as Lambda would, by its environment, and serve it."""
    from trading_api.handler import lambda_handler

    os.environ.pop("AWS_SESSION_TOKEN", None)
    os.environ.update({**variables, "ARGO_CONFIG": str(config), "POWERTOOLS_METRICS_DISABLED": "true"})
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(ApiServer(lambda_handler, port=port), messages))


async def _serve(server: ApiServer, messages: Console) -> None:
    url = await server.start()
    messages.print(f"{url}/health\n{url}/openapi.json", highlight=False, soft_wrap=True)
    try:
        await asyncio.Event().wait()
    finally:
        await server.stop()
