"""How a signal's way through the executor can end: each step answers one of these, and it is recorded once."""

from collections.abc import Mapping
from dataclasses import dataclass

from argo.domain.execution import Execution, ExecutionState
from argo.domain.ledger import Release, Settlement, accepted
from argo.domain.orders import BrokerOrder
from argo.domain.outcome import Wait
from argo.domain.reasons import Denial, Obstacle


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing is left to do for the executor: the execution moves to ``state`` with what was ``learnt``."""

    execution: Execution
    state: ExecutionState
    learnt: Settlement


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


type Outcome = Ended | Waiting | LeftToReconciler


def submitted(execution: Execution, order: BrokerOrder, differences: Mapping[str, str]) -> Ended:
    """The broker has the order; it differs from the plan by ``differences``."""
    return Ended(execution, ExecutionState.SUBMITTED, accepted(order, differences))


def rejected(execution: Execution, reason: str, detail: Mapping[str, str]) -> Ended:
    """The broker will not have it: what was reserved for it is given back."""
    learnt = Settlement(reason=reason, detail=detail, release=Release.RESERVATION_AND_SYMBOL)
    return Ended(execution, ExecutionState.REJECTED, learnt)


def denied(execution: Execution, denial: Denial) -> Ended:
    """The gate or the sizing will not have it."""
    learnt = Settlement(reason=denial.reason, detail=dict(denial.numbers))
    return Ended(execution, ExecutionState.DENIED, learnt)


def position_closed(execution: Execution, order_id: str) -> Ended:
    """The signal closed another's position; its order is that position's exit."""
    return Ended(execution, ExecutionState.CLOSED, Settlement(order_id=order_id))


def expired(execution: Execution) -> Ended:
    """The signal is too old; the last obstacle is the reason."""
    never_met = Obstacle.NONE if execution.epoch == 1 else Obstacle.WORKER_LOST
    held = execution.state is not ExecutionState.CLAIMED
    release = Release.RESERVATION_AND_SYMBOL if held else Release.NOTHING
    learnt = Settlement(reason=execution.obstacle or never_met, release=release)
    return Ended(execution, ExecutionState.EXPIRED, learnt)
