"""argo.toml as a whole: how signals are made, and every account's rules; refused at load when wrong."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from argo.domain.execution import ExecutorName
from argo.domain.profile import Profile, unknown_account
from argo.domain.signal import Regime, Timeframe
from argo.domain.symbols import Symbol
from argo.domain.tables import PositivePercent, Table, parse_table, read_tables
from argo.domain.values import Confidence, Percent


class Generation(Table):
    """How signals are made.

    ``interval_seconds`` is the cadence of cycles, ``lifetime_seconds`` how long a signal may be executed,
    ``history_bars`` how many closed bars every source sees, ``source_seconds`` how long one source may take over
    all symbols of a cycle, ``outcome_bars`` after how many bars without stop or target a signal counts as run
    out. ``stop_atr`` and ``target_atr`` are the distances of stop and target from the entry in average true
    ranges, ``stop_percent_range`` their clamp. Stock signals are made in regular hours only, unless
    ``extended_hours``.
    """

    strategy: Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[a-z][a-z0-9_-]*$")] = "consensus"
    strategy_version: Annotated[str, Field(min_length=1, max_length=16, pattern=r"^[^|]+$")] = "1"
    timeframe: Timeframe = Timeframe.MINUTE
    feed: Annotated[str, Field(pattern=r"^(iex|sip|delayed_sip)$")] = "iex"
    interval_seconds: Annotated[int, Field(ge=1, le=60)] = 5
    lifetime_seconds: Annotated[int, Field(ge=10, le=86_400)] = 300
    history_bars: Annotated[int, Field(ge=210, le=5_000)] = 260
    extended_hours: bool = False
    source_seconds: Annotated[Decimal, Field(gt=0, le=30)] = Decimal(1)
    outcome_bars: Annotated[int, Field(ge=1, le=200)] = 60
    stop_atr: Annotated[Decimal, Field(gt=0, le=20)] = Decimal(2)
    target_atr: Annotated[Decimal, Field(gt=0, le=40)] = Decimal(3)
    stop_percent_range: tuple[PositivePercent, PositivePercent] = (Decimal("0.5"), Decimal(10))
    agreement_bonus: Annotated[tuple[Percent, ...], Field(min_length=1)] = (
        Decimal(0),
        Decimal(5),
        Decimal(10),
        Decimal(15),
    )
    minimum_confidence_by_votes: Annotated[
        tuple[Annotated[Confidence, Field(ge=10)], ...], Field(min_length=1)
    ] = (Decimal(80), Decimal(75), Decimal(75))
    confidence_cap: Confidence = Decimal(98)

    @model_validator(mode="after")
    def _clamp_is_a_range(self) -> Self:
        narrowest, widest = self.stop_percent_range
        if narrowest > widest:
            raise ValueError(f"stop_percent_range [{narrowest}, {widest}] is not a range")
        return self


class Source(Table):
    """One source of votes: its weight, or a dotted path to a class for one from outside.

    ``weight_in`` has the weights of single regimes where they differ; with 0 the source has no voice there.
    """

    enabled: bool = True
    weight: Annotated[Decimal, Field(gt=0, le=100)] = Decimal(1)
    weight_in: Mapping[Regime, Annotated[Decimal, Field(ge=0, le=100)]] = {}
    plugin: str | None = None


class Configuration(Table):
    """The whole of argo.toml."""

    watchlist: Annotated[tuple[Symbol, ...], Field(min_length=1)]
    generation: Generation = Generation()
    sources: Mapping[str, Source]
    accounts: Annotated[Mapping[ExecutorName, Profile], Field(min_length=1)]

    @model_validator(mode="after")
    def _watchlist_is_distinct(self) -> Self:
        repeated = sorted({symbol for symbol in self.watchlist if self.watchlist.count(symbol) > 1})
        if repeated:
            raise ValueError(f"watchlist names {', '.join(repeated)} more than once")
        return self

    @property
    def executors(self) -> tuple[str, ...]:
        """The enabled accounts, in the file's order."""
        return tuple(name for name, profile in self.accounts.items() if profile.enabled)

    def profile(self, executor: str) -> Profile:
        """Return an account's rules.

        Raises:
            ConfigurationError: argo.toml has no such account.
        """
        if executor not in self.accounts:
            raise unknown_account(executor, self.accounts)
        return self.accounts[executor]


def parse_configuration(text: str, origin: str = "argo.toml") -> Configuration:
    """Read argo.toml's text.

    Raises:
        ConfigurationError: not TOML, or a key is unknown, missing or out of range; names every such key
            with its table and its value.
    """
    return parse_table(Configuration, read_tables(text, origin), origin)
