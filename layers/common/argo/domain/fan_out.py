"""Which accounts a signal is sent to."""

from argo.domain.account import Holding
from argo.domain.profile import Profile
from argo.domain.reasons import DenialReason
from argo.domain.signal import Signal


def wants(signal: Signal, profile: Profile, holding: Holding | None = None) -> bool:
    """Tell whether an account wants a signal: one that it may enter on, or that is its exit.

    ``holding`` is the account's lock of the symbol. A signal against it closes the position, so neither
    confidence nor regime nor the list of symbols keeps it away (FAILURES A20). The gate decides all the same:
    this only spares messages whose answer is known.
    """
    return declined(signal, profile) is None or (holding is not None and holding.side is not signal.side)


def declined(signal: Signal, profile: Profile) -> DenialReason | None:
    """Return why an account would not enter on a signal, by what its profile says of signals alone."""
    if signal.confidence < profile.minimum_confidence:
        return DenialReason.CONFIDENCE_BELOW_MINIMUM
    if profile.symbols is not None and signal.symbol not in profile.symbols:
        return DenialReason.SYMBOL_NOT_ALLOWED
    if signal.regime in profile.excluded_regimes:
        return DenialReason.REGIME_EXCLUDED
    return None
