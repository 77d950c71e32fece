"""What the generator is made of; a test, a replay or a simulation hands in its own ports."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO

from argo.adapters.wiring import Adapters
from argo.domain.config import Configuration
from argo.domain.symbols import Symbol
from argo.environment import Environment
from argo.ports import Clock, Ports
from argo.ports.interposed import InterposedBroker, InterposedMarketData
from argo.publishing import Publisher, publisher_for
from argo.time_left import TimeLeft
from generation.evaluation import Evaluator
from generation.market import History, Sessions
from generation.sources.registry import WeightedSource, sources

SERVICE = "generate"


@dataclass(frozen=True, slots=True)
class Wiring:
    """The generator; ``evaluated`` has when the last bar began that each symbol was judged on.

    Every request to Alpaca asks ``time_left`` first.
    """

    configuration: Configuration
    ports: Ports
    history: History
    sessions: Sessions
    evaluator: Evaluator
    publisher: Publisher
    time_left: TimeLeft
    evaluated: dict[Symbol, float] = field(default_factory=dict)


def wire(ports: Ports, configuration: Configuration, *, asking: Sequence[WeightedSource] | None = None) -> Wiring:
    """Wire the generator to ports; its sources are the configuration's, or those ``asking``.

    Raises:
        ConfigurationError: an enabled account has no queue, or a source can't be made.
    """
    rules, time_left = configuration.generation, TimeLeft()
    return Wiring(
        configuration=configuration,
        ports=ports,
        history=History(
            InterposedMarketData(ports.market_data, time_left.asked), rules.timeframe, rules.history_bars
        ),
        sessions=Sessions(InterposedBroker(ports.broker, time_left.asked), rules.extended_hours),
        evaluator=Evaluator(rules, sources(configuration) if asking is None else asking, ports.telemetry),
        publisher=publisher_for(configuration, ports),
        time_left=time_left,
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
        ConfigurationError: a variable or argo.toml is missing or wrong, mode and address do not belong together.
    """
    environment.check_addresses()
    configuration = configuration or environment.configuration()
    feed = configuration.generation.feed
    return wire(Adapters(environment, clock, service=SERVICE, feed=feed, log_to=log_to), configuration)
