"""Position size: numbers in, shares out. Decimal throughout, rounded down."""

from dataclasses import dataclass
from decimal import Decimal

from argo.domain.prices import WHOLE_SHARE, floor_to
from argo.domain.profile import Profile
from argo.domain.reasons import Denial, DenialReason

_CENTRE = Decimal(75)
_BELOW_CENTRE = Decimal("0.75")
_REFERENCE_VOLATILITY = Decimal("0.02")
_LARGEST_VOLATILITY_FACTOR = Decimal("1.5")
_USABLE = Decimal("0.95")


@dataclass(frozen=True, slots=True)
class SizingInput:
    """What a size is made of; prices and amounts in USD, volatility a fraction.

    ``unit_cost`` is what one share or coin binds of the buying power, ``step`` the least difference between two
    quantities, ``minimum_notional`` what the broker takes at least.
    """

    confidence: Decimal
    volatility: Decimal
    unit_cost: Decimal
    unit_risk: Decimal
    equity: Decimal
    buying_power: Decimal
    unreserved_buying_power: Decimal
    step: Decimal = WHOLE_SHARE
    minimum_notional: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Size:
    """How many shares or coins, and the arithmetic that led there, for the record."""

    shares: Decimal
    arithmetic: dict[str, str]


def position_size(given: SizingInput, profile: Profile) -> Size | Denial:
    """Size a position, or say why nothing can be bought.

    ``base x (1 + (confidence - 75) / 25 x 0.5) x min(0.02 / volatility, 1.5)`` percent of buying power, capped
    by the profile; below 75 the base is taken x 0.75 (ORIGIN, sizing). The shares are further capped by the
    risk per trade at the stop and by 95 % of the unreserved buying power, then rounded **down** (A22).
    """
    if given.unit_cost <= 0 or given.unit_risk <= 0:
        return Denial.of(DenialReason.INVALID_PRICES, unit_cost=given.unit_cost, unit_risk=given.unit_risk)
    usable = given.unreserved_buying_power * _USABLE
    if usable < max(given.unit_cost * given.step, given.minimum_notional):
        return Denial.of(DenialReason.INSUFFICIENT_BUYING_POWER, usable=usable, unit_cost=given.unit_cost)
    percent = size_percent(given.confidence, given.volatility, profile)
    by_percent = given.buying_power * percent / 100 / given.unit_cost
    by_risk = given.equity * profile.risk_per_trade_percent / 100 / given.unit_risk
    by_power = usable / given.unit_cost
    shares = floor_to(max(min(by_percent, by_risk, by_power), Decimal(0)), given.step)
    arithmetic = {
        "size_percent": f"{percent:.4f}",
        "shares_by_percent": f"{by_percent:.4f}",
        "shares_by_risk": f"{by_risk:.4f}",
        "shares_by_buying_power": f"{by_power:.4f}",
        "unit_cost": str(given.unit_cost),
        "unit_risk": str(given.unit_risk),
        "buying_power": str(given.buying_power),
        "unreserved_buying_power": str(given.unreserved_buying_power),
    }
    if shares < given.step or shares * given.unit_cost < given.minimum_notional:
        return Denial(DenialReason.SIZE_BELOW_MINIMUM, arithmetic)
    return Size(shares, arithmetic | {"shares": str(shares)})


def size_percent(confidence: Decimal, volatility: Decimal, profile: Profile) -> Decimal:
    """Return the share of buying power to use, in percent, within the profile's cap."""
    if not profile.scale_size:
        return min(profile.base_size_percent, profile.size_cap_percent)
    by_confidence = 1 + (confidence - _CENTRE) / 25 * Decimal("0.5") if confidence >= _CENTRE else _BELOW_CENTRE
    by_volatility = (
        min(_REFERENCE_VOLATILITY / volatility, _LARGEST_VOLATILITY_FACTOR)
        if volatility * _LARGEST_VOLATILITY_FACTOR > _REFERENCE_VOLATILITY
        else _LARGEST_VOLATILITY_FACTOR
    )
    return min(profile.base_size_percent * by_confidence * by_volatility, profile.size_cap_percent)
