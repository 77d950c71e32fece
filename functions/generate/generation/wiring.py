"""What the generator is made of; a test, a replay or a simulation hands in its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO

from argo.adapters.wiring import Adapters
from argo.domain.config import Configuration
from argo.domain.symbols import Symbol
from argo.domain.tables import ConfigurationError
from argo.environment import Environment
from argo.observability import Telemetry
from argo.ports import Clock, Ledger, MarketData, SignalQueue
from argo.publishing import Publisher
from generation.evaluation import Evaluator
from generation.history import History
from generation.judging import Judge
from generation.session import Exchange, Sessions
from generation.sources.registry import sources

SERVICE = "generate"


@dataclass(frozen=True, slots=True)
class Wiring:
    """The generator's collaborators; ``evaluated`` has when the last bar began that each symbol was judged on."""

    configuration: Configuration
    history: History
    sessions: Sessions
    evaluator: Evaluator
    publisher: Publisher
    judge: Judge
    clock: Clock
    telemetry: Telemetry
    evaluated: dict[Symbol, float] = field(default_factory=dict)


def wire(
    configuration: Configuration,
    *,
    market_data: MarketData,
    exchange: Exchange,
    ledger: Ledger,
    queues: Mapping[str, SignalQueue],
    clock: Clock,
    telemetry: Telemetry,
) -> Wiring:
    """Put the generator together.

    Raises:
        ConfigurationError: an enabled account has no queue, or a source can't be made.
    """
    if without := sorted(set(configuration.executors) - set(queues)):
        raise ConfigurationError(f"ARGO_QUEUE_URLS has no queue for the account {', '.join(without)}")
    rules = configuration.generation
    return Wiring(
        configuration=configuration,
        history=History(market_data, rules.timeframe, rules.history_bars),
        sessions=Sessions(exchange, rules.extended_hours),
        evaluator=Evaluator(rules, sources(configuration), telemetry),
        publisher=Publisher(
            ledger,
            {name: queues[name] for name in configuration.executors},
            {name: configuration.profile(name) for name in configuration.executors},
        ),
        judge=Judge(ledger, rules),
        clock=clock,
        telemetry=telemetry,
    )


def from_environment(
    environment: Environment,
    clock: Clock,
    *,
    configuration: Configuration | None = None,
    log_to: IO[str] | None = None,
) -> Wiring:
    """Wire the generator to AWS and Alpaca by the environment contract.

    Raises:
        ConfigurationError: a variable or argo.toml is missing or wrong.
    """
    adapters = Adapters(environment, clock)
    configuration = configuration or environment.configuration()
    return wire(
        configuration,
        market_data=adapters.market_data(configuration.generation.feed),
        exchange=adapters.broker,
        ledger=adapters.ledger,
        queues=adapters.queues,
        clock=clock,
        telemetry=Telemetry(SERVICE, mode=environment.mode, stream=log_to),
    )
