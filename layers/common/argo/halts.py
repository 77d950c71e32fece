"""Halting an account: once, durably, with its reason."""

from contextlib import suppress
from datetime import date, datetime, timedelta

from argo.domain.account import MarketClock, TradingState
from argo.domain.ledger import ReservationConflict
from argo.domain.limits import DAILY_LOSS
from argo.domain.profile import BreachEnds, Profile
from argo.ports import Clock, Ledger, Ports, Unavailable
from argo.repeating import persisted

PATIENCE = timedelta(seconds=20)
"""How long it is tried to set what a person wants of an account, where AWS is in the way."""

_OWN_PATIENCE = timedelta(seconds=5)
"""The same of a worker that halts an account itself: it finds the same cause again, and has other work."""


async def halt(ports: Ports, executor: str, reason: str, *, resumes_on: date | None = None) -> bool:
    """Halt an account that is not halted yet, and tell whether it was done now.

    A halt stands as it is: a later reason does not overwrite the first. One over an operator's REDUCING does not
    end by itself, for it would end in ACTIVE.

    Raises:
        Unavailable: AWS stood in the way all the time that there was for it.
    """
    now = ports.clock.now()

    async def set_halted() -> bool:
        account = await ports.ledger.account(executor)
        if account.trading_state is TradingState.HALTED:
            return False
        while not await ports.ledger.set_trading_state(
            executor,
            TradingState.HALTED,
            reason=reason,
            now=now,
            resumes_on=resumes_on if account.trading_state is TradingState.ACTIVE else None,
            read=account,
        ):
            account = await ports.ledger.account(executor)
            if account.trading_state is TradingState.HALTED:
                return False
        return True

    done = await persisted(set_halted, ports.clock, patience=_OWN_PATIENCE)
    if done:
        ports.telemetry.log.error("account_halted", executor=executor, halted_because=reason)
    return done


async def set_trading_state(
    ledger: Ledger,
    clock: Clock,
    executor: str,
    state: TradingState,
    *,
    reason: str,
    measure_anew: bool = False,
    patience: timedelta = PATIENCE,
) -> tuple[TradingState | None, datetime]:
    """Set what an account may do, as a person wants it.

    Where this returns, it holds: no reservation passes that began before.

    Returns:
        What the account might do before, None where that could not be read; and since when the new state holds.

    Raises:
        Unavailable: AWS stood in the way all that time: nothing is said of what the account may do now.
    """
    now = clock.now()
    until, before = now + patience, None
    with suppress(Unavailable, ReservationConflict):
        # It is told and decides nothing: a halt does not wait for an account that is being written.
        before = (await ledger.account(executor)).trading_state
    if measure_anew:
        await persisted(lambda: ledger.measure_anew(executor), clock, patience=until - clock.now())
    await persisted(
        lambda: ledger.set_trading_state(executor, state, reason=reason, now=now),
        clock,
        patience=until - clock.now(),
    )
    return before, now


def breach_resumes_on(profile: Profile, limit: str, clock: MarketClock) -> date | None:
    """Return the trading day on which a breach's halt ends by itself; None leaves it to an operator."""
    if limit == DAILY_LOSS and profile.daily_loss_ends is BreachEnds.NEXT_TRADING_DAY:
        return clock.trading_day + timedelta(days=1)
    return None
