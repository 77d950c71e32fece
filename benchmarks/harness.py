"""What the warm executor is measured on: AWS and a broker in processes of their own, batches of fresh signals."""

import asyncio
import contextlib
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice, product
from multiprocessing import get_context
from multiprocessing.connection import Connection
from string import ascii_uppercase
from typing import Any
from urllib.request import Request, urlopen

import botocore
from botocore.session import Session

from argo.domain.metrics import Metric
from argo.domain.signal import Regime, Side, Signal
from argo.domain.symbols import Symbol
from argo.environment import Environment, load_configuration
from execution.batch import execute_batch
from execution.wiring import from_environment
from simulation.broker import AccountSettings, SimulatedBroker
from simulation.broker.server import BackgroundServer, BrokerServer, Fault
from simulation.ports.clock import SteppedClock
from trading_api.requests import OutsideSignal
from worlds.backends import broker_environment
from worlds.embedded_aws import EmbeddedAws, Resources, embedded_aws
from worlds.paths import CONFIGURATION, TEMPLATE

TEN = 10
"""Records in a full batch."""

WARM_UPS = 2
"""Full batches behind an executor when it is handed out."""

_OPENS = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
_A_MINUTE = timedelta(minutes=1)
_PRICE = Decimal(100)
_CASH = Decimal(100_000_000)
_SYMBOLS = tuple("X" + "".join(letters) for letters in islice(product(ascii_uppercase, repeat=3), 2_000))
"""Enough for every signal of a run to have its own: a symbol is locked by the first."""

_LATE_ENOUGH = 0.05
"""Seconds that make a batch's calls overlap, so that every thread there can be is there."""

_ALL_REQUESTS = 1_000_000


type Asked = tuple[str, Mapping[str, Any]]
"""An operation, ``dynamodb.PutItem``, and its parameters."""


@dataclass(frozen=True, slots=True)
class Harness:
    """Running AWS and broker; an account's name is both its keys at the broker.

    ``asked`` has what boto3 was asked for in this process, ``sent`` the operation of each request that it sent.
    """

    aws: EmbeddedAws
    resources: Resources
    broker_url: str
    asked: list[Asked]
    sent: list[str]
    symbols: Iterator[str] = field(default_factory=lambda: iter(_SYMBOLS))

    def broker_requests(self) -> Counter[str]:
        """Return how many requests came to the broker, by method and path template."""
        return Counter(json.loads(self._control("GET", "state"))["requests"])

    def answer_late(self, seconds: float) -> None:
        """Delay every request to the broker by this long; 0 for none."""
        late = [Fault(delay_seconds=seconds, times=_ALL_REQUESTS).model_dump()] if seconds else []
        self._control("PUT", "faults", json.dumps(late).encode())

    def _control(self, method: str, what: str, body: bytes | None = None) -> bytes:
        url, headers = f"{self.broker_url}/_simulation/{what}", {"Content-Type": "application/json"}
        request = Request(url, data=body, method=method, headers=headers)  # noqa: S310 - http, ours
        with urlopen(request, timeout=10) as response:  # noqa: S310 - as above
            answer: bytes = response.read()
            return answer


