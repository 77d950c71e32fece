"""From a signal and an account to an entry plan, or to a denial."""

from dataclasses import dataclass, replace
from decimal import Decimal

from argo.domain.client_order_ids import Leg, client_order_id
from argo.domain.orders import BracketPrices, EntryPlan, InvalidPrices, OrderClass, TimeInForce, bracket_prices
from argo.domain.prices import CRYPTO_STEP, WHOLE_SHARE
from argo.domain.profile import Profile
from argo.domain.reasons import Denial, DenialReason
from argo.domain.signal import Side, Signal
from execution.sizing import SizingInput, position_size
from execution.view import AccountView

_SHORT_COLLATERAL = Decimal("1.03")
"""A short sale binds the higher of its limit and 1.03 x the ask (reference: margin and short selling)."""

_FRACTION = CRYPTO_STEP
_LEAST_CRYPTO = Decimal(10)
_LEAST_FRACTION = Decimal(1)
"""USD that an order of coins, or of a fraction of a share, is worth at least (ALPACA, orders)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """An entry and how its size came about."""

    entry: EntryPlan
    notional: Decimal
    arithmetic: dict[str, str]


def plan_entry(
    signal: Signal, profile: Profile, account: AccountView, *, executor: str, leg: Leg = Leg.ENTRY
) -> Plan | Denial:
    """Plan the entry of a signal that has passed the gate.

    A bracket of whole shares; for coins, and where the profile allows it for less than one share, a simple order.
    """
    try:
        prices = _prices(signal, profile)
    except InvalidPrices as error:
        return Denial.of(DenialReason.INVALID_PRICES, prices=error)
    collateral = _SHORT_COLLATERAL if signal.side is Side.SELL else Decimal(1)
    unit_cost = max(prices.limit_price, signal.entry_price) * collateral
    crypto = signal.symbol.is_crypto
    given = SizingInput(
        confidence=signal.confidence,
        volatility=signal.volatility,
        unit_cost=unit_cost,
        unit_risk=abs(prices.limit_price - prices.stop_price),
        equity=account.broker.equity,
        buying_power=account.buying_power(signal.symbol),
        unreserved_buying_power=account.unreserved_buying_power(signal.symbol),
        step=CRYPTO_STEP if crypto else WHOLE_SHARE,
        minimum_notional=_LEAST_CRYPTO if crypto else Decimal(0),
    )
    size = position_size(given, profile)
    fraction = isinstance(size, Denial) and _takes_fraction(signal, profile, account)
    if fraction:
        size = position_size(replace(given, step=_FRACTION, minimum_notional=_LEAST_FRACTION), profile)
    if isinstance(size, Denial):
        return size
    simple = crypto or fraction
    entry = EntryPlan(
        client_order_id=client_order_id(executor, signal.signal_id, leg),
        symbol=signal.symbol,
        side=signal.side,
        quantity=size.shares,
        limit_price=prices.limit_price,
        stop_price=prices.stop_price,
        target_price=prices.target_price,
        time_in_force=_time_in_force(profile, crypto=crypto, fraction=fraction),
        order_class=OrderClass.SIMPLE if simple else OrderClass.BRACKET,
    )
    return Plan(entry, notional=unit_cost * size.shares, arithmetic=size.arithmetic)


def _takes_fraction(signal: Signal, profile: Profile, account: AccountView) -> bool:
    asset = account.assets.get(signal.symbol)
    takes = asset is not None and asset.tradable and asset.fractionable
    return profile.fractional and signal.side is Side.BUY and takes


def _time_in_force(profile: Profile, *, crypto: bool, fraction: bool) -> TimeInForce:
    if crypto:
        return TimeInForce.GTC
    return TimeInForce.DAY if fraction else profile.time_in_force


def _prices(signal: Signal, profile: Profile) -> BracketPrices:
    widest = signal.entry_price * profile.widest_stop_percent / 100
    stop = (
        max(signal.stop_price, signal.entry_price - widest)
        if signal.side is Side.BUY
        else min(signal.stop_price, signal.entry_price + widest)
    )
    return bracket_prices(
        side=signal.side,
        entry=signal.entry_price,
        stop=stop,
        target=signal.target_price,
        slippage=profile.slippage_percent / 100,
        asset_class=signal.symbol.asset_class,
    )
