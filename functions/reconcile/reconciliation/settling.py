"""Write a move of an execution, count it and say so."""

from typing import TYPE_CHECKING

from argo.domain.execution import Execution, ExecutionState
from argo.domain.ledger import Settlement
from reconciliation.report import Report

if TYPE_CHECKING:
    from reconciliation.wiring import Wiring


async def move_to(
    wiring: "Wiring", execution: Execution, state: ExecutionState, learnt: Settlement, report: Report
) -> Execution:
    """Settle an execution.

    Raises:
        LostLease: the execution moved meanwhile.
    """
    settled = await wiring.ports.ledger.settle(execution, state, learnt, now=wiring.ports.clock.now())
    report.moved[state] += 1
    wiring.ports.telemetry.log.info(
        "execution_moved",
        signal_id=execution.signal_id,
        executor=wiring.executor,
        state=state,
        came_from=execution.state,
        reason=learnt.reason,
    )
    return settled
