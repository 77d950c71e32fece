"""Start and stop the HTTP face of a broker, for this machine and its containers only."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from ipaddress import ip_address, ip_network
from threading import Thread
from typing import Self

from aiohttp import web

from simulation.broker.engine import SimulatedBroker
from simulation.broker.server import control_routes, data_routes, trading_routes
from simulation.broker.server.faults import Faults
from simulation.broker.server.gateway import BROKER, FAULTS, HOST, LIMITER, REQUESTS, RateLimiter, handle

_GRACE_SECONDS = 1.0
_RFC_1918 = tuple(ip_network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))


class BrokerServer:
    """A broker behind HTTP: trading and market data under one address.

    Args:
        broker: the engine; drive it from the event loop the server runs on.
        host: a loopback or private (RFC 1918) address, see `check_host`; the port is a free one.
        requests_per_minute: per account, for trading and data each, by the market's clock; None for no limit.
        forming_stock_bars: show the forming bar of stocks too.

    Attributes:
        faults: what will go wrong next.
        requests: how many came, also in vain, by method and path template: `GET /v2/orders/{order_id}`.

    Raises:
        ValueError: the host is not such an address.
    """

    def __init__(
        self,
        broker: SimulatedBroker,
        *,
        host: str = "127.0.0.1",
        requests_per_minute: int | None = 200,
        forming_stock_bars: bool = False,
    ) -> None:
        check_host(host)
        self.broker = broker
        self.faults = Faults()
        self._host = host
        self.requests = Counter[str]()
        app = web.Application(middlewares=[handle])
        app[BROKER], app[FAULTS], app[REQUESTS] = broker, self.faults, self.requests
        app[HOST] = host
        app[LIMITER] = RateLimiter(requests_per_minute)
        app[data_routes.FORMING_STOCK_BARS] = forming_stock_bars
        for module in (trading_routes, data_routes, control_routes):
            app.add_routes(module.routes)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_GRACE_SECONDS)

    async def start(self) -> str:
        """Begin to serve and return the address, `http://host:port`."""
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, 0).start()
        host, port = self._runner.addresses[0][:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def stop(self) -> None:
        """Stop serving; requests under way get a second to end."""
        await self._runner.cleanup()


class BackgroundServer:
    """A server on a thread of its own, for callers that block; a context manager.

    Attributes:
        url: the address, once entered.
    """

    def __init__(self, server: BrokerServer) -> None:
        self.server = server
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="simulated-broker", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self.url = self._run(self.server.start())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self.server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def call[Result](self, function: Callable[[], Result]) -> Result:
        """Run a function on the server's thread, between two requests, and return its result."""

        async def run() -> Result:
            return function()

        return self._run(run())

    def _run[Result](self, work: Coroutine[None, None, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


def check_host(host: str) -> None:
    """Refuse an address at which strangers could reach a simulated service.

    These services know no encryption and hand out control without keys. So they listen on loopback, or on the one
    private (RFC 1918) address that is named: Docker's bridge, over which a container reaches this machine. The
    unspecified addresses, which mean every interface, public ones and names other than ``localhost`` are refused.

    Raises:
        ValueError: the host is not a loopback or a private address.
    """
    try:
        address = ip_address(host)
        is_near = address.is_loopback or any(address in network for network in _RFC_1918)
    except ValueError:
        is_near = host == "localhost"
    if not is_near:
        raise ValueError(f"only loopback and private addresses are served, not {host}")
