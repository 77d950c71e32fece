"""The account watched: its equity's marks kept, its breaches latched, a halt that was to pass taken back."""

from argo.domain.account import TradingState
from argo.domain.limits import breached, loss_limits, marks
from argo.halts import breach_resumes_on, halt
from reconciliation.wiring import Wiring


async def watch(wiring: Wiring) -> None:
    """Record what the account is worth, and halt or resume it by its profile's loss limits (FAILURES A19, A25).

    Raises:
        BrokerFault: the broker did not tell; the marks stay as they are.
    """
    state = await wiring.ledger.account(wiring.executor)
    account, clock = await wiring.broker.account(), await wiring.broker.clock()
    known = marks(state, account, clock)
    await wiring.ledger.observe(state, known, now=wiring.clock.now())
    if state.resumes_on is not None and clock.trading_day >= state.resumes_on:
        await wiring.ledger.set_trading_state(
            wiring.executor,
            TradingState.ACTIVE,
            reason=f"a new trading day after: {state.state_reason}",
            now=wiring.clock.now(),
        )
        wiring.telemetry.log.info("account_resumed", executor=wiring.executor, trading_day=str(clock.trading_day))
    limit = breached(loss_limits(wiring.profile, known))
    if limit is not None:
        await halt(
            wiring.ledger,
            wiring.telemetry,
            wiring.executor,
            f"{limit.name}: {limit.used:.2f} USD of {limit.limit:.2f} lost, equity {account.equity:.2f}",
            now=wiring.clock.now(),
            resumes_on=breach_resumes_on(wiring.profile, limit.name, clock),
        )
