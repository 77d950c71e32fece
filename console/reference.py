"""docs/reference.md: reasons, states, metrics, alarms and an export's columns."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from argo.domain.conservation import Standstill
from argo.domain.execution import TRANSITIONS
from argo.domain.metrics import Metric
from argo.domain.reasons import DenialReason, Obstacle, QuarantineReason, Reason, RejectionReason, Withdrawal
from console.export.columns import SIGNAL_COLUMNS, TRADE_COLUMNS, Column, Kind
from trials.proof import section
from worlds.paths import TEMPLATE
from worlds.template import read_template

_REASON = ("reason", "meaning")
_COLUMN = ("column", "type", "meaning")
_STATISTICS = {"Maximum": "the highest", "Sum": "the sum of", "SampleCount": "the number of records of"}
_COMPARED = {
    "GreaterThanThreshold": "above",
    "LessThanThreshold": "below",
    "LessThanOrEqualToThreshold": "at most",
}


def reference() -> str:
    sections = [
        "# Reference\n\nWritten by `make docs` from the code; `make check` fails when the two differ.",
        section("Why the gate or the sizing denies a signal", _REASON, _meanings(DenialReason)),
        section("Why the broker rejects an order", _REASON, _meanings(RejectionReason)),
        section("What stands in an order's way until its signal expires", _REASON, _meanings(Obstacle)),
        section("Where a signal stands that has no outcome", ("standstill", "meaning"), _meanings(Standstill)),
        section("Why a signal left the outbox without a message", _REASON, _meanings(Withdrawal)),
        section("Why a message is dead-lettered at once", _REASON, _meanings(QuarantineReason)),
        section("States of an execution", ("state", "can become", "has an order"), _states()),
        section(
            "Metrics, namespace `Argo`",
            ("metric", "unit", "meaning"),
            ((f"`{metric}`", metric.unit, metric.meaning) for metric in Metric),
        ),
        section(
            "Alarms; their runbooks are in [operations](operations.md#runbooks)",
            ("alarm", "sounds when", "missing data"),
            _alarms(),
        ),
        section(
            "Types of an export's columns; nothing known is an empty cell, or null",
            ("type", "in CSV", "in Parquet"),
            ((kind, kind.in_csv, kind.in_parquet) for kind in Kind),
        ),
        section("`argo export --what signals`: a row per signal", _COLUMN, _columns(SIGNAL_COLUMNS)),
        section(
            "`argo export --what trades`: a row per signal and account, declined ones included",
            _COLUMN,
            _columns(TRADE_COLUMNS),
        ),
    ]
    return "\n\n".join(sections) + "\n"


def _meanings(reasons: type[Reason]) -> Iterator[tuple[str, str]]:
    return ((f"`{reason}`", reason.meaning) for reason in reasons)


def _states() -> Iterator[tuple[str, str, str]]:
    for state, targets in TRANSITIONS.items():
        reachable = ", ".join(f"`{target}`" for target in sorted(targets)) or "-"
        yield f"`{state}`", reachable, "yes" if state.has_order else "no"


def _alarms() -> Iterator[tuple[str, str, str]]:
    for name, resource in read_template(TEMPLATE)["Resources"].items():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            alarm = resource["Properties"]
            yield f"`{name}`", _condition(alarm), alarm["TreatMissingData"]


def _columns[T](columns: Sequence[Column[T]]) -> Iterator[tuple[str, str, str]]:
    return ((f"`{column.name}`", column.kind, column.meaning) for column in columns)


def _condition(alarm: Mapping[str, Any]) -> str:
    if "Metrics" in alarm:
        first, *parts = alarm["Metrics"]
        watched = f"`{first['Expression']}`"
        period = parts[0]["MetricStat"]["Period"]
    else:
        watched = f"{_STATISTICS[alarm['Statistic']]} `{alarm['MetricName']}`"
        period = alarm["Period"]
    bound = f"{_COMPARED[alarm['ComparisonOperator']]} {alarm['Threshold']}"
    return f"{watched} is {bound} in {alarm['DatapointsToAlarm']} of {alarm['EvaluationPeriods']} times {period} s"
