"""A signal and what became of it at every account, as plain JSON."""

from typing import Any

from argo.domain.conservation import Row
from argo.domain.values import iso


def row_as_dict(row: Row) -> dict[str, Any]:
    """Return a row as plain JSON, with full ids; money as text."""
    return {
        "time": iso(row.created_at),
        "signal_id": row.signal_id,
        "symbol": row.symbol,
        "side": row.side,
        "confidence": float(row.confidence),
        "executions": {
            executor: {
                "state": execution.state,
                "order_id": execution.order_id,
                "client_order_id": execution.client_order_id,
                "reason": execution.reason,
                "realised_profit": None if (profit := execution.realised_profit) is None else str(profit),
            }
            for executor, execution in row.executions.items()
        },
    }
