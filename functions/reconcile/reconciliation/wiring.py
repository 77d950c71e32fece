"""What the reconciler is made of; a test, a replay or a simulation hands in its own ports."""

from dataclasses import dataclass
from typing import IO

from argo.adapters.wiring import Adapters
from argo.domain.profile import Profile
from argo.environment import Environment
from argo.ports import Clock, Ports
from reconciliation.rules import Rules

SERVICE = "reconcile"

_RULES = Rules()


@dataclass(frozen=True, slots=True)
class Wiring:
    """One account's reconciler."""

    executor: str
    profile: Profile
    ports: Ports
    rules: Rules


def wire(ports: Ports, executor: str, profile: Profile, *, rules: Rules = _RULES) -> Wiring:
    """Wire an account's reconciler to ports."""
    return Wiring(executor, profile, ports, rules)


def from_environment(
    environment: Environment, clock: Clock, *, profile: Profile | None = None, log_to: IO[str] | None = None
) -> Wiring:
    """Wire the reconciler to AWS and Alpaca by the environment contract.

    Raises:
        ConfigurationError: a variable or argo.toml is missing or wrong.
    """
    rules, name = profile or environment.profile(), environment.executor
    adapters = Adapters(environment, clock, service=SERVICE, executor=name, feed=rules.feed, log_to=log_to)
    return wire(adapters, name, rules)
