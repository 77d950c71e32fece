"""Fields of an execution that its record keeps as texts of its ``detail``: workers of every version read them."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from argo.domain.sizes import cut_all, size_of

_CLOSES, _MISSING_SINCE, _STOP, _TARGET = "leaves", "missing_since", "stop_price", "target_price"

_NAMES = (_CLOSES, _MISSING_SINCE, _STOP, _TARGET)
_EACH, _MOST = 1_000, 5_000
"""Bytes of one text of a detail, and of all of it."""

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
        "missing_since": missing,
        "sent_again": missing == "",
        "planned_stop": detail.get(_STOP) or _of_leg(body, "stop_loss", "stop_price"),
        "planned_target": detail.get(_TARGET) or _of_leg(body, "take_profit", "limit_price"),
    }
    return {name: value for name, value in read.items() if value}


def kept_detail(known: Mapping[str, str], learnt: Mapping[str, str]) -> dict[str, str]:
    """Return a record's detail with what is learnt; where that is too much, what is known longest is left out."""
    told = {**known, **learnt}
    if size_of(told) <= _MOST:
        return told
    latest_first = {name: told[name] for name in (*learnt, *known) if name not in _NAMES}
    fields = {name: text for name, text in told.items() if name in _NAMES}
    return cut_all(latest_first, each=_EACH, together=_MOST) | fields


def _of_leg(body: Mapping[str, Any], leg: str, price: str) -> object:
    legs = body.get(leg)
    return legs.get(price) if isinstance(legs, Mapping) else None
