"""What the reconciler is made of; a test, a replay or a simulation hands in its own ports, a trial wrong rules."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import IO

from argo.adapters.wiring import Adapters
from argo.closing import Rules as ClosingRules
from argo.domain.conservation import Conserved
from argo.domain.execution import Execution
from argo.domain.profile import Profile
from argo.environment import Environment
from argo.ports import Clock, Ports
from reconciliation import resolving, unclaimed
from reconciliation.guarding import Guardian
from reconciliation.repair import PlanRepair, plan_repair
from reconciliation.report import Run

SERVICE = "reconcile"


@dataclass(frozen=True, slots=True)
class Rules:
    """What each decision on an open execution goes by, each replaceable: a trial must notice a wrong one."""

    expire_or_return: Callable[[Run, Execution], Awaitable[None]] = resolving.expire_or_return
    resolve: Callable[[Run, Execution], Awaitable[None]] = resolving.resolve
    end_unclaimed: Callable[[Run, Conserved], Awaitable[None]] = unclaimed.end_unclaimed
    plan_repair: PlanRepair = plan_repair
    guardian: type[Guardian] = Guardian
    closing: ClosingRules = field(default_factory=ClosingRules)


@dataclass(frozen=True, slots=True)
class Wiring:
    """One account's reconciler."""

    ports: Ports
    executor: str
    profile: Profile
    rules: Rules = field(default_factory=Rules)


def from_environment(
    environment: Environment, clock: Clock, *, profile: Profile | None = None, log_to: IO[str] | None = None
) -> Wiring:
    """Wire the reconciler to AWS and Alpaca by the environment contract.

    Raises:
        ConfigurationError: a variable or argo.toml is missing or wrong, mode and address do not belong together.
    """
    environment.check_addresses()
    profile, name = profile or environment.profile(), environment.executor
    adapters = Adapters(environment, clock, service=SERVICE, executor=name, feed=profile.feed, log_to=log_to)
    return Wiring(adapters, name, profile)
