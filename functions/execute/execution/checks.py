"""The gate's checks, pure: each sees the signal, the profile and what is known, and answers a denial or None.

A denial has the numbers that were compared.
"""

from argo.domain.limits import DAILY_LOSS, DRAWDOWN, breached, loss_limits, marks
from argo.domain.profile import Profile
from argo.domain.reasons import Denial, DenialReason
from argo.domain.signal import Side, Signal
from argo.domain.symbols import Symbol, groups_of
from execution.planning import Plan
from execution.view import AccountView

LOSS_LIMITS = {DenialReason.DAILY_LOSS_LIMIT: DAILY_LOSS, DenialReason.DRAWDOWN_LIMIT: DRAWDOWN}
"""The loss limit that a denial of an account's checks says is used up."""

NOT_ARGOS = "no order of Argo's"
"""Who holds a symbol that the account has and the ledger does not know."""


def confident_enough(signal: Signal, profile: Profile) -> Denial | None:
    """Deny below the profile's minimum confidence."""
    if signal.confidence >= profile.minimum_confidence:
        return None
    return Denial.of(
        DenialReason.CONFIDENCE_BELOW_MINIMUM,
        confidence=signal.confidence,
        minimum_confidence=profile.minimum_confidence,
    )


def symbol_allowed(signal: Signal, profile: Profile) -> Denial | None:
    """Deny symbols off the profile's list."""
    if profile.symbols is None or signal.symbol in profile.symbols:
        return None
    allowed = ", ".join(sorted(profile.symbols))
    return Denial.of(DenialReason.SYMBOL_NOT_ALLOWED, symbol=signal.symbol, allowed=allowed)


def regime_allowed(signal: Signal, profile: Profile) -> Denial | None:
    """Deny regimes that the profile excludes."""
    if signal.regime not in profile.excluded_regimes:
        return None
    excluded = ", ".join(sorted(profile.excluded_regimes))
    return Denial.of(DenialReason.REGIME_EXCLUDED, regime=signal.regime, excluded=excluded)


def crypto_long_only(signal: Signal, profile: Profile) -> Denial | None:
    """Deny a sale of coins that are not held: crypto cannot be sold short."""
    if not signal.symbol.is_crypto or signal.side is Side.BUY:
        return None
    return Denial.of(DenialReason.CRYPTO_SHORT, symbol=signal.symbol)


def account_open(signal: Signal, profile: Profile, account: AccountView) -> Denial | None:
    """Deny while the broker blocks the account."""
    broker = account.broker
    if not broker.is_blocked:
        return None
    flags = ("status", "trading_blocked", "account_blocked", "trade_suspended_by_user")
    return Denial.of(DenialReason.ACCOUNT_BLOCKED, **{flag: getattr(broker, flag) for flag in flags})


def market_open(signal: Signal, profile: Profile, account: AccountView) -> Denial | None:
    """Deny stocks while the exchange is closed: the order would wait for another day's price."""
    if signal.symbol.is_crypto or account.clock.is_open:
        return None
    return Denial.of(DenialReason.MARKET_CLOSED, next_open=account.clock.next_open.isoformat())


def short_allowed(signal: Signal, profile: Profile, account: AccountView) -> Denial | None:
    """Deny a short sale that the profile, the account or the asset does not allow."""
    if signal.side is Side.BUY:
        return None
    asset = account.assets.get(signal.symbol)
    allowed = {
        "profile_shorts": profile.shorts,
        "shorting_enabled": account.broker.shorting_enabled,
        "shortable": asset is not None and asset.tradable and asset.shortable,
    }
    if all(allowed.values()):
        return None
    return Denial.of(DenialReason.NOT_SHORTABLE, **allowed)


def not_positioned(signal: Signal, profile: Profile, account: AccountView) -> Denial | None:
    """Deny a symbol that the account holds or has ordered without Argo: it is not Argo's to touch (B15)."""
    if signal.symbol not in account.held or signal.symbol in account.state.holdings:
        return None
    return Denial.of(DenialReason.ALREADY_POSITIONED, symbol=signal.symbol, held_by=NOT_ARGOS)


def within_position_limit(signal: Signal, profile: Profile, account: AccountView) -> Denial | None:
    """Deny one position too many."""
    held = len(account.held - {signal.symbol})
    if profile.position_limit is None or held < profile.position_limit:
        return None
    return Denial.of(DenialReason.POSITION_LIMIT, positions=held, position_limit=profile.position_limit)


def within_correlation_limit(signal: Signal, profile: Profile, account: AccountView) -> Denial | None:
    """Deny one position too many in a group of symbols that move together."""
    limit = profile.correlated_positions
    if limit is None:
        return None
    others = [_symbol(name) for name in sorted(account.held - {signal.symbol})]
    for group in groups_of(signal.symbol, profile.correlation_groups):
        together = [s for s in others if s is not None and group in groups_of(s, profile.correlation_groups)]
        if len(together) >= limit:
            held = ", ".join(together)
            return Denial.of(DenialReason.CORRELATION_LIMIT, group=group, held=held, correlated_positions=limit)
    return None


def within_loss_limits(signal: Signal, profile: Profile, account: AccountView) -> Denial | None:
    """Deny when the day's loss or the drawdown has used up its limit."""
    known = marks(account.state, account.broker, account.clock)
    limit = breached(loss_limits(profile, known))
    if limit is None:
        return None
    numbers = {"loss": f"{limit.used:.2f}", "limit": f"{limit.limit:.2f}", "equity": f"{known.equity:.2f}"}
    return Denial(next(reason for reason, name in LOSS_LIMITS.items() if name == limit.name), numbers)


def price_still_there(signal: Signal, profile: Profile, account: AccountView) -> Denial | None:
    """Deny when the market has moved away from the signal's price, or has none (FAILURES A30)."""
    allowed = profile.price_drift_percent
    if allowed is None:
        return None
    price = account.prices.get(signal.symbol)
    numbers = {"entry_price": str(signal.entry_price), "price_drift_percent": str(allowed)}
    if price is None:
        return Denial(DenialReason.PRICE_DRIFTED, numbers | {"last_price": "none"})
    drift = abs(price - signal.entry_price) / signal.entry_price * 100
    if drift <= allowed:
        return None
    moved = {"last_price": str(price), "drift_percent": f"{drift:.4f}"}
    return Denial(DenialReason.PRICE_DRIFTED, numbers | moved)


def within_exposure(plan: Plan, profile: Profile, account: AccountView) -> Denial | None:
    """Deny a size that would carry the account past its total exposure."""
    if profile.exposure_limit_percent is None:
        return None
    limit = account.broker.equity * profile.exposure_limit_percent / 100
    exposure, notional = account.exposure, plan.notional
    if exposure + notional <= limit:
        return None
    numbers = {"exposure": f"{exposure:.2f}", "notional": f"{notional:.2f}", "limit": f"{limit:.2f}"}
    return Denial(DenialReason.EXPOSURE_LIMIT, numbers)


def _symbol(name: str) -> Symbol | None:
    try:
        return Symbol(name)
    except ValueError:
        return None  # An option, say: it is in no group.
