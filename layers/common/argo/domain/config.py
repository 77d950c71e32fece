"""argo.toml as models: one place for every threshold, refused at load when wrong."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from argo.domain.execution import ExecutorName
from argo.domain.orders import TimeInForce
from argo.domain.signal import Regime, Timeframe
from argo.domain.symbols import Symbol
from argo.domain.values import Confidence, Percent


class ConfigurationError(ValueError):
    """argo.toml or the environment is wrong; the message names table, key and value."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _not_below_one(value: Decimal) -> Decimal:
    if value < 1:
        raise ValueError(f"{value} looks like a fraction; give percent, 1-100 (10, not 0.1)")
    return value


PositivePercent = Annotated[Percent, Field(gt=0)]
SizePercent = Annotated[Percent, AfterValidator(_not_below_one)]


class Generation(_Table):
    """How signals are made.

    ``interval_seconds`` is the cadence of cycles, ``lifetime_seconds`` how long a signal may be executed,
    ``history_bars`` how many closed bars every source sees, ``stop_atr`` and ``target_atr`` the distances of
    stop and target from the entry in average true ranges, ``stop_percent_range`` their clamp.
    """

    strategy: Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[a-z][a-z0-9_-]*$")] = "consensus"
    strategy_version: Annotated[str, Field(min_length=1, max_length=16, pattern=r"^[^|]+$")] = "1"
    timeframe: Timeframe = Timeframe.MINUTE
    feed: Annotated[str, Field(pattern=r"^(iex|sip|delayed_sip)$")] = "iex"
    interval_seconds: Annotated[int, Field(ge=1, le=60)] = 5
    lifetime_seconds: Annotated[int, Field(ge=10, le=86_400)] = 300
    history_bars: Annotated[int, Field(ge=210, le=5_000)] = 260
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


class Source(_Table):
    """One source of votes: its weight, or a dotted path to a class for one from outside."""

    enabled: bool = True
    weight: Annotated[Decimal, Field(gt=0, le=100)] = Decimal(1)
    plugin: str | None = None


class Profile(_Table):
    """One account's rules; percentages are 0-100 of buying power or of the entry price.

    ``slippage_percent`` is how far past the signal's entry price the limit order may pay. ``time_in_force``
    holds for a bracket's exits too: ``day`` leaves a position without protection overnight.
    """

    enabled: bool = True
    minimum_confidence: Confidence
    base_size_percent: SizePercent
    size_cap_percent: SizePercent
    scale_size: bool = True
    risk_per_trade_percent: PositivePercent = Decimal(2)
    slippage_percent: Annotated[Percent, Field(le=5)] = Decimal("0.25")
    widest_stop_percent: PositivePercent = Decimal(20)
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


class Configuration(_Table):
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
            raise ConfigurationError(
                f"no table [accounts.{executor}] in argo.toml; it has {', '.join(sorted(self.accounts))}"
            )
        return self.accounts[executor]


def parse_configuration(text: str, origin: str = "argo.toml") -> Configuration:
    """Read argo.toml's text.

    Raises:
        ConfigurationError: not TOML, or a key is unknown, missing or out of range; names every such key
            with its table and its value.
    """
    try:
        tables: dict[str, Any] = tomllib.loads(text, parse_float=Decimal)
        return Configuration.model_validate(tables)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigurationError(f"{origin}: not TOML: {error}") from error
    except ValidationError as error:
        raise ConfigurationError("\n".join(_explain(origin, error))) from error


def _explain(origin: str, error: ValidationError) -> list[str]:
    lines = []
    for problem in error.errors(include_url=False):
        *table, key = [str(part) for part in problem["loc"]] or ["(top level)"]
        where = f"[{'.'.join(table)}] {key}" if table else key
        given = "" if problem["type"] == "missing" else _given(problem["input"])
        lines.append(f"{origin}: {where}{given}: {_plain(problem)}")
    return lines


def _given(value: object) -> str:
    if isinstance(value, dict) and value:
        return ""  # A whole table says less than its name, which is in the message.
    return f" = {value}" if isinstance(value, Decimal) else f" = {value!r}"


def _plain(problem: Mapping[str, Any]) -> str:
    match problem["type"]:
        case "extra_forbidden":
            return "unknown key"
        case "missing":
            return "missing"
        case _:
            return str(problem["msg"]).removeprefix("Value error, ")
