"""One reconciler run: every open execution of an account, the longest untouched first, against the broker."""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from argo.domain.execution import Execution, ExecutionState
from argo.domain.faults import BrokerFault, Throttled, Unauthorised
from argo.domain.ledger import LostLease, ReservationConflict
from argo.domain.lists import Listed, UnreadableRecord
from argo.domain.metrics import Metric
from argo.domain.symbols import Symbol
from argo.ports import Unavailable
from argo.time_left import TimeLeft
from reconciliation.looking import Follower
from reconciliation.metered import Metered
from reconciliation.report import Report, Run, put_off
from reconciliation.sharing import check_sharing
from reconciliation.snapshot import Snapshot, is_as_known, needs_price, take
from reconciliation.unclaimed import conserve
from reconciliation.watching import record_halt, watch
from reconciliation.wiring import Wiring

EXECUTIONS_A_RUN = 5_000
"""Open executions that one run goes through; what is beyond is counted, and an account has one per symbol."""

REQUESTS_A_RUN = 60
"""Broker requests in one run, a third of the account's 200 a minute: what is left is the next run's."""

_REQUESTS_A_LOOK = 8
"""What one execution can cost at most, short of a corrected exit."""

_SECONDS_A_LOOK = 15.0
_AT_A_TIME = 5

_NO_ORDER_YET = frozenset({ExecutionState.SUBMITTING, ExecutionState.UNKNOWN})


async def reconcile(wiring: Wiring, *, seconds_left: Callable[[], float] = lambda: 60.0) -> Report:
    """Bring the account's open executions into line with the broker, and the account's own record.

    Every write is conditional and every order's id derived, so a run may end anywhere and begin again.

    Raises:
        ExceptionGroup: some executions could not be looked at for a reason nobody expected; all else is done.
    """
    run = Run(wiring, Metered(wiring.ports.broker, TimeLeft(seconds_left)), seconds_left)
    ports, report = wiring.ports, run.report
    read = await run.unless_unavailable(
        "open_executions", ports.ledger.open_executions(wiring.executor, limit=EXECUTIONS_A_RUN)
    )
    found = Listed[Execution]() if read is None else read
    report.open = None if read is None else len(found) + found.left
    report.left_unread = found.left
    report.seen_open = found
    report.unreadable = {each.name: each.why for each in found.unreadable}
    seen = await _snapshot(run, found)
    if seen is not None:
        state = await run.unless_unavailable("watch", watch(wiring, seen))
        await run.unless_unavailable("sharing", check_sharing(run, seen, found))
        for symbol in sorted(set(seen.positions) - set(state.holdings)) if state is not None else ():
            # Not Argo's to touch (FAILURES B15).
            report.problems[symbol] = "a position that no execution of Argo's holds"
            ports.telemetry.log.warning("position_without_execution", executor=wiring.executor, symbol=symbol)
    due = [execution for execution in found if _is_due(run, execution, seen)]
    failures = await _look_at_all(run, due, seen)
    if read is not None:
        await run.unless_unavailable("conservation", conserve(run))
    report.broker_requests = run.broker.requests
    await record_halt(wiring)
    report.record(ports.telemetry)
    if failures:
        raise ExceptionGroup("executions that could not be looked at; all others were", failures)
    return report


async def _snapshot(run: Run, found: Sequence[Execution]) -> Snapshot | None:
    """Read the account, None where the broker did not tell; without prices no rule that goes by them is due."""
    wiring, telemetry = run.wiring, run.ports.telemetry
    symbols = {execution.symbol for execution in found if needs_price(execution, wiring.profile.exits)}
    try:
        seen = await _take(run)
    except BrokerFault as fault:
        run.report.unanswered += 1
        telemetry.count(Metric.CREDENTIALS_REFUSED, isinstance(fault, Unauthorised))
        telemetry.log.warning("broker_did_not_answer", executor=wiring.executor, detail=fault.detail())
        return None
    try:
        return replace(seen, prices=await _prices(run, symbols)) if symbols else seen
    except BrokerFault as fault:
        run.report.unanswered += 1
        telemetry.log.warning("prices_not_told", executor=wiring.executor, detail=fault.detail())
        return seen


