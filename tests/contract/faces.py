"""The simulated broker behind Argo's ports: on a real socket with the real adapters at it, and in memory."""

from collections.abc import Callable
from datetime import datetime
from typing import Self

import pytest

from argo.adapters.alpaca.broker import AlpacaBroker
from argo.adapters.alpaca.market_data import AlpacaMarketData
from argo.adapters.aws.parameters import Credentials
from argo.adapters.threads import BlockingCalls
from argo.domain.symbols import Symbol
from simulation.broker.server import BackgroundServer, BrokerServer, Fault
from simulation.ports.broker import InMemoryBroker
from simulation.ports.clock import SteppedClock
from simulation.ports.market_data import InMemoryMarketData
from tests.contract.backends import Plain
from tests.simulation.trader import TEN_O_CLOCK, Trader

AAPL, IBM, BTC = Symbol("AAPL"), Symbol("IBM"), Symbol("BTC/USD")
GOOD_KEYS = Credentials("key", "secret")


class HttpFace:
    """A trader whose broker is reached over HTTP; drive it from within `call` only.

    Attributes:
        clock: the adapters' time, ten o'clock in New York until it is set.
    """

    def __init__(self, **serving: object) -> None:
        self.trader = Trader()
        self.clock = SteppedClock(TEN_O_CLOCK)
        self._server = BackgroundServer(BrokerServer(self.trader.broker, **serving))

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.__exit__(*error)

    def broker(
        self,
        credentials: Callable[[], Credentials] = lambda: GOOD_KEYS,
        *,
        url: str | None = None,
        threads: int = 10,
    ) -> Plain:
        calls = BlockingCalls("trading", threads)
        return Plain(AlpacaBroker(credentials, url or self.url, clock=self.clock, calls=calls))

    def market_data(self, credentials: Callable[[], Credentials] = lambda: GOOD_KEYS) -> Plain:
        calls = BlockingCalls("data", 10)
        return Plain(AlpacaMarketData(credentials, self.url, feed="iex", clock=self.clock, calls=calls))

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def now(self) -> datetime:
        return self.clock.now()

    @property
    def requests(self) -> dict[str, int]:
        return dict(self._server.server.requests)

    @property
    def posts(self) -> int:
        return self.requests.get("POST /v2/orders", 0)

    @property
    def entries(self) -> int:
        """How many orders the broker has taken, legs not counted."""
        return self.call(lambda: _entries(self.trader))

    def call[Result](self, function: Callable[[], Result]) -> Result:
        return self._server.call(function)

    def strike(self, **fault: object) -> None:
        """Let something go wrong with the next request that it waits for."""
        self.call(lambda: self._server.server.faults.add(Fault(**fault)))


class MemoryFace:
    """A trader whose broker is asked in this process, in the words of `HttpFace`."""

    def __init__(self) -> None:
        self.trader = Trader()
        self.clock = SteppedClock(TEN_O_CLOCK)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def broker(self) -> Plain:
        return Plain(InMemoryBroker(self.trader.broker, "key"))

    def market_data(self) -> Plain:
        return Plain(InMemoryMarketData(self.trader.broker))

    @property
    def entries(self) -> int:
        return _entries(self.trader)

    def call[Result](self, function: Callable[[], Result]) -> Result:
        return function()


ON_BOTH_FACES = pytest.mark.parametrize(
    "face", [HttpFace, MemoryFace], ids=["over HTTP", "in memory"], indirect=True
)
"""Run a test of what the ports promise at the adapters over HTTP, and in memory."""


def _entries(trader: Trader) -> int:
    return sum(order.parent is None for order in trader.account.orders.values())