class Executor:
    """The executor as its handler runs it, warm, on a clock that moves a minute with every batch.

    So Argo's own request budget, which is counted by the minute, is full for each. Its account risks so little per
    trade that it can pay for every signal.
    """

    def __init__(self, harness: Harness, name: str) -> None:
        """Serve the account ``name``, and bring all threads and connections up."""
        variables = (
            {"ARGO_MODE": "simulated"}
            | harness.aws.environment
            | harness.resources.environment("argo")
            | broker_environment(harness.broker_url, AccountSettings(key_id=name, secret_key=name))
            | {"ARGO_EXECUTOR": name}
        )
        profile = load_configuration(CONFIGURATION).profile("argo")
        rules = profile.model_copy(update={"risk_per_trade_percent": Decimal("0.001")})
        self._clock = SteppedClock(_OPENS)
        self._wiring = from_environment(Environment(variables), self._clock, profile=rules, log_to=io.StringIO())
        self._symbols = harness.symbols
        self._runner = asyncio.Runner()
        harness.answer_late(_LATE_ENOUGH)
        for _ in range(WARM_UPS):
            self.execute(self.batch())
        harness.answer_late(0)

    def batch(self, size: int = TEN) -> list[Signal]:
        """Make signals that nobody has seen, of symbols that nobody holds."""
        self._clock.set(self._clock.now() + _A_MINUTE)
        return [_signal(Symbol(symbol), self._clock.now()) for symbol in islice(self._symbols, size)]

    def execute(self, signals: Sequence[Signal]) -> None:
        """Do what the handler does with an event of these signals.

        Raises:
            RuntimeError: not every one of them became an order, so what was measured is something else.
        """
        event = {"Records": [_record(signal) for signal in signals]}
        telemetry = self._wiring.ports.telemetry
        with contextlib.redirect_stdout(io.StringIO()):
            answer = self._runner.run(execute_batch(event, self._wiring, seconds_left=lambda: 30.0))
            counts = telemetry.counts
            telemetry.flush()
        if answer["batchItemFailures"] or counts.get(Metric.ORDERS_SUBMITTED) != len(signals):
            raise RuntimeError(f"{len(signals)} signals: {counts}, {answer}")


@contextlib.contextmanager
def harness(accounts: Sequence[str]) -> Iterator[Harness]:
    """Run AWS and a broker with these accounts, each in a process of its own, while the block runs."""
    asked, sent = list[Asked](), list[str]()

    def note_asked(**event: Any) -> None:  # noqa: ANN401 - botocore hands over what each event has
        asked.append((event["event_name"].removeprefix("provide-client-params."), event["params"]))

    def note_sent(**event: Any) -> None:  # noqa: ANN401 - as above
        sent.append(event["event_name"].removeprefix("before-send."))

    def watch(session: Session) -> None:
        session.register("provide-client-params", note_asked)
        session.register("before-send", note_sent)

    botocore.register_initializer(watch)
    try:
        with _broker(accounts) as url, embedded_aws() as aws:
            yield Harness(aws, aws.create_resources(TEMPLATE), url, asked, sent)
    finally:
        botocore.unregister_initializer(watch)


@contextlib.contextmanager
def _broker(accounts: Sequence[str]) -> Iterator[str]:
    """Serve an open market, without a rate limit: its CPU time and its interpreter lock are not the handler's."""
    spawn = get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(theirs, tuple(accounts)), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours.recv()
    finally:
        ours.close()
        process.join(timeout=10)
        process.terminate()


def _serve(pipe: Connection, accounts: Sequence[str]) -> None:
    settings = [AccountSettings(key_id=name, secret_key=name, cash=_CASH) for name in accounts]
    broker = SimulatedBroker(settings, starts_at=_OPENS, symbols=_SYMBOLS)
    broker.set_clock(_OPENS, is_open=True)
    for symbol in _SYMBOLS:
        broker.set_price(symbol, _PRICE)
    with BackgroundServer(BrokerServer(broker, requests_per_minute=None)) as background:
        pipe.send(background.url)
        pipe.poll(None)


def _signal(symbol: Symbol, now: datetime) -> Signal:
    request = OutsideSignal(
        symbol=symbol,
        side=Side.BUY,
        confidence=Decimal(84),
        entry_price=_PRICE,
        stop_price=_PRICE - 5,
        target_price=_PRICE + 10,
        volatility=Decimal("0.018"),
        regime=Regime.BULL,
    )
    return request.as_signal(now, timedelta(minutes=5))


def _record(signal: Signal) -> dict[str, Any]:
    return {
        "messageId": signal.signal_id,
        "receiptHandle": signal.signal_id,
        "body": signal.model_dump_json(),
        "attributes": {"ApproximateReceiveCount": "1"},
    }
