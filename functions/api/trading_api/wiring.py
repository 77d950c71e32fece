"""What the API is made of; a test, a replay or a simulation hands in its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

from argo.adapters.wiring import Adapters
from argo.domain.config import Configuration
from argo.domain.tables import ConfigurationError
from argo.environment import Environment
from argo.observability import Telemetry
from argo.ports import Clock, Ledger, SignalQueue
from argo.publishing import Publisher

SERVICE = "api"


@dataclass(frozen=True, slots=True)
class Wiring:
    """The API's collaborators; ``executors`` are the accounts that have a queue."""

    mode: str
    executors: tuple[str, ...]
    configuration: Configuration
    ledger: Ledger
    publisher: Publisher
    clock: Clock
    telemetry: Telemetry


def wire(
    configuration: Configuration,
    *,
    mode: str,
    ledger: Ledger,
    queues: Mapping[str, SignalQueue],
    clock: Clock,
    telemetry: Telemetry,
) -> Wiring:
    """Put the API together.

    Raises:
        ConfigurationError: an enabled account has no queue.
    """
    if without := sorted(set(configuration.executors) - set(queues)):
        raise ConfigurationError(f"ARGO_QUEUE_URLS has no queue for the account {', '.join(without)}")
    return Wiring(
        mode=mode,
        executors=tuple(queues),
        configuration=configuration,
        ledger=ledger,
        publisher=Publisher(
            ledger,
            {name: queues[name] for name in configuration.executors},
            {name: configuration.profile(name) for name in configuration.executors},
        ),
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
    """Wire the API to AWS by the environment contract.

    Raises:
        ConfigurationError: a variable or argo.toml is missing or wrong.
    """
    adapters = Adapters(environment, clock)
    return wire(
        configuration or environment.configuration(),
        mode=environment.mode,
        ledger=adapters.ledger,
        queues=adapters.queues,
        clock=clock,
        telemetry=Telemetry(SERVICE, mode=environment.mode, stream=log_to),
    )
