"""The account watched: its equity's marks kept, its breaches latched, a halt that was to pass taken back."""

from argo.domain.account import AccountState, TradingState
from argo.domain.ledger import ReservationConflict
from argo.domain.limits import breached, loss_limits, marks
from argo.domain.metrics import Metric
from argo.halts import breach_resumes_on, halt
from reconciliation.snapshot import Snapshot
from reconciliation.wiring import Wiring


async def watch(wiring: Wiring, seen: Snapshot) -> AccountState:
    """Record what the account is worth, and halt or resume it by its profile's loss limits (FAILURES A19, A25).

    Returns:
        The account as it was read.
    """
    state = await wiring.ports.ledger.account(wiring.executor)
    known = marks(state, seen.account, seen.clock)
    await wiring.ports.ledger.observe(state, known, now=wiring.ports.clock.now())
    wiring.ports.telemetry.record(Metric.EQUITY, float(known.equity))
    wiring.ports.telemetry.record(Metric.DAILY_PROFIT, float(known.equity - known.day_start))
    if state.resumes_on is not None and seen.clock.trading_day >= state.resumes_on:
        await wiring.ports.ledger.set_trading_state(
            wiring.executor,
            TradingState.ACTIVE,
            reason=f"a new trading day after: {state.state_reason}",
            now=wiring.ports.clock.now(),
            read=state,
        )
        day = str(seen.clock.trading_day)
        wiring.ports.telemetry.log.info("account_resumed", executor=wiring.executor, trading_day=day)
    limit = breached(loss_limits(wiring.profile, known))
    if limit is not None:
        await halt(
            wiring.ports,
            wiring.executor,
            f"{limit.name}: {limit.used:.2f} USD of {limit.limit:.2f} lost, equity {known.equity:.2f}",
            resumes_on=breach_resumes_on(wiring.profile, limit.name, seen.clock),
        )
    return state


async def tell_standing(wiring: Wiring) -> None:
    """Record whether the account is halted, as it stands after everything else in the run.

    Also when the broker did not answer: refused credentials are what halts an account first. An account in the
    middle of a transaction says nothing this time.
    """
    try:
        account = await wiring.ports.ledger.account(wiring.executor)
    except ReservationConflict:
        return
    wiring.ports.telemetry.record(Metric.ACCOUNT_HALTED, account.trading_state is TradingState.HALTED)
