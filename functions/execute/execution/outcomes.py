"""How a signal's way through the executor can end: each step answers one of these, and it is recorded once."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from argo.domain.execution import Execution
from argo.domain.orders import BrokerOrder
from argo.domain.outcome import Wait
from argo.domain.reasons import Denial


@dataclass(frozen=True, slots=True)
class Accepted:
    """The broker has the order; it differs from the plan by ``differences``."""

    execution: Execution
    order: BrokerOrder
    differences: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rejected:
    """The broker will not have it."""

    execution: Execution
    reason: str
    detail: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Denied:
    """The gate or the sizing will not have it."""

    execution: Execution
    denial: Denial


@dataclass(frozen=True, slots=True)
class PositionClosed:
    """The signal closed another's position; its order is that position's exit."""

    execution: Execution
    order_id: str


@dataclass(frozen=True, slots=True)
class Expired:
    """The signal is too old; the last obstacle is the reason."""

    execution: Execution


@dataclass(frozen=True, slots=True)
class Waiting:
    """An obstacle, and the message comes back; ``withdraw`` an intent that was certainly not sent."""

    execution: Execution
    wait: Wait
    withdraw: bool = False


@dataclass(frozen=True, slots=True)
class LeftToReconciler:
    """Nothing will be sent any more: what is left is a look-up."""

    execution: Execution
    wait: Wait


type Outcome = Accepted | Rejected | Denied | PositionClosed | Expired | Waiting | LeftToReconciler
