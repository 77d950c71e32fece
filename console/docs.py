"""`argo docs`: docs/reference.md, policies.md and proof.md, written from the code."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from argo.domain.conservation import Standstill
from argo.domain.execution import TRANSITIONS
from argo.domain.metrics import Metric
from argo.domain.reasons import DenialReason, Obstacle, QuarantineReason, Reason, RejectionReason
from console.export.columns import SIGNAL_COLUMNS, TRADE_COLUMNS, Column, Kind
from console.markdown import section
from console.policies import policies
from trials.proof import PROOF, proof, read_record
from worlds.paths import PROJECT, TEMPLATE
from worlds.template import read_template

REFERENCE, POLICIES = PROJECT / "docs" / "reference.md", PROJECT / "docs" / "policies.md"

_COLUMN = ("column", "type", "meaning")
_STATISTICS = {"Maximum": "the highest", "Sum": "the sum of", "SampleCount": "the number of records of"}
_COMPARED = {
    "GreaterThanThreshold": "above",
    "LessThanThreshold": "below",
    "LessThanOrEqualToThreshold": "at most",
}


def docs(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail when a file is not up to date.")
    ] = False,
) -> None:
    """Write docs/reference.md, policies.md and proof.md from the code."""
    if not check:
        write_docs()
        return
    stale = _stale()
    for path in stale:
        typer.echo(f"{path.relative_to(PROJECT)} is not up to date: run `make docs`", err=True)
    raise typer.Exit(1 if stale else 0)


def write_docs() -> None:
    """Write every generated file that is not up to date."""
    for path, text in _stale().items():
        path.write_text(text, encoding="utf-8")


def _stale() -> dict[Path, str]:
    """Return what the files that are not up to date should say."""
    generated = {
        REFERENCE: reference(),
        POLICIES: policies(),
        PROOF: proof(read_record().caught),
    }
    return {path: text for path, text in generated.items() if _read(path) != text}


def reference() -> str:
    """Return the whole file."""
    sections = [
        "# Reference\n\nWritten by `make docs` from the code; `make check` fails when the two differ.",
        section("Why the gate or the sizing denies a signal", ("reason", "meaning"), _reasons(DenialReason)),
        section("Why the broker rejects an order", ("reason", "meaning"), _reasons(RejectionReason)),
        section(
            "What stands in an order's way until its signal expires", ("reason", "meaning"), _reasons(Obstacle)
        ),
        section("Where a signal stands that has no outcome", ("standstill", "meaning"), _reasons(Standstill)),
        section("Why a message is dead-lettered at once", ("reason", "meaning"), _reasons(QuarantineReason)),
        section("States of an execution", ("state", "can become", "has an order"), _states()),
        section("Metrics, namespace `Argo`", ("metric", "unit", "meaning"), _metrics()),
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


def _reasons(reasons: type[Reason]) -> list[tuple[str, str]]:
    return [(f"`{reason}`", reason.meaning) for reason in reasons]


def _states() -> list[tuple[str, str, str]]:
    return [
        (
            f"`{state}`",
            ", ".join(f"`{target}`" for target in sorted(targets)) or "-",
            "yes" if state.has_order else "no",
        )
        for state, targets in TRANSITIONS.items()
    ]


def _metrics() -> list[tuple[str, str, str]]:
    return [(f"`{metric}`", metric.unit, metric.meaning) for metric in Metric]


def _alarms() -> list[tuple[str, str, str]]:
    return [
        (f"`{name}`", _condition(each["Properties"]), each["Properties"]["TreatMissingData"])
        for name, each in read_template(TEMPLATE)["Resources"].items()
        if each["Type"] == "AWS::CloudWatch::Alarm"
    ]


def _columns[T](columns: Sequence[Column[T]]) -> list[tuple[str, str, str]]:
    return [(f"`{column.name}`", column.kind, column.meaning) for column in columns]


def _condition(alarm: Mapping[str, Any]) -> str:
    """Return when an alarm sounds."""
    if "Metrics" in alarm:
        first, *parts = alarm["Metrics"]
        watched = f"`{first['Expression']}`"
        period = parts[0]["MetricStat"]["Period"]
    else:
        watched = f"{_STATISTICS[alarm['Statistic']]} `{alarm['MetricName']}`"
        period = alarm["Period"]
    bound = f"{_COMPARED[alarm['ComparisonOperator']]} {alarm['Threshold']}"
    return f"{watched} is {bound} in {alarm['DatapointsToAlarm']} of {alarm['EvaluationPeriods']} times {period} s"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
