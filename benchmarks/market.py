"""The simulated broker in a process of its own: its CPU time and its interpreter lock are not the handler's."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice, product
from multiprocessing import get_context
from multiprocessing.connection import Connection
from string import ascii_uppercase
from urllib.request import Request, urlopen

from simulation.broker import AccountSettings, SimulatedBroker
from simulation.broker.server import BackgroundServer, BrokerServer, Fault

PRICE = Decimal(100)
SYMBOLS = tuple("X" + "".join(letters) for letters in islice(product(ascii_uppercase, repeat=3), 2_000))
"""Enough for every signal of a run to have its own: a symbol is locked by the first."""

_CASH = Decimal(100_000_000)
_ALL_OF_THEM = 1_000_000


@dataclass(frozen=True, slots=True)
class Market:
    """The broker, driven from outside over its control routes."""

    url: str

    @property
    def requests(self) -> Mapping[str, int]:
        """How many requests came, by method and path template."""
        requests: Mapping[str, int] = json.loads(self._control("GET", "state"))["requests"]
        return requests

    def answer_late(self, seconds: float) -> None:
        """Delay every request by this long; 0 for none."""
        late = [Fault(delay_seconds=seconds, times=_ALL_OF_THEM).model_dump()] if seconds else []
        self._control("PUT", "faults", json.dumps(late).encode())

    def _control(self, method: str, what: str, body: bytes | None = None) -> bytes:
        request = Request(f"{self.url}/_simulation/{what}", data=body, method=method)  # noqa: S310 - http, ours
        with urlopen(request, timeout=10) as response:  # noqa: S310 - as above
            answer: bytes = response.read()
            return answer


@contextmanager
def market(accounts: Sequence[str], opens: datetime) -> Iterator[Market]:
    """Serve an open market, without a rate limit, while the block runs; an account's name is both its keys."""
    spawn = get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(theirs, tuple(accounts), opens), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Market(ours.recv())
    finally:
        ours.close()
        process.join(timeout=10)
        process.terminate()


def _serve(pipe: Connection, accounts: Sequence[str], opens: datetime) -> None:
    settings = [AccountSettings(key_id=name, secret_key=name, cash=_CASH) for name in accounts]
    broker = SimulatedBroker(settings, starts_at=opens, symbols=SYMBOLS)
    broker.set_clock(opens, is_open=True)
    for symbol in SYMBOLS:
        broker.set_price(symbol, PRICE)
    with BackgroundServer(BrokerServer(broker, requests_per_minute=None)) as background:
        pipe.send(background.url)
        pipe.poll(None)
