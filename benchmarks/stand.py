"""What the warm executor is measured on: AWS and the broker beside it, batches of fresh signals."""

import asyncio
import contextlib
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import botocore
from botocore.session import Session

from argo.domain.metrics import Metric
from argo.domain.profile import Profile
from argo.domain.signal import Regime, Side, Signal, Timeframe, signal_id
from argo.domain.symbols import Symbol
from argo.environment import Environment, load_configuration
from benchmarks.market import PRICE, SYMBOLS, Market, market
from execution.batch import execute_batch
from execution.wiring import Wiring, from_environment
from simulation.broker import AccountSettings
from simulation.ports.clock import SteppedClock
from worlds.backends import broker_environment
from worlds.embedded_aws import EmbeddedAws, Resources, embedded_aws
from worlds.paths import CONFIGURATION, TEMPLATE

TEN = 10
"""Records in a full batch."""

WARM_UPS = 2
"""Full batches behind an executor when it is handed out."""

OPENS = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
_LATE_ENOUGH = 0.05
"""Seconds that make a batch's calls overlap, so that every thread there can be is there."""

_A_MINUTE = timedelta(minutes=1)


class NotExecuted(Exception):
    """A batch did not end with an order per signal, so what was measured is something else."""


@dataclass(slots=True)
class AwsCalls:
    """What boto3 was asked for and what it sent, in this process, since the last `forget`."""

    sent: Counter[str] = field(default_factory=Counter)
    asked: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def watch(self, session: Session) -> None:
        """Watch every client of a session."""
        session.register("before-send", self._count)
        session.register("provide-client-params", self._remember)

    def forget(self) -> None:
        """Begin anew."""
        self.sent.clear()
        self.asked.clear()

    def _count(self, **event: Any) -> None:  # noqa: ANN401 - botocore hands over what each event has
        self.sent[event["event_name"].removeprefix("before-send.")] += 1

    def _remember(self, **event: Any) -> None:  # noqa: ANN401 - as above
        self.asked.append((event["event_name"].removeprefix("provide-client-params."), event["params"]))


class Executor:
    """The executor as its handler runs it, warm, on a clock that moves a minute with every batch.

    So Argo's own request budget, which is counted by the minute, is full for each.
    """

    def __init__(self, wiring: Wiring, clock: SteppedClock, symbols: Iterator[str]) -> None:
        """Serve batches on ``wiring``."""
        self.wiring = wiring
        self._clock = clock
        self._symbols = symbols
        self._runner = asyncio.Runner()

    def batch(self, size: int = TEN) -> list[Signal]:
        """Make signals that nobody has seen, of symbols that nobody holds."""
        self._clock.set(self._clock.now() + _A_MINUTE)
        return [_signal(next(self._symbols), self._clock.now()) for _ in range(size)]

    def execute(self, signals: list[Signal]) -> None:
        """Do what the handler does with an event of these signals.

        Raises:
            NotExecuted: not every one of them became an order.
        """
        event = {"Records": [_record(signal) for signal in signals]}
        with contextlib.redirect_stdout(io.StringIO()):
            answer = self._runner.run(execute_batch(event, self.wiring, seconds_left=lambda: 30.0))
            counts = self.wiring.ports.telemetry.counts
            self.wiring.ports.telemetry.flush()
        if answer["batchItemFailures"] or counts.get(Metric.ORDERS_SUBMITTED) != len(signals):
            raise NotExecuted(f"{len(signals)} signals: {counts}, {answer}")


@dataclass(frozen=True, slots=True)
class Stand:
    """Running AWS and broker, and what came to them."""

    aws: EmbeddedAws
    resources: Resources
    market: Market
    calls: AwsCalls
    _symbols: Iterator[str] = field(default_factory=lambda: iter(SYMBOLS))

    def executor(self, name: str) -> Executor:
        """Wire the executor to the account ``name``, and bring all its threads and connections up."""
        variables = (
            {"ARGO_MODE": "simulated"}
            | self.aws.environment
            | self.resources.environment("argo")
            | broker_environment(self.market.url, AccountSettings(key_id=name, secret_key=name))
            | {"ARGO_EXECUTOR": name}
        )
        clock = SteppedClock(OPENS)
        wiring = from_environment(Environment(variables), clock, profile=_profile(), log_to=io.StringIO())
        executor = Executor(wiring, clock, self._symbols)
        self.market.answer_late(_LATE_ENOUGH)
        for _ in range(WARM_UPS):
            executor.execute(executor.batch())
        self.market.answer_late(0)
        return executor


@contextlib.contextmanager
def stand(accounts: tuple[str, ...]) -> Iterator[Stand]:
    """Run AWS and a broker with these accounts, each in a process of its own, while the block runs."""
    calls = AwsCalls()
    botocore.register_initializer(calls.watch)
    try:
        with market(accounts, OPENS) as trading, embedded_aws() as aws:
            yield Stand(aws, aws.create_resources(TEMPLATE), trading, calls)
    finally:
        botocore.unregister_initializer(calls.watch)


def _profile() -> Profile:
    """Return the rules of an account that risks so little per trade that it can pay for every signal."""
    profile = load_configuration(CONFIGURATION).profile("argo")
    return profile.model_copy(update={"risk_per_trade_percent": Decimal("0.001")})


def _signal(symbol: str, now: datetime) -> Signal:
    fact = {
        "strategy": "consensus",
        "strategy_version": "1",
        "symbol": Symbol(symbol),
        "side": Side.BUY,
        "timeframe": Timeframe.MINUTE,
        "bar_time": now - _A_MINUTE,
    }
    return Signal.model_validate(
        fact
        | {
            "signal_id": signal_id(**fact),  # type: ignore[arg-type]
            "confidence": Decimal(84),
            "entry_price": PRICE,
            "stop_price": PRICE - 5,
            "target_price": PRICE + 10,
            "volatility": Decimal("0.018"),
            "created_at": now,
            "expires_at": now + timedelta(minutes=5),
            "regime": Regime.BULL,
            "votes": [
                {"source": "trend", "side": "buy", "confidence": 82, "weight": 1},
                {"source": "momentum", "side": "buy", "confidence": 85, "weight": 1},
            ],
        }
    )


def _record(signal: Signal) -> dict[str, Any]:
    return {
        "messageId": signal.signal_id,
        "receiptHandle": signal.signal_id,
        "body": signal.model_dump_json(),
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:queue",
        "awsRegion": "us-east-1",
    }
