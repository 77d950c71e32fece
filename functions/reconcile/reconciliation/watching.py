"""The account watched: its equity's marks kept, its breaches latched, a halt that was to pass taken back."""

from argo.domain.account import AccountState, TradingState
from argo.domain.ledger import ReservationConflict
from argo.domain.limits import breached, loss_limits, marks
from argo.domain.metrics import Metric
from argo.halts import breach_resumes_on, halt
from argo.ports import Unavailable
from reconciliation.report import put_off
from reconciliation.snapshot import Snapshot
from reconciliation.wiring import Wiring


async def watch(wiring: Wiring, seen: Snapshot) -> AccountState:
    """Record what the account is worth, and halt or resume it by its profile's loss limits (FAILURES A19, A25).

    Returns:
        The account as it was read.
    """
    ports, executor, day = wiring.ports, wiring.executor, seen.clock.trading_day
    state = await ports.ledger.account(executor)
    known = marks(state, seen.account, seen.clock)
    try:
        await ports.ledger.observe(state, known, now=ports.clock.now())
    except Unavailable as error:
        # A mark that can't be written costs the mark and nothing else (FAILURES C01).
        put_off(ports, "observe", error)
    ports.telemetry.record(Metric.EQUITY, float(known.equity))
    ports.telemetry.record(Metric.DAILY_PROFIT, float(known.equity - known.day_start))
    if state.resumes_on is not None and day >= state.resumes_on:
        why, now = f"a new trading day after: {state.state_reason}", ports.clock.now()
        # Nothing is lifted where a person has set the account since it was read.
        try:
            done = await ports.ledger.set_trading_state(
                executor, TradingState.ACTIVE, reason=why, now=now, read=state
            )
        except Unavailable as error:
            put_off(ports, "resume", error)
            done = False
        if done:
            ports.telemetry.log.info("account_resumed", executor=executor, trading_day=str(day))
    limit = breached(loss_limits(wiring.profile, known))
    if limit is not None:
        lost = f"{limit.name}: {limit.used:.2f} USD of {limit.limit:.2f} lost, equity {known.equity:.2f}"
        resumes_on = breach_resumes_on(wiring.profile, limit.name, seen.clock)
        await halt(ports, executor, lost, resumes_on=resumes_on)
    return state


async def record_halt(wiring: Wiring) -> None:
    """Record whether the account is halted, as it stands after everything else in the run.

    Also when the broker did not answer: refused credentials are what halts an account first. An account in the
    middle of a transaction says nothing this time.
    """
    try:
        account = await wiring.ports.ledger.account(wiring.executor)
    except ReservationConflict:
        return
    except Unavailable as error:
        put_off(wiring.ports, "record_halt", error)
        return
    wiring.ports.telemetry.record(Metric.ACCOUNT_HALTED, account.trading_state is TradingState.HALTED)
