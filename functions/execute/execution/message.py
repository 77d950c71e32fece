"""A queue message as a signal, or the reason why no retry can mend it."""

import json
import re
from dataclasses import dataclass

from pydantic import ValidationError

from argo.domain.reasons import QuarantineReason
from argo.domain.signal import SCHEMA_VERSION, SIGNAL_ID, Signal
from argo.domain.values import shown

LONGEST = 1_000
"""Characters of a detail: it goes into a message's attribute and into a record, which both have their limits."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """A body that is not a signal; ``detail`` names the fields and values, long ones cut."""

    reason: QuarantineReason
    detail: str
    signal_id: str | None = None


def read_signal(body: str) -> Signal | Malformed:
    try:
        raw = json.loads(body)
    except (ValueError, RecursionError) as error:
        return Malformed(QuarantineReason.MALFORMED, f"not JSON: {error}")
    if not isinstance(raw, dict):
        return Malformed(QuarantineReason.MALFORMED, f"not a JSON object but a {type(raw).__name__}")
    named = raw.get("signal_id")
    signal_id = named if isinstance(named, str) and re.fullmatch(SIGNAL_ID, named) else None
    version = raw.get("schema_version", SCHEMA_VERSION)
    if version != SCHEMA_VERSION:
        known = f"schema_version = {shown(version)}: this code knows {SCHEMA_VERSION}"
        return Malformed(QuarantineReason.UNKNOWN_SCHEMA_VERSION, known, signal_id)
    try:
        return Signal.model_validate_json(body)
    except ValidationError as error:
        return Malformed(QuarantineReason.MALFORMED, _explain(error), signal_id)
    except (ValueError, ArithmeticError) as error:
        # Numbers beyond what Decimal or a date can hold.
        return Malformed(QuarantineReason.MALFORMED, f"{type(error).__name__}: {error}", signal_id)


def _explain(error: ValidationError) -> str:
    problems = []
    for problem in error.errors():
        field = ".".join(str(part) for part in problem["loc"]) or "signal"
        given = "" if problem["type"] == "missing" or field == "signal" else f" = {shown(problem['input'])}"
        problems.append(f"{field}{given}: {problem['msg'].removeprefix('Value error, ')}")
    return "; ".join(problems)[:LONGEST]
