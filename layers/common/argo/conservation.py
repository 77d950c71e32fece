"""The conservation check over a window that slides with the clock."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from argo import records
from argo.domain.conservation import Conserved, conserved
from argo.domain.execution import Execution
from argo.domain.metrics import Metric
from argo.ports import Ledger, Telemetry

WINDOW = timedelta(hours=1)
"""What the check looks back over: many times a signal's life, so that whatever stays unresolved has been seen."""


async def check(
    ledger: Ledger,
    executor: str,
    *,
    now: datetime,
    window: timedelta = WINDOW,
    still_open: Iterable[Execution] = (),
) -> Conserved:
    """Sum up an account's signals created in the last ``window``.

    Signals and executions are read newest first and no further than the window. ``still_open`` are open
    executions that the caller has read already: those without an outcome stay in sight though they are older
    than the window; they are listed, not summed.
    """
    found = await records.of_window(ledger, [executor], since=now - window, now=now)
    return conserved(found, executor, now=now, still_open=still_open)


def record(telemetry: Telemetry, found: Conserved) -> None:
    """Record a check's metrics.

    The rate is left out while nothing was eligible, so an `ExecutionRate` of 0 means what the alarm is about:
    signals flow, orders don't (FAILURES A01). The gap is told without its sign: an execution whose signal is gone
    makes it negative, and the alarm is for either.
    """
    telemetry.record(Metric.CONSERVATION_GAP, abs(found.total.gap))
    telemetry.record(Metric.UNRESOLVED_EXECUTIONS, len(found.unresolved))
    telemetry.record(Metric.OLDEST_UNRESOLVED, found.oldest_unresolved_seconds)
    if found.total.execution_rate is not None:
        telemetry.record(Metric.EXECUTION_RATE, 100 * found.total.execution_rate)
