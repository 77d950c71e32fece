"""The policies of a trial, and what a wrong one is: one rule as people get it wrong, in the right one's place."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from argo.adapters.aws.parameters import without_key
from argo.domain.faults import BrokerFault
from argo.domain.tables import ConfigurationError
from argo.halts import set_trading_state
from argo.ports import GivenPorts, Unavailable
from argo.publishing import Publisher
from execution.backoff import Limits
from execution.batch import PartialBatchResponse
from execution.wiring import Rules as ExecutionRules
from reconciliation.wiring import Rules as ReconciliationRules
from simulation.ports.ledger import InMemoryLedger

type WithoutKey = Callable[[ConfigurationError | Unavailable], BrokerFault]
"""What a request to the broker ends as whose key could not be read."""


def _as_it_is[T](given: T) -> T:
    return given


@dataclass(frozen=True, slots=True)
class Policies:
    """All that a trial's functions go by; the right ones, unless something else is handed in.

    ``executor_ports`` and ``reconciler_ports`` make a function's ports of the true ones, ``answered`` what the
    queue is told of a batch, ``time_left`` what a batch asks for its time. ``operate`` is what a person's command
    does, ``limits`` what an executor waits, ``max_receives`` after how many deliveries the queue gives a message
    up, where not after the template's, ``without_key`` what a request ends as whose key is not told.
    """

    execution: ExecutionRules = field(default_factory=ExecutionRules)
    reconciliation: ReconciliationRules = field(default_factory=ReconciliationRules)
    answered: Callable[[PartialBatchResponse], PartialBatchResponse] = _as_it_is
    executor_ports: Callable[[GivenPorts], GivenPorts] = _as_it_is
    reconciler_ports: Callable[[GivenPorts], GivenPorts] = _as_it_is
    publisher: type[Publisher] = Publisher
    ledger: type[InMemoryLedger] = InMemoryLedger
    operate: Callable[..., Coroutine[Any, Any, object]] = set_trading_state
    time_left: Callable[[Callable[[], float]], Callable[[], float]] = _as_it_is
    limits: Callable[[Limits], Limits] = _as_it_is
    max_receives: int | None = None
    without_key: WithoutKey = without_key


@dataclass(frozen=True, slots=True)
class WrongPolicy:
    """One policy as people get it wrong.

    Args:
        wrong: What it does, in one line.
        failure: The row of the failures this pipeline was built against that it brings back, where there is one.
        policies: The right ones, but for this.
    """

    wrong: str
    failure: str
    policies: Policies
