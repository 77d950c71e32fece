"""Signals joined with their executions, as the console reads them."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from hypothesis import strategies as st

from argo.domain.execution import Execution, ExecutionState
from argo.domain.ledger import SignalRecord, StoredSignal
from argo.domain.reasons import DenialReason, Obstacle, RejectionReason
from tests.unit.builders import a_signal, an_execution

EXECUTORS = ("argo", "prop_firm")
REASONS = {
    ExecutionState.DENIED: DenialReason.CONFIDENCE_BELOW_MINIMUM,
    ExecutionState.REJECTED: RejectionReason.BRACKET_GEOMETRY,
    ExecutionState.EXPIRED: Obstacle.BROKER_UNREACHABLE,
}


def in_state(state: ExecutionState, executor: str = "argo", **overrides: object) -> Execution:
    """Build an execution with what its state usually brings: an order id, a reason, a profit."""
    usual = {
        "order_id": "61e69015-8549-4bfd-b9c3-01e75843f47d" if state.has_order else None,
        "reason": REASONS.get(state),
        "realised_profit": Decimal("-1234.50") if state is ExecutionState.CLOSED else None,
    }
    return an_execution(**{"state": state, "executor": executor} | usual | overrides)


def a_record(
    executions: Mapping[str, Execution | ExecutionState] = {},
    *,
    addressed: Iterable[str] = EXECUTORS,
    awaiting: Iterable[str] = (),
    declined: Mapping[str, str] = {},
    **signal: object,
) -> SignalRecord:
    return SignalRecord(
        StoredSignal(a_signal(**signal), "simulated", frozenset(addressed), frozenset(awaiting), declined),
        {
            executor: in_state(found, executor) if isinstance(found, ExecutionState) else found
            for executor, found in executions.items()
        },
    )


states = st.sampled_from(ExecutionState)
records = st.builds(
    a_record,
    st.dictionaries(st.sampled_from(EXECUTORS), states),
    addressed=st.frozensets(st.sampled_from(EXECUTORS)),
)
