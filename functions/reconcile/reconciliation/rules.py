"""The rules that a reconciler goes by, each replaceable: a trial hands in wrong ones and must notice."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from argo.closing import Rules as ClosingRules
from argo.domain.execution import Execution
from argo.ports import Broker
from reconciliation import resolving
from reconciliation.guarding import Guardian
from reconciliation.repair import PlanRepair, plan_repair
from reconciliation.report import Report

if TYPE_CHECKING:
    from reconciliation.wiring import Wiring


@dataclass(frozen=True, slots=True)
class Rules:
    """What each decision on an open execution goes by."""

    expire_or_return: "Callable[[Wiring, Execution, Report], Awaitable[None]]" = resolving.expire_or_return
    resolve: "Callable[[Wiring, Broker, Execution, Report], Awaitable[None]]" = resolving.resolve
    plan_repair: PlanRepair = plan_repair
    guardian: type[Guardian] = Guardian
    closing: ClosingRules = field(default_factory=ClosingRules)
