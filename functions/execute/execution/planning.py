"""From a signal and an account to an entry plan, or to a denial."""

from dataclasses import dataclass
from decimal import Decimal

from argo.domain.execution import client_order_id
from argo.domain.orders import BracketPrices, EntryPlan, InvalidPrices, bracket_prices
from argo.domain.profile import Profile
from argo.domain.reasons import Denial, DenialReason
from argo.domain.signal import Side, Signal
from execution.account import AccountView
from execution.sizing import SizingInput, position_size

_SHORT_COLLATERAL = Decimal("1.03")
"""A short sale binds the higher of its limit and 1.03 x the ask (reference: margin and short selling)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """An entry and how its size came about."""

    entry: EntryPlan
    notional: Decimal
    arithmetic: dict[str, str]


def plan_entry(signal: Signal, profile: Profile, account: AccountView, *, executor: str) -> Plan | Denial:
    """Plan a bracket for a signal that has passed the gate."""
    try:
        prices = _prices(signal, profile)
    except InvalidPrices as error:
        return Denial(DenialReason.INVALID_PRICES, {"prices": str(error)})
    collateral = _SHORT_COLLATERAL if signal.side is Side.SELL else Decimal(1)
    unit_cost = max(prices.limit_price, signal.entry_price) * collateral
    size = position_size(
        SizingInput(
            confidence=signal.confidence,
            volatility=signal.volatility,
            unit_cost=unit_cost,
            unit_risk=abs(prices.limit_price - prices.stop_price),
            equity=account.broker.equity,
            buying_power=account.broker.buying_power,
            unreserved_buying_power=account.unreserved_buying_power,
        ),
        profile,
    )
    if isinstance(size, Denial):
        return size
    entry = EntryPlan(
        client_order_id=client_order_id(executor, signal.signal_id),
        symbol=signal.symbol,
        side=signal.side,
        quantity=size.shares,
        limit_price=prices.limit_price,
        stop_price=prices.stop_price,
        target_price=prices.target_price,
        time_in_force=profile.time_in_force,
    )
    return Plan(entry, notional=unit_cost * size.shares, arithmetic=size.arithmetic)


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
