"""What the API is made of; a test, a replay or a simulation hands in its own ports."""

from dataclasses import dataclass
from typing import IO

from argo.adapters.wiring import Adapters
from argo.domain.config import Configuration
from argo.environment import Environment
from argo.ports import Clock, Ports
from argo.publishing import Publisher, publisher_for

SERVICE = "api"


@dataclass(frozen=True, slots=True)
class Wiring:
    """The API."""

    mode: str
    configuration: Configuration
    ports: Ports
    publisher: Publisher

    @property
    def executors(self) -> tuple[str, ...]:
        """The accounts that have a queue."""
        return tuple(self.ports.queues)


def wire(ports: Ports, configuration: Configuration, *, mode: str) -> Wiring:
    """Wire the API to ports.

    Raises:
        ConfigurationError: an enabled account has no queue.
    """
    return Wiring(mode, configuration, ports, publisher_for(configuration, ports))


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
    adapters = Adapters(environment, clock, service=SERVICE, log_to=log_to)
    return wire(adapters, configuration or environment.configuration(), mode=environment.mode)
