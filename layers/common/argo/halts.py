"""Halting an account: once, durably, with its reason."""

from datetime import date, timedelta

from argo.domain.account import MarketClock, TradingState
from argo.domain.limits import DAILY_LOSS
from argo.domain.profile import BreachEnds, Profile
from argo.ports import Ports


async def halt(ports: Ports, executor: str, reason: str, *, resumes_on: date | None = None) -> bool:
    """Halt an account that is not halted yet, and tell whether it was done now.

    A halt stands as it is: a later reason does not overwrite the first. One over an operator's REDUCING does not
    end by itself, for it would end in ACTIVE.
    """
    done, now = False, ports.clock.now()
    while not done:
        account = await ports.ledger.account(executor)
        if account.trading_state is TradingState.HALTED:
            return False
        done = await ports.ledger.set_trading_state(
            executor,
            TradingState.HALTED,
            reason=reason,
            now=now,
            resumes_on=resumes_on if account.trading_state is TradingState.ACTIVE else None,
            read=account,
        )
    ports.telemetry.log.error("account_halted", executor=executor, halted_because=reason)
    return True


def breach_resumes_on(profile: Profile, limit: str, clock: MarketClock) -> date | None:
    """Return the trading day on which a breach's halt ends by itself; None leaves it to an operator."""
    if limit == DAILY_LOSS and profile.daily_loss_ends is BreachEnds.NEXT_TRADING_DAY:
        return clock.trading_day + timedelta(days=1)
    return None
