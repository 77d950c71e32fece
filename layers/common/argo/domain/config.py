"""argo.toml as a whole: how signals are made, and every account's rules; refused at load when wrong."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from argo.domain.client_order_ids import ExecutorName
from argo.domain.naming import logical_name, namesakes
from argo.domain.profile import Profile, unknown_account
from argo.domain.signal import Regime, Timeframe
from argo.domain.symbols import Symbol
from argo.domain.tables import PositivePercent, Table, parse_table, read_tables
from argo.domain.values import Confidence, Lifetime, Number, Percent


class Generation(Table):
    strategy: Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[a-z][a-z0-9_-]*$")] = "consensus"
    """The strategy's name, a part of every signal's id. Read by: generator."""
    strategy_version: Annotated[str, Field(min_length=1, max_length=16, pattern=r"^[^|]+$")] = "1"
    """Its version, a part of every signal's id: another version's signal is another one. Read by: generator."""
    timeframe: Timeframe = Timeframe.MINUTE
    """Length of the bars that sources see; a replay has its bars'. Read by: generator."""
    feed: Annotated[str, Field(pattern=r"^(iex|sip|delayed_sip)$")] = "iex"
    """Alpaca's feed of stocks' bars; ``iex`` needs no subscription. Read by: generator, doctor."""
    interval_seconds: Annotated[int, Field(ge=1, le=60)] = 5
    """Seconds from one cycle's beginning to the next one's; a replay has one cycle a bar. Read by: generator."""
    lifetime_seconds: Lifetime = 300
    """Seconds until a signal expires; an entry that is still open is cancelled then. Read by: generator, API."""
    history_bars: Annotated[int, Field(ge=210, le=5_000)] = 260
    """Most closed bars of a symbol that sources see; the regime needs 200. Read by: generator."""
    extended_hours: bool = False
    """Make signals of stocks outside regular hours too, where the gate denies them. Read by: generator."""
    source_seconds: Annotated[Number, Field(gt=0, le=30)] = Decimal(1)
    """Seconds that a source may take over all symbols of a cycle, then it has no vote. Read by: generator."""
    outcome_bars: Annotated[int, Field(ge=1, le=200)] = 60
    """Bars after which ``argo sources`` counts a signal as run out; no order goes by it. Read by: generator."""
    stop_atr: Annotated[Number, Field(gt=0, le=20)] = Decimal(2)
    """The stop's distance from the entry price, in average true ranges of 14 bars. Read by: generator."""
    target_atr: Annotated[Number, Field(gt=0, le=40)] = Decimal(3)
    """The target's distance in that unit; a clamped stop changes it in proportion. Read by: generator."""
    stop_percent_range: tuple[PositivePercent, PositivePercent] = (Decimal("0.5"), Decimal(10))
    """Least and greatest distance of the stop, its clamp, in percent of the entry price. Read by: generator."""
    agreement_bonus: Annotated[tuple[Percent, ...], Field(min_length=1)] = tuple(map(Decimal, (0, 5, 10, 15)))
    """Percentage points of confidence added for 1, 2, 3 ... votes, the last for more. Read by: generator."""
    minimum_confidence_by_votes: Annotated[
        tuple[Annotated[Confidence, Field(ge=10)], ...], Field(min_length=1)
    ] = (Decimal(80), Decimal(75), Decimal(75))
    """Percent of confidence, bonus included, that 1, 2, 3 ... votes need before the regime lowers it; the last one
    serves for more votes. Read by: generator."""
    confidence_cap: Confidence = Decimal(98)
    """Highest confidence that votes make, in percent, before the regime lowers it. Read by: generator."""

    @model_validator(mode="after")
    def _clamp_is_a_range(self) -> Self:
        narrowest, widest = self.stop_percent_range
        if narrowest > widest:
            raise ValueError(f"stop_percent_range [{narrowest}, {widest}] is not a range")
        return self


class Source(Table):
    enabled: bool = True
    """With ``false`` the source is not asked. Read by: generator."""
    weight: Annotated[Number, Field(gt=0, le=100)] = Decimal(1)
    """Weight of its confidence in the mean of the votes, relative to the others'. Read by: generator."""
    weight_in: Mapping[Regime, Annotated[Number, Field(ge=0, le=100)]] = {}
    """Its weight in single regimes where that differs; with 0 it has no voice there. Read by: generator."""
    plugin: str | None = None
    """Dotted path of the class of a source that is not built in. Read by: generator."""


class Configuration(Table):
    """The whole of argo.toml."""

    watchlist: Annotated[tuple[Symbol, ...], Field(min_length=1)]
    """Symbols of signals (``AAPL``, ``BTC/USD``), each once; a replay has its own. Read by: generator, doctor."""
    generation: Generation = Generation()
    """How signals are made."""
    sources: Mapping[str, Source]
    """A table for each source of votes; they are asked in the file's order."""
    accounts: Annotated[Mapping[ExecutorName, Profile], Field(min_length=1)]
    """A table for each account: its rules. A limit that is left out does not exist."""

    @model_validator(mode="after")
    def _watchlist_is_distinct(self) -> Self:
        repeated = sorted({symbol for symbol in self.watchlist if self.watchlist.count(symbol) > 1})
        if repeated:
            raise ValueError(f"watchlist names {', '.join(repeated)} more than once")
        return self

    @model_validator(mode="after")
    def _accounts_are_told_apart(self) -> Self:
        if alike := namesakes(self.accounts):
            both = " and ".join(alike)
            raise ValueError(
                f"accounts {both} would both be named {logical_name(alike[0])} in the stack: rename one"
            )
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
