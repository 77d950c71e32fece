"""The conservation check over the ledger: of days, or of a window that slides with the clock."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from argo.domain.conservation import Conserved, Row, conserved
from argo.domain.execution import Execution
from argo.domain.ledger import Page, StoredSignal
from argo.domain.metrics import Metric
from argo.ports import Ledger, Telemetry
from argo.together import together

WINDOW = timedelta(hours=1)
"""What the check looks back over: many times a signal's life, so that whatever stays unresolved has been seen."""

_PAGE = 200
_PAGE_OF_WINDOW = 50


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
    rows = await read_window(ledger, [executor], since=now - window, now=now)
    return conserved(rows, executor, now=now, still_open=still_open)


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


async def read_rows(ledger: Ledger, executors: Sequence[str], days: Iterable[str]) -> list[Row]:
    """Read signals and executions of UTC days, in the order of the days, newest first within each."""
    rows: list[Row] = []
    for day in days:
        rows += await _read_day(ledger, executors, day, since=None)
    return rows


async def read_window(ledger: Ledger, executors: Sequence[str], *, since: datetime, now: datetime) -> list[Row]:
    """Read the signals created from ``since`` on with their executions, newest first, and nothing older."""
    rows: list[Row] = []
    last, first = now.astimezone(UTC).date(), since.astimezone(UTC).date()
    for back in range((last - first).days + 1):
        rows += await _read_day(ledger, executors, (last - timedelta(days=back)).isoformat(), since=since)
    return rows


async def _read_day(ledger: Ledger, executors: Sequence[str], day: str, *, since: datetime | None) -> list[Row]:
    """Read a day's rows from ``since`` on.

    Executions come first: a signal that appears between the two reads is then one without an execution, which
    is unresolved, and not an execution without a signal, which would be a gap.
    """
    limit = _PAGE if since is None else _PAGE_OF_WINDOW
    by_account = await together(
        *(
            _newest(partial(ledger.executions_of, executor, day, limit=limit), _execution_time, since)
            for executor in executors
        )
    )
    executions: dict[str, dict[str, Execution]] = {}
    for executor, found in zip(executors, by_account, strict=True):
        for execution in found:
            executions.setdefault(execution.signal_id, {})[executor] = execution
    signals = await _newest(partial(ledger.signals_of, day, limit=limit), _signal_time, since)
    rows = [_row(stored, executions.pop(stored.signal.signal_id, {})) for stored in signals]
    rows += await together(*(_unlisted(ledger, left) for left in executions.values()))
    return rows


async def _newest[T](
    read: Callable[..., Awaitable[Page[T]]], created: Callable[[T], datetime], since: datetime | None
) -> list[T]:
    """Read pages until there is no other, or until one has an item that is older than ``since``."""
    found: list[T] = []
    token = None
    while True:
        page = await read(token=token)
        fresh = [item for item in page.items if since is None or created(item) >= since]
        found += fresh
        token = page.next_token
        if token is None or len(fresh) < len(page.items):
            return found


async def _unlisted(ledger: Ledger, executions: Mapping[str, Execution]) -> Row:
    """Return the row of executions whose signal the list lacks: it lags behind its table, which is asked."""
    known = next(iter(executions.values()))
    stored = await ledger.signal(known.signal_id)
    if stored is not None:
        return _row(stored, executions)
    return Row(
        signal_id=known.signal_id,
        created_at=known.created_at,
        symbol=known.symbol,
        side=known.side,
        confidence=known.confidence,
        addressed=frozenset(),
        executions=executions,
    )


def _row(stored: StoredSignal, executions: Mapping[str, Execution]) -> Row:
    signal = stored.signal
    return Row(
        signal_id=signal.signal_id,
        created_at=signal.created_at,
        symbol=signal.symbol,
        side=signal.side,
        confidence=signal.confidence,
        addressed=stored.published_to | stored.awaiting,
        executions=executions,
        awaiting=stored.awaiting,
        declined=stored.declined,
    )


def _signal_time(stored: StoredSignal) -> datetime:
    return stored.signal.created_at


def _execution_time(execution: Execution) -> datetime:
    return execution.created_at
