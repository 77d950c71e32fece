"""One account's rules: its table in argo.toml, and which signals it is sent by them."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from argo.domain.account import Holding
from argo.domain.orders import TimeInForce
from argo.domain.reasons import DenialReason
from argo.domain.signal import Regime, Signal
from argo.domain.symbols import GROUPS, Symbol
from argo.domain.tables import (
    ConfigurationError,
    LargePercent,
    MarginPercent,
    SmallPercent,
    Table,
    not_below,
    parse_table,
    read_tables,
)
from argo.domain.values import Confidence, Percent

Minutes = Annotated[int, Field(ge=1, le=10_080)]
"""Whole minutes, up to a week."""

Slippage = Annotated[Percent, Field(le=5), not_below(Decimal("0.01"), "0.01-5 (0.25, not 0.0025), or 0")]

Count = Annotated[int, Field(ge=1, le=1_000)]


class DrawdownBasis(StrEnum):
    """What a drawdown is measured from: the equity's highest mark, or the equity the account began with."""

    TRAILING = "trailing"
    STATIC = "static"


class BreachEnds(StrEnum):
    """When a daily-loss breach stops holding the account."""

    BY_OPERATOR = "operator"
    NEXT_TRADING_DAY = "next_trading_day"


class CooldownRules(Table):
    """``[protections.cooldown]``: a symbol rests for ``minutes`` after its last trade was closed."""

    minutes: Minutes


class StopLossGuardRules(Table):
    """``[protections.stop_loss_guard]``: ``stops`` stop losses within a time lock the account for a time."""

    stops: Count
    within_minutes: Minutes
    lock_minutes: Minutes


class DrawdownGuardRules(Table):
    """``[protections.drawdown_guard]``: a fall of the realised profit within a time locks for a time.

    ``drawdown_percent`` is of the account's equity.
    """

    drawdown_percent: SmallPercent
    within_minutes: Minutes
    lock_minutes: Minutes


class Protections(Table):
    """Locks that pass by themselves; each is off until it has a table."""

    cooldown: CooldownRules | None = None
    stop_loss_guard: StopLossGuardRules | None = None
    drawdown_guard: DrawdownGuardRules | None = None

    @property
    def looks_back(self) -> timedelta:
        """How far back closed trades matter to any of them."""
        guards = (self.stop_loss_guard, self.drawdown_guard)
        spans = [rules.within_minutes + rules.lock_minutes for rules in guards if rules is not None]
        if self.cooldown:
            spans.append(self.cooldown.minutes)
        return timedelta(minutes=max(spans, default=0))


class OnUnprotected(StrEnum):
    """What becomes of a position that the broker will not guard."""

    FLATTEN = "flatten"
    WARN = "warn"


class ExitRules(Table):
    """``[exits]``: when a position is left, or its stop moved, before its stop or target is met.

    ``break_even_at_r`` moves the stop to the entry once the gain is so many times the risk, ``trail_r`` keeps it
    so many times the risk behind the price. ``bars`` are of the signal's timeframe, counted from the entry's
    fill. ``unprotected`` says what becomes of a position whose protective orders the broker refuses twice.
    """

    break_even_at_r: Annotated[Decimal, Field(gt=0, le=100)] | None = None
    trail_r: Annotated[Decimal, Field(gt=0, le=100)] | None = None
    bars: Annotated[int, Field(ge=1, le=100_000)] | None = None
    minutes_before_close: Annotated[int, Field(ge=1, le=240)] | None = None
    unprotected: OnUnprotected = OnUnprotected.FLATTEN


class Profile(Table):
    """One account's rules; percentages are 0-100.

    Sizes are percent of buying power, the risk per trade, the loss and the exposure limits of equity, stops,
    slippage and drift of the entry price. ``slippage_percent`` is how far past the signal's price the limit
    order may pay, ``price_drift_percent`` how far the market may have moved from it. ``time_in_force`` holds
    for a bracket's exits too: ``day`` leaves a position without protection overnight. ``flip`` lets a signal
    against a position open the other side once the position is closed. A limit that is left out does not
    exist.
    """

    enabled: bool = True
    minimum_confidence: Confidence
    base_size_percent: LargePercent
    size_cap_percent: LargePercent
    scale_size: bool = True
    risk_per_trade_percent: SmallPercent = Decimal(2)
    slippage_percent: Slippage = Decimal("0.25")
    price_drift_percent: SmallPercent | None = None
    widest_stop_percent: SmallPercent = Decimal(20)
    time_in_force: Literal[TimeInForce.DAY, TimeInForce.GTC] = TimeInForce.GTC
    feed: Annotated[str, Field(pattern=r"^(iex|sip|delayed_sip)$")] = "iex"
    excluded_regimes: frozenset[Regime] = frozenset()
    symbols: frozenset[Symbol] | None = None
    shorts: bool = True
    flip: bool = False
    fractional: bool = False
    position_limit: Count | None = None
    correlated_positions: Count | None = None
    correlation_groups: Mapping[str, frozenset[Symbol]] = GROUPS
    exposure_limit_percent: MarginPercent | None = None
    orders_per_minute: Count | None = None
    daily_loss_limit_percent: LargePercent | None = None
    daily_loss_ends: BreachEnds = BreachEnds.BY_OPERATOR
    drawdown_limit_percent: LargePercent | None = None
    drawdown_basis: DrawdownBasis = DrawdownBasis.TRAILING
    protections: Protections = Protections()
    exits: ExitRules = ExitRules()

    @model_validator(mode="after")
    def _base_within_cap(self) -> Self:
        if self.base_size_percent > self.size_cap_percent:
            raise ValueError(
                f"base_size_percent {self.base_size_percent} is above size_cap_percent {self.size_cap_percent}"
            )
        return self


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


def parse_profile(text: str, executor: str, origin: str = "argo.toml") -> Profile:
    """Read one account's table alone: what executes for it need not know how signals are made.

    Raises:
        ConfigurationError: as `argo.domain.config.parse_configuration`, of this table only.
    """
    accounts = read_tables(text, origin).get("accounts", {})
    if not isinstance(accounts, dict) or executor not in accounts:
        raise unknown_account(executor, accounts)
    return parse_table(Profile, accounts[executor], origin, "accounts", executor)


def unknown_account(executor: str, known: object) -> ConfigurationError:
    """Return the error for an account that argo.toml has no table for."""
    names = ", ".join(sorted(known)) if isinstance(known, Mapping) and known else "none"
    return ConfigurationError(f"no table [accounts.{executor}] in argo.toml; it has {names}")
