"""The gate's checks that go by the ledger's record of the account, pure; the protections are among them.

A protection gives an account or a symbol a rest after trades that have ended; one without a table in the profile
is switched off.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate

from argo.domain.account import AccountState, TradingState
from argo.domain.profile import Profile
from argo.domain.reasons import Denial, DenialReason
from argo.domain.signal import Signal


def trading_active(signal: Signal, profile: Profile, state: AccountState, now: datetime) -> Denial | None:
    """Deny while the account is halted or reducing."""
    if state.trading_state is TradingState.ACTIVE:
        return None
    numbers = {"because": state.state_reason or "no reason given"}
    if state.state_since is not None:
        numbers["since"] = state.state_since.isoformat()
    if state.resumes_on is not None:
        numbers["resumes_on"] = state.resumes_on.isoformat()
    halted = state.trading_state is TradingState.HALTED
    return Denial(DenialReason.HALTED if halted else DenialReason.REDUCING_ONLY, numbers)


def symbol_free(signal: Signal, profile: Profile, state: AccountState, now: datetime) -> Denial | None:
    """Deny a symbol that another execution holds."""
    holding = state.holdings.get(signal.symbol)
    if holding is None or holding.signal_id == signal.signal_id:
        return None
    return Denial.of(DenialReason.ALREADY_POSITIONED, symbol=signal.symbol, held_by=holding.signal_id)


def cooldown(signal: Signal, profile: Profile, state: AccountState, now: datetime) -> Denial | None:
    """Deny a symbol for some minutes after its last trade was closed."""
    rules = profile.protections.cooldown
    ended = [trade.at for trade in state.exits if trade.symbol == signal.symbol]
    if rules is None or not ended:
        return None
    until = max(ended) + timedelta(minutes=rules.minutes)
    if until <= now:
        return None
    return Denial.of(DenialReason.COOLDOWN, until=until.isoformat(), last_exit=max(ended).isoformat())


def stop_loss_guard(signal: Signal, profile: Profile, state: AccountState, now: datetime) -> Denial | None:
    """Deny every symbol from the stop loss on that was one too many within the time."""
    rules = profile.protections.stop_loss_guard
    if rules is None:
        return None
    stops = sorted(trade.at for trade in state.exits if trade.leg == "stop_loss")
    window = timedelta(minutes=rules.within_minutes)
    for first, last in reversed(list(zip(stops, stops[rules.stops - 1 :], strict=False))):
        until = last + timedelta(minutes=rules.lock_minutes)
        if last - first <= window and until > now:
            numbers = {"stop_losses": rules.stops, "since": first.isoformat()}
            return Denial.of(DenialReason.STOP_LOSS_GUARD, until=until.isoformat(), **numbers)
    return None


def drawdown_guard(signal: Signal, profile: Profile, state: AccountState, now: datetime) -> Denial | None:
    """Deny every symbol from the trade on with which the fall of the realised profit reached its limit.

    The fall is from the highest point of the summed profits before it. An account whose equity nobody has observed
    yet counts as fallen with its first loss.
    """
    rules = profile.protections.drawdown_guard
    if rules is None:
        return None
    window = timedelta(minutes=rules.within_minutes)
    limit = (state.equity or Decimal(0)) * rules.drawdown_percent / 100
    trades = sorted(state.exits, key=lambda trade: trade.at)
    for last in reversed(range(len(trades))):
        ended = trades[last].at
        until = ended + timedelta(minutes=rules.lock_minutes)
        fall = _fall([trade.profit for trade in trades[: last + 1] if ended - trade.at <= window])
        if until > now and fall > 0 and fall >= limit:
            numbers = {"fall": f"{fall:.2f}", "limit": f"{limit:.2f}"}
            return Denial.of(DenialReason.DRAWDOWN_LIMIT, until=until.isoformat(), **numbers)
    return None


def _fall(profits: list[Decimal]) -> Decimal:
    """Return how far the sum of profits has fallen from its highest point."""
    sums = list(accumulate(profits, initial=Decimal(0)))
    return max(sums) - sums[-1]


def within_order_rate(signal: Signal, profile: Profile, state: AccountState, now: datetime) -> Denial | None:
    """Deny more orders in a minute than the profile allows."""
    orders = state.orders_in_minute(now)
    if profile.orders_per_minute is None or orders < profile.orders_per_minute:
        return None
    limit = profile.orders_per_minute
    return Denial.of(DenialReason.ORDER_RATE_LIMIT, orders_this_minute=orders, orders_per_minute=limit)
