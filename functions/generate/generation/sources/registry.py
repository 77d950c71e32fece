"""Which sources vote, in order: the built-in ones and plug-ins named in argo.toml."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from importlib import import_module

from argo.domain.config import Configuration
from argo.domain.signal import Regime
from argo.domain.tables import ConfigurationError
from generation.sources.base import Opine
from generation.sources.built_in import breakout, mean_reversion, momentum, trend

BUILT_IN: Mapping[str, Opine] = {
    "trend": trend,
    "momentum": momentum,
    "mean_reversion": mean_reversion,
    "breakout": breakout,
}


@dataclass(frozen=True, slots=True)
class WeightedSource:
    """A source with its name and its weight in the consensus, ``weight_in`` single regimes where it differs."""

    name: str
    weight: Decimal
    vote: Opine
    weight_in: Mapping[Regime, Decimal] = field(default_factory=dict)


def sources(configuration: Configuration) -> list[WeightedSource]:
    """Return the enabled sources.

    Raises:
        ConfigurationError: a table names neither a built-in source nor a class that can be imported.
    """
    return [
        WeightedSource(name, table.weight, _made(name, table.plugin), table.weight_in)
        for name, table in configuration.sources.items()
        if table.enabled
    ]


def _made(name: str, plugin: str | None) -> Opine:
    if plugin is None:
        if name not in BUILT_IN:
            known = ", ".join(BUILT_IN)
            raise ConfigurationError(f"[sources.{name}]: built in are {known}; another one needs a plugin")
        return BUILT_IN[name]
    module, _, attribute = plugin.rpartition(".")
    try:
        made = getattr(import_module(module), attribute)()
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        raise ConfigurationError(f"[sources.{name}] plugin = {plugin!r}: {error}") from error
    vote: Opine | None = getattr(made, "vote", None)
    if not callable(vote):
        raise ConfigurationError(f"[sources.{name}] plugin = {plugin!r}: it has no method vote(bars)")
    return vote
