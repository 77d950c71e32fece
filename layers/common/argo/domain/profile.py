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
from argo.domain.values import Confidence, Number, Percent

Minutes = Annotated[int, Field(ge=1, le=10_080)]
"""Whole minutes, up to a week."""

Slippage = Annotated[Percent, Field(le=5), not_below(Decimal("0.01"), "0.01-5 (0.25, not 0.0025), or 0")]

Count = Annotated[int, Field(ge=1, le=1_000)]


class DrawdownBasis(StrEnum):
    TRAILING = "trailing"
    STATIC = "static"


class BreachEnds(StrEnum):
    BY_OPERATOR = "operator"
    NEXT_TRADING_DAY = "next_trading_day"


class CooldownRules(Table):
    minutes: Minutes
    """Minutes without an entry in a symbol after its last trade has ended. Read by: gate."""


class StopLossGuardRules(Table):
    stops: Count
    """Number of trades ended by their stop, in whatever symbols, that locks the account. Read by: gate."""
    within_minutes: Minutes
    """Minutes in which these trades end, from the first one to the last. Read by: gate."""
    lock_minutes: Minutes
    """Minutes without an entry after the last of these trades. Read by: gate."""


class DrawdownGuardRules(Table):
    drawdown_percent: SmallPercent
    """Fall of the closed trades' summed profit from its highest point, in percent of equity. Read by: gate."""
    within_minutes: Minutes
    """Minutes back from a trade's end over which profits are summed. Read by: gate."""
    lock_minutes: Minutes
    """Minutes without an entry after the last trade with such a fall. Read by: gate."""


class Protections(Table):
    cooldown: CooldownRules | None = None
    """A rest for a symbol whose trade has ended; off without this table."""
    stop_loss_guard: StopLossGuardRules | None = None
    """A lock of the account after a number of stops; off without this table."""
    drawdown_guard: DrawdownGuardRules | None = None
    """A lock of the account after a fall of its realised profit; off without this table."""

    @property
    def looks_back(self) -> timedelta:
        """How far back closed trades matter to any of them."""
        guards = (self.stop_loss_guard, self.drawdown_guard)
        spans = [rules.within_minutes + rules.lock_minutes for rules in guards if rules is not None]
        if self.cooldown:
            spans.append(self.cooldown.minutes)
        return timedelta(minutes=max(spans, default=0))


class OnUnprotected(StrEnum):
    FLATTEN = "flatten"
    WARN = "warn"


class ExitRules(Table):
    break_even_at_r: Annotated[Number, Field(gt=0, le=100)] | None = None
    """Gain that moves the stop to the entry, in multiples of the risk, entry to stop. Read by: reconciler."""
    trail_r: Annotated[Number, Field(gt=0, le=100)] | None = None
    """Distance at which the stop follows a better price, in multiples of that risk. Read by: reconciler."""
    bars: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Bars since the fill, nights and weekends too, after which a position is closed. Read by: reconciler."""
    minutes_before_close: Annotated[int, Field(ge=1, le=240)] | None = None
    """Minutes before the exchange closes when positions in stocks are closed; coins stay. Read by: reconciler."""
    unprotected: OnUnprotected = OnUnprotected.FLATTEN
    """Close (``flatten``) or report (``warn``) what the broker refuses twice to guard. Read by: reconciler."""


class Profile(Table):
    enabled: bool = True
    """With ``false`` nothing is deployed for the account, no signal is sent to it, and nobody looks after what it
    still holds. Read by: ``make template``, generator, API, doctor."""
    minimum_confidence: Confidence
    """Percent of confidence that opens a position; closing takes none. Read by: generator, API, gate."""
    base_size_percent: LargePercent
    """Size before scaling, in percent of buying power (for coins: of that without margin). Read by: sizing."""
    size_cap_percent: LargePercent
    """Largest size after scaling, in percent of buying power; not below ``base_size_percent``. Read by: sizing."""
    scale_size: bool = True
    """Scale the size by confidence (x 0.75 below 75 %, from x 1 there to x 1.5 at 100 %) and by volatility (2 % /
    volatility, at most x 1.5). Read by: sizing."""
    risk_per_trade_percent: SmallPercent = Decimal(2)
    """Loss from the entry's limit to the stop, at most, in percent of equity. Read by: sizing."""
    slippage_percent: Slippage = Decimal("0.25")
    """How far past the signal's price the entry's limit may be, in percent of that price. Read by: executor."""
    price_drift_percent: SmallPercent | None = None
    """How far the last trade may be from the signal's price, in percent of that. Read by: gate."""
    widest_stop_percent: SmallPercent = Decimal(20)
    """Distance from the entry price, in percent of it, to which a wider stop is brought in. Read by: executor."""
    time_in_force: Literal[TimeInForce.DAY, TimeInForce.GTC] = TimeInForce.GTC
    """How long a stock's bracket works, its exits too: ``day`` leaves a position unprotected overnight. Coins
    always take ``gtc``, fractions of shares ``day``. Read by: executor."""
    feed: Annotated[str, Field(pattern=r"^(iex|sip|delayed_sip)$")] = "iex"
    """Alpaca's feed of stocks' last prices, for the price drift and exits by price. Read by: gate, reconciler."""
    excluded_regimes: frozenset[Regime] = frozenset()
    """Regimes in which no position is opened. Read by: generator, API, gate."""
    symbols: frozenset[Symbol] | None = None
    """Symbols in which positions are opened; without this key in any. Read by: generator, API, gate, doctor."""
    shorts: bool = True
    """With ``false`` no stock is sold short; coins and fractions of shares never are. Read by: gate."""
    flip: bool = False
    """With ``true`` a signal that closes a position opens the other side after it. Read by: executor."""
    fractional: bool = False
    """Buy a part of a share, from 1 USD on, where one is too much; the reconciler guards it. Read by: sizing."""
    position_limit: Count | None = None
    """Most symbols held or being entered at once, those that are not Argo's included. Read by: gate, status."""
    correlated_positions: Count | None = None
    """Most symbols of one group held or being entered at once. Read by: gate."""
    # A factory, as pydantic copies a mutable default for every profile, symbol by symbol.
    correlation_groups: Mapping[str, frozenset[Symbol]] = Field(default_factory=lambda: GROUPS)
    """Symbols that move together, by group, instead of the default; all coins are a group too. Read by: gate."""
    exposure_limit_percent: MarginPercent | None = None
    """Highest worth of all positions and open entries together, in percent of equity. Read by: gate, status."""
    orders_per_minute: Count | None = None
    """Most entries within one minute of the clock; exits are not counted. Read by: gate."""
    daily_loss_limit_percent: LargePercent | None = None
    """Day's loss that halts the account, in percent of equity at its start. Read by: gate, reconciler, status."""
    daily_loss_ends: BreachEnds = BreachEnds.BY_OPERATOR
    """What ends that halt: ``argo resume`` alone, or also the next trading day. Read by: gate, reconciler."""
    drawdown_limit_percent: LargePercent | None = None
    """Fall of the equity that halts the account until ``argo resume``, in percent of what ``drawdown_basis``
    measures it from. Read by: gate, reconciler, status."""
    drawdown_basis: DrawdownBasis = DrawdownBasis.TRAILING
    """Fall from the highest equity (``trailing``) or the first (``static``). Read by: gate, reconciler, status."""
    protections: Protections = Protections()
    """Locks that pass by themselves; exits pass them."""
    exits: ExitRules = ExitRules()
    """When a position is left, or its stop moved, before its stop or target is met."""

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
