"""What the API is made of; a test, a replay or a simulation hands in its own ports."""

from dataclasses import dataclass
from typing import IO

from argo.adapters.wiring import Adapters
from argo.domain.config import Configuration
from argo.environment import Environment
from argo.ports import Clock, Ports
from argo.publishing import Publisher, publisher_for


@dataclass(frozen=True, slots=True)
class Wiring:
    mode: str
    configuration: Configuration
    ports: Ports
    publisher: Publisher


def from_environment(
    environment: Environment,
    clock: Clock,
    *,
    configuration: Configuration | None = None,
    log_to: IO[str] | None = None,
) -> Wiring:
    """Wire the API to AWS by the environment contract.

    Raises:
        ConfigurationError: a variable or argo.toml is missing or wrong, mode and address do not belong together,
            or an enabled account has no queue.
    """
    environment.check_addresses()
    adapters = Adapters(environment, clock, service="api", log_to=log_to)
    configuration = configuration or environment.configuration()
    return Wiring(environment.mode, configuration, adapters, publisher_for(configuration, adapters))
