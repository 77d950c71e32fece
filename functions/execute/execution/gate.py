"""The gate: an ordered list of pure checks on every path to an order (FAILURES A18).

Each check sees the signal, the profile and the account and answers a denial with the numbers it compared, or
None. The first denial wins. Those that need no account come first, before any call to the broker.
"""

from collections.abc import Callable, Sequence

from argo.domain.account import TradingState
from argo.domain.profile import Profile
from argo.domain.reasons import Denial, DenialReason
from argo.domain.signal import Side, Signal
from execution.account import AccountView

type SignalCheck = Callable[[Signal, Profile], Denial | None]
type AccountCheck = Callable[[Signal, Profile, AccountView], Denial | None]


def confident_enough(signal: Signal, profile: Profile) -> Denial | None:
    """Deny below the profile's minimum confidence."""
    if signal.confidence >= profile.minimum_confidence:
        return None
    numbers = {"confidence": str(signal.confidence), "minimum_confidence": str(profile.minimum_confidence)}
    return Denial(DenialReason.CONFIDENCE_BELOW_MINIMUM, numbers)


def symbol_allowed(signal: Signal, profile: Profile) -> Denial | None:
    """Deny symbols off the profile's list, and crypto until its protection is built."""
    if signal.symbol.is_crypto:
        return Denial(DenialReason.SYMBOL_NOT_ALLOWED, {"symbol": signal.symbol, "unsupported": "crypto"})
    if profile.symbols is None or signal.symbol in profile.symbols:
        return None
    return Denial(
        DenialReason.SYMBOL_NOT_ALLOWED,
        {"symbol": signal.symbol, "allowed": ", ".join(sorted(profile.symbols))},
    )


def regime_allowed(signal: Signal, profile: Profile) -> Denial | None:
    """Deny regimes that the profile excludes."""
    if signal.regime not in profile.excluded_regimes:
        return None
    return Denial(DenialReason.REGIME_EXCLUDED, {"regime": signal.regime})


def trading_active(signal: Signal, profile: Profile, account: AccountView) -> Denial | None:
    """Deny while the account is halted or reducing."""
    match account.state.trading_state:
        case TradingState.HALTED:
            return Denial(DenialReason.HALTED, {"since": account.state.state_reason or "no reason given"})
        case TradingState.REDUCING:
            return Denial(DenialReason.REDUCING_ONLY, {"since": account.state.state_reason or "no reason given"})
        case TradingState.ACTIVE:
            return None


def account_open(signal: Signal, profile: Profile, account: AccountView) -> Denial | None:
    """Deny while the broker blocks the account."""
    if not account.broker.is_blocked:
        return None
    flags = {
        "status": account.broker.status,
        "trading_blocked": str(account.broker.trading_blocked),
        "account_blocked": str(account.broker.account_blocked),
        "trade_suspended_by_user": str(account.broker.trade_suspended_by_user),
    }
    return Denial(DenialReason.ACCOUNT_BLOCKED, flags)


def market_open(signal: Signal, profile: Profile, account: AccountView) -> Denial | None:
    """Deny stocks while the exchange is closed: the order would wait for another day's price."""
    if account.clock.is_open:
        return None
    return Denial(DenialReason.MARKET_CLOSED, {"next_open": account.clock.next_open.isoformat()})


def short_allowed(signal: Signal, profile: Profile, account: AccountView) -> Denial | None:
    """Deny a short sale where the account may not sell short."""
    if signal.side is Side.BUY or account.broker.shorting_enabled:
        return None
    return Denial(DenialReason.NOT_SHORTABLE, {"shorting_enabled": "False"})


SIGNAL_CHECKS: Sequence[SignalCheck] = (confident_enough, symbol_allowed, regime_allowed)
"""What the signal and the profile alone decide, in order."""

ACCOUNT_CHECKS: Sequence[AccountCheck] = (trading_active, account_open, market_open, short_allowed)
"""What needs the account, in order."""


def before_account(signal: Signal, profile: Profile) -> Denial | None:
    """Return the first denial that needs no account."""
    return next((denial for check in SIGNAL_CHECKS if (denial := check(signal, profile))), None)


def with_account(signal: Signal, profile: Profile, account: AccountView) -> Denial | None:
    """Return the first denial that needs the account."""
    return next((denial for check in ACCOUNT_CHECKS if (denial := check(signal, profile, account))), None)
