"""Describe what can be traded, and how."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypedDict, Unpack

from simulation.broker.errors import invalid
from simulation.broker.identifiers import derived_id


@dataclass(frozen=True, slots=True)
class Asset:
    """One stock or coin pair; `symbol` is the form orders use, e.g. `AAPL` or `BTC/USD`."""

    symbol: str
    tradable: bool = True
    fractionable: bool = True
    shortable: bool = True

    @property
    def is_crypto(self) -> bool:
        """Say whether it is a coin pair: those have a slash."""
        return "/" in self.symbol

    @property
    def asset_class(self) -> str:
        """Alpaca's name of its kind."""
        return "crypto" if self.is_crypto else "us_equity"

    @property
    def position_symbol(self) -> str:
        """The form positions use: `BTCUSD`."""
        return self.symbol.replace("/", "")

    @property
    def coin(self) -> str:
        """The first of a pair: `BTC`."""
        return self.symbol.partition("/")[0]

    @property
    def id(self) -> str:
        """The asset's id, derived from its symbol."""
        return derived_id("asset", self.symbol)


class AssetFlags(TypedDict, total=False):
    """What may be done with an asset."""

    tradable: bool
    fractionable: bool
    shortable: bool


class AssetList:
    """The assets the broker knows, found by either form of the symbol or by id."""

    def __init__(self) -> None:
        self._assets: dict[str, Asset] = {}
        self._names: dict[str, str] = {}

    def __iter__(self) -> Iterator[Asset]:
        return iter(sorted(self._assets.values(), key=lambda asset: asset.symbol))

    def add(self, symbol: str) -> Asset:
        """Make a symbol known, if it is not, and return its asset."""
        if symbol not in self._assets:
            asset = Asset(symbol, shortable="/" not in symbol)
            self._assets[symbol] = asset
            self._names |= dict.fromkeys((symbol, asset.position_symbol, asset.id), symbol)
        return self._assets[symbol]

    def find(self, name: str) -> Asset | None:
        """Return the asset of a symbol or an id."""
        symbol = self._names.get(name)
        return None if symbol is None else self._assets[symbol]

    def named(self, name: str) -> Asset:
        """Return the asset an order names.

        Raises:
            BrokerError: 422, there is no such asset.
        """
        asset = self.find(name)
        if asset is None:
            raise invalid(f'asset "{name}" not found')
        return asset

    def override(self, symbol: str, **flags: Unpack[AssetFlags]) -> None:
        """Change what may be done with an asset."""
        self._assets[symbol] = replace(self.add(symbol), **flags)
