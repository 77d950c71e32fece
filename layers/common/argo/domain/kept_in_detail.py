"""Fields of an execution that its record keeps as texts of its ``detail``: workers of every version read them."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

_CLOSES, _MISSING_SINCE, _STOP, _TARGET = "leaves", "missing_since", "stop_price", "target_price"

KEPT_IN_DETAIL = frozenset({"closes", "missing_since", "sent_again", "planned_stop", "planned_target"})
"""The fields of `argo.domain.execution.Execution` that are no attributes of the record's own."""


def recorded(
    *,
    closes: str | None = None,
    missing_since: datetime | None = None,
    sent_again: bool = False,
    planned_stop: Decimal | None = None,
    planned_target: Decimal | None = None,
) -> dict[str, str]:
    """Return the fields as the texts that stand in the detail."""
    since = missing_since.isoformat() if missing_since is not None else "" if sent_again else None
    texts = {
        _STOP: None if planned_stop is None else str(planned_stop),
        _TARGET: None if planned_target is None else str(planned_target),
        _CLOSES: closes,
        _MISSING_SINCE: since,
    }
    return {name: text for name, text in texts.items() if text is not None}


def read_detail(record: Mapping[str, Any]) -> dict[str, object]:
    """Return the fields that a record's detail has; exits of an order with legs stand in its body too."""
    detail, body = record.get("detail") or {}, record.get("order_body") or {}
    missing = detail.get(_MISSING_SINCE)
    read = {
        "closes": detail.get(_CLOSES),
        "missing_since": missing or None,
        "sent_again": missing == "",
        "planned_stop": detail.get(_STOP) or _of_leg(body, "stop_loss", "stop_price"),
        "planned_target": detail.get(_TARGET) or _of_leg(body, "take_profit", "limit_price"),
    }
    return {name: value for name, value in read.items() if value}


def _of_leg(body: Mapping[str, Any], leg: str, price: str) -> object:
    legs = body.get(leg)
    return legs.get(price) if isinstance(legs, Mapping) else None
