"""Signals whose message disappeared: they end with a reason, and are counted until then (FAILURES C07)."""

from datetime import timedelta

from argo.domain.conservation import Conserved
from argo.domain.execution import ExecutionState
from argo.domain.ledger import Claimed, LostLease, Settlement
from argo.domain.lists import UnreadableRecord
from argo.domain.metrics import Metric
from argo.domain.reasons import Obstacle
from argo.domain.signal import Signal
from argo.records import check_conservation
from reconciliation.report import Run

AFTER_EXPIRY = timedelta(minutes=15)
"""How long an executor may still receive it, and end it itself; the alarms have sounded by then."""

LONGEST_KEPT = timedelta(days=14)
"""How long a queue keeps a message at most: a new account is looked at from there."""

_ENDED_AT_ONCE = 100
_SECONDS_TO_END = 5.0
_LEASE = timedelta(seconds=30)
_ACCOUNTED_EVERY = timedelta(minutes=10)
"""How far the time that is kept moves at least: what is read twice until then costs less than a write a minute."""


async def conserve(run: Run) -> None:
    """Sum the account up, end what was published and never claimed, and keep how far all is accounted for."""
    ledger, executor, now, report = run.ports.ledger, run.wiring.executor, run.now(), run.report
    since = await ledger.accounted_until(executor) or now - LONGEST_KEPT
    found = await check_conservation(ledger, executor, now=now, still_open=report.seen_open, since=since)
    report.conserved = found
    report.unreadable |= {each.name: each.why for each in found.unreadable}
    await run.wiring.rules.end_unclaimed(run, found)
    until = found.accounted_until
    if until is not None and (until - since >= _ACCOUNTED_EVERY or until.date() > since.date()):
        await ledger.account_until(executor, until)


async def end_unclaimed(run: Run, found: Conserved) -> None:
    """End signals that nobody has claimed some time after they expired, the oldest first.

    It is done by a claim of their own, so an executor that receives one in this moment finds it held, and then
    ended; and one that the executor has claimed first is left to it.
    """
    now = run.now()
    due = sorted(
        (signal for signal in found.unclaimed if now >= signal.expires_at + AFTER_EXPIRY),
        key=lambda signal: (signal.created_at, signal.signal_id),
    )
    ended = 0
    for signal in due[:_ENDED_AT_ONCE]:
        if run.seconds_left() < _SECONDS_TO_END:
            break
        await _end(run, signal)
        ended += 1
    if left := len(due) - ended:
        run.ports.telemetry.log.warning("unclaimed_signals_left", executor=run.wiring.executor, signals=left)


async def _end(run: Run, signal: Signal) -> None:
    ledger, executor, telemetry = run.ports.ledger, run.wiring.executor, run.ports.telemetry
    try:
        if await ledger.execution(signal.signal_id, executor) is not None:
            return  # The list lags behind.
        claim = await ledger.claim(signal, executor, now=run.now(), lease=_LEASE)
        if not isinstance(claim, Claimed) or claim.taken_over:
            return  # Somebody was quicker; what he has left behind is another run's.
        await run.move_to(claim.execution, ExecutionState.EXPIRED, Settlement(reason=Obstacle.NEVER_DELIVERED))
    except LostLease:
        telemetry.log.info("moved_meanwhile", signal_id=signal.signal_id, executor=executor)
    except UnreadableRecord as error:
        run.report.unreadable[error.found.name] = error.found.why
    else:
        telemetry.count(Metric.SIGNALS_EXPIRED, reason=Obstacle.NEVER_DELIVERED)