async def _prices(run: Run, symbols: Collection[Symbol]) -> Mapping[Symbol, Decimal]:
    return await TimeLeft(run.seconds_left).asked("prices", run.ports.market_data.latest_prices, symbols)


async def _take(run: Run) -> Snapshot:
    """Read the account, later where the broker throttles and time is left: without it nothing is guarded.

    Raises:
        BrokerFault: the broker did not tell.
    """
    clock = run.ports.clock
    try:
        return await take(run.broker, now=clock.now())
    except Throttled as fault:
        wait = fault.until - clock.now()
        if run.seconds_left() - wait.total_seconds() < _SECONDS_A_LOOK:
            raise
        await clock.sleep_until(fault.until)
        return await take(run.broker, now=clock.now())


def _is_due(run: Run, execution: Execution, seen: Snapshot | None) -> bool:
    rules = run.wiring.profile.exits
    try:
        return seen is None or not is_as_known(execution, seen, rules, run.wiring.rules.plan_repair)
    except (LookupError, ValueError, ArithmeticError):
        # The look at it says what is wrong with its record.
        return True


async def _look_at_all(run: Run, due: Iterable[Execution], seen: Snapshot | None) -> list[Exception]:
    """Look at executions as far as a run's requests and time go, those first whose record is the oldest.

    So what takes part in every run, a stop that trails for example, keeps nobody from his turn. Some at a time,
    each with its share of the requests set aside: a run never sends more than it may.
    """
    left = deque(sorted(due, key=lambda execution: (execution.updated_at, execution.signal_id)))
    failures: list[Exception] = []
    while run.seconds_left() >= _SECONDS_A_LOOK:
        sent = run.broker.requests + run.broker.second_tries
        room = min(_AT_A_TIME, (REQUESTS_A_RUN - sent) // _REQUESTS_A_LOOK, len(left))
        if room < 1:
            break
        some = [left.popleft() for _ in range(room)]
        looks = await asyncio.gather(*(_look(run, execution, seen) for execution in some))
        failures += [failure for failure in looks if failure is not None]
    run.report.left_for_next = len(left)
    return failures


async def _look(run: Run, execution: Execution, seen: Snapshot | None) -> Exception | None:
    """Look at one execution; returns the error that nobody expected, so that the others are looked at too."""
    report, log = run.report, run.ports.telemetry.log
    known = {"signal_id": execution.signal_id, "executor": run.wiring.executor}
    try:
        if await run.ports.ledger.execution(*execution.key) != execution:
            # The list that it was found in lags behind: the next run sees where it stands (FAILURES C08).
            log.info("moved_meanwhile", **known)
            return None
        if execution.state is ExecutionState.CLAIMED:
            await run.wiring.rules.expire_or_return(run, execution)
        elif execution.state in _NO_ORDER_YET:
            await run.wiring.rules.resolve(run, execution)
        elif seen is not None:
            report.looked_at += 1
            await Follower(run, seen).follow(execution)
    except BrokerFault as fault:
        report.unanswered += 1
        log.warning("broker_did_not_answer", **known, detail=fault.detail())
    except UnreadableRecord as error:
        report.unreadable[error.found.name] = error.found.why
    except Unavailable as error:
        report.put_off += 1
        put_off(run.ports, "look", error)
    except (LostLease, ReservationConflict):
        # An executor was at it or at its account meanwhile: the next run sees where it stands.
        log.info("moved_meanwhile", **known)
    except Exception as error:
        # Whatever it was, this execution alone fails: nothing that is wrong with it may stop the account's others.
        report.problems[execution.signal_id] = f"{type(error).__name__}: {error}"
        log.exception("execution_failed", **known)
        return error
    return None
