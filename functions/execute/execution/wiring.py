"""What the executor is made of; a test, a replay or a simulation hands in its own."""

from dataclasses import dataclass, field
from typing import IO

from argo.adapters.wiring import Adapters
from argo.domain.profile import Profile
from argo.environment import Environment
from argo.observability import Telemetry
from argo.ports import Broker, Clock, Ledger, MarketData, SignalQueue
from execution.account import AssetBook, ExchangeHours
from execution.recording import Limits

SERVICE = "execute"


@dataclass(frozen=True, slots=True)
class Wiring:
    """The executor's collaborators."""

    executor: str
    profile: Profile
    ledger: Ledger
    broker: Broker
    market_data: MarketData
    assets: AssetBook
    hours: ExchangeHours
    queue: SignalQueue
    clock: Clock
    telemetry: Telemetry
    limits: Limits = field(default_factory=Limits)


def from_environment(
    environment: Environment,
    clock: Clock,
    *,
    profile: Profile | None = None,
    log_to: IO[str] | None = None,
) -> Wiring:
    """Wire the executor to AWS and Alpaca by the environment contract.

    Raises:
        ConfigurationError: a variable or argo.toml is missing or wrong.
    """
    adapters = Adapters(environment, clock)
    rules = profile or environment.profile()
    return Wiring(
        executor=environment.executor,
        profile=rules,
        ledger=adapters.ledger,
        broker=adapters.broker,
        market_data=adapters.market_data(rules.feed),
        assets=AssetBook(adapters.broker, clock),
        hours=ExchangeHours(adapters.broker, clock),
        queue=adapters.queue,
        clock=clock,
        telemetry=Telemetry(SERVICE, mode=environment.mode, executor=environment.executor, stream=log_to),
    )
