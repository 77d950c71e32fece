"""What the executor logs of an execution."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from argo.domain.execution import Execution

if TYPE_CHECKING:
    from execution.wiring import Wiring


def tell(wiring: "Wiring", event: str, execution: Execution, **detail: str | float) -> None:
    """Log an event of an execution with the keys that every one of them has."""
    wiring.ports.telemetry.log.info(
        event,
        signal_id=execution.signal_id,
        executor=wiring.executor,
        symbol=execution.symbol,
        state=execution.state,
        reason=execution.reason,
        detail=detail,
        stacklevel=2,
    )


def milliseconds(start: datetime, end: datetime) -> float:
    """Return the time between two moments, in milliseconds."""
    return (end - start) / timedelta(milliseconds=1)
