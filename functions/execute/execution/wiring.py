"""What the executor is made of; a test, a replay or a simulation hands in its own ports."""

from dataclasses import dataclass
from typing import IO

from argo.adapters.wiring import Adapters
from argo.domain.profile import Profile
from argo.environment import Environment
from argo.ports import Clock, Ports
from execution.account import AssetBook, ExchangeHours
from execution.backoff import Limits
from execution.rules import Rules

SERVICE = "execute"

_LIMITS, _RULES = Limits(), Rules()


@dataclass(frozen=True, slots=True)
class Wiring:
    """One account's executor, and what it remembers from batch to batch."""

    executor: str
    profile: Profile
    ports: Ports
    assets: AssetBook
    hours: ExchangeHours
    limits: Limits
    rules: Rules


def wire(
    ports: Ports, executor: str, profile: Profile, *, limits: Limits = _LIMITS, rules: Rules = _RULES
) -> Wiring:
    """Wire an account's executor to ports."""
    assets = AssetBook(ports.broker, ports.clock)
    return Wiring(executor, profile, ports, assets, ExchangeHours(ports.broker, ports.clock), limits, rules)


def from_environment(
    environment: Environment, clock: Clock, *, profile: Profile | None = None, log_to: IO[str] | None = None
) -> Wiring:
    """Wire the executor to AWS and Alpaca by the environment contract.

    Raises:
        ConfigurationError: a variable or argo.toml is missing or wrong.
    """
    rules, name = profile or environment.profile(), environment.executor
    adapters = Adapters(environment, clock, service=SERVICE, executor=name, feed=rules.feed, log_to=log_to)
    return wire(adapters, name, rules)
