"""One account's rules: its table in argo.toml."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from argo.domain.orders import TimeInForce
from argo.domain.signal import Regime
from argo.domain.symbols import Symbol
from argo.domain.tables import ConfigurationError, LargePercent, SmallPercent, Table, explained, read_tables
from argo.domain.values import Confidence, Percent


class Profile(Table):
    """One account's rules; percentages are 0-100 of buying power or of the entry price.

    ``slippage_percent`` is how far past the signal's entry price the limit order may pay. ``time_in_force``
    holds for a bracket's exits too: ``day`` leaves a position without protection overnight.
    """

    enabled: bool = True
    minimum_confidence: Confidence
    base_size_percent: LargePercent
    size_cap_percent: LargePercent
    scale_size: bool = True
    risk_per_trade_percent: SmallPercent = Decimal(2)
    slippage_percent: Annotated[Percent, Field(le=5)] = Decimal("0.25")
    widest_stop_percent: SmallPercent = Decimal(20)
    time_in_force: Literal[TimeInForce.DAY, TimeInForce.GTC] = TimeInForce.GTC
    excluded_regimes: frozenset[Regime] = frozenset()
    symbols: frozenset[Symbol] | None = None

    @model_validator(mode="after")
    def _base_within_cap(self) -> Self:
        if self.base_size_percent > self.size_cap_percent:
            raise ValueError(
                f"base_size_percent {self.base_size_percent} is above size_cap_percent {self.size_cap_percent}"
            )
        return self


def parse_profile(text: str, executor: str, origin: str = "argo.toml") -> Profile:
    """Read one account's table alone: what executes for it need not know how signals are made.

    Raises:
        ConfigurationError: as `argo.domain.config.parse_configuration`, of this table only.
    """
    accounts = read_tables(text, origin).get("accounts", {})
    if not isinstance(accounts, dict) or executor not in accounts:
        raise unknown_account(executor, accounts)
    with explained(origin, "accounts", executor):
        return Profile.model_validate(accounts[executor])


def unknown_account(executor: str, known: object) -> ConfigurationError:
    """Return the error for an account that argo.toml has no table for."""
    names = ", ".join(sorted(known)) if isinstance(known, Mapping) and known else "none"
    return ConfigurationError(f"no table [accounts.{executor}] in argo.toml; it has {names}")
