"""A broker that answers whatever bytes it is told to, on a real socket, and Argo's real adapters at it."""

import asyncio
import socketserver
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from argo.adapters.alpaca.broker import AlpacaBroker
from argo.adapters.alpaca.market_data import AlpacaMarketData
from argo.adapters.aws.parameters import Credentials
from argo.adapters.threads import BlockingCalls
from argo.domain.faults import BrokerFault
from argo.domain.signal import Timeframe
from argo.domain.symbols import Symbol
from simulation.ports.clock import SteppedClock
from tests.unit.builders import an_entry_plan

_NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
_DAY = {"start": _NOW - timedelta(days=1), "end": _NOW}
_AAPL, _BTC = Symbol("AAPL"), Symbol("BTC/USD")

_OF_BROKER = {
    "account": lambda broker: broker.account(),
    "clock": lambda broker: broker.clock(),
    "positions": lambda broker: broker.positions(),
    "open_orders": lambda broker: broker.open_orders(),
    "closed_orders": lambda broker: broker.closed_orders(_AAPL, since=_NOW),
    "replace": lambda broker: broker.replace("an-id", stop_price=Decimal(1)),
    "asset": lambda broker: broker.asset(_BTC),
    "submit": lambda broker: broker.submit(an_entry_plan().body()),
    "order": lambda broker: broker.order("an-id"),
    "order_by_client_id": lambda broker: broker.order_by_client_id("argo-id"),
    "cancel": lambda broker: broker.cancel("an-id"),
}
_OF_MARKET_DATA = {
    "bars": lambda data: data.bars([_AAPL, _BTC], Timeframe.MINUTE, **_DAY),
    "latest_prices": lambda data: data.latest_prices([_AAPL, _BTC]),
}
METHODS = (*_OF_BROKER, *_OF_MARKET_DATA)
"""Every question that Argo asks Alpaca."""


class _Handler(socketserver.StreamRequestHandler):
    def handle(self):
        length = 0
        while line := self.rfile.readline().strip().lower():
            name, _, value = line.partition(b":")
            length = int(value) if name == b"content-length" else length
        self.rfile.read(length)
        self.wfile.write(self.server.answer)


class _Server(socketserver.TCPServer):
    answer = b""

    def handle_error(self, request, client_address):
        """Say nothing of a client that has hung up."""


class Alpaca:
    """Asks Alpaca's adapters, with an answer of any bytes."""

    def __init__(self, server, runner):
        self._server = server
        self._runner = runner
        self._url = f"http://127.0.0.1:{server.server_address[1]}"
        self._calls = BlockingCalls("fuzz", 2)

    def ask(self, method: str, answer: bytes) -> object:
        """Ask one question and return what the port makes of the answer, or the fault that it raises."""
        self._server.answer = answer
        options = {"clock": SteppedClock(_NOW), "calls": self._calls}

        async def question():
            if method in _OF_BROKER:
                return await _OF_BROKER[method](AlpacaBroker(_keys, self._url, **options))
            data = AlpacaMarketData(_keys, self._url, feed="iex", **options)
            return await _OF_MARKET_DATA[method](data)

        try:
            return self._runner.run(question())
        except BrokerFault as fault:
            return fault


@contextmanager
def serving():
    """Serve on loopback for as long as the block runs."""
    with _Server(("127.0.0.1", 0), _Handler) as server, asyncio.Runner() as runner:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield Alpaca(server, runner)
        server.shutdown()
        thread.join()


def _keys():
    return Credentials("key", "secret")
