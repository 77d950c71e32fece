"""What a wrong policy is: one rule as people get it wrong, handed to a trial where the right one would be."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from argo.ports import GivenPorts
from argo.publishing import Publisher
from execution.batch import execute_batch
from execution.rules import Rules as ExecutionRules
from execution.wiring import Wiring as ExecutionWiring
from reconciliation.rules import Rules as ReconciliationRules
from simulation.ports.ledger import InMemoryLedger


class Execute(Protocol):
    """Executes the batch of an event, as `execution.batch.execute_batch`."""

    def __call__(
        self, event: Mapping[str, Any], wiring: ExecutionWiring, /, *, seconds_left: Callable[[], float]
    ) -> Awaitable[dict[str, list[dict[str, str]]]]: ...


def as_given(ports: GivenPorts) -> GivenPorts:
    """Return the executor's ports as they are."""
    return ports


@dataclass(frozen=True, slots=True)
class Policies:
    """All that a trial's functions go by; the right ones, unless something else is handed in."""

    execution: ExecutionRules = field(default_factory=ExecutionRules)
    reconciliation: ReconciliationRules = field(default_factory=ReconciliationRules)
    execute: Execute = execute_batch
    executor_ports: Callable[[GivenPorts], GivenPorts] = as_given
    publisher: type[Publisher] = Publisher
    ledger: type[InMemoryLedger] = InMemoryLedger


RIGHT = Policies()


@dataclass(frozen=True, slots=True)
class WrongPolicy:
    """One policy as people get it wrong.

    Args:
        name: What it is called.
        wrong: What it does, in one line.
        failure: The row of the failures this pipeline was built against that it brings back, where there is one.
        policies: The right ones, but for this.
    """

    name: str
    wrong: str
    failure: str
    policies: Policies
