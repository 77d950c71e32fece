"""Describe what can be traded, and how."""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter

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
        return "/" in self.symbol

    @property
    def asset_class(self) -> str:
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
        return derived_id("asset", self.symbol)


class AssetList:
    """The assets the broker knows, found by either form of the symbol or by id."""

    def __init__(self) -> None:
        self._assets: dict[str, Asset] = {}
        self._names: dict[str, str] = {}

    def __iter__(self) -> Iterator[Asset]:
        return iter(sorted(self._assets.values(), key=attrgetter("symbol")))

    def add(self, symbol: str) -> Asset:
        """Make a symbol known, if it is not, and return its asset."""
        if symbol not in self._assets:
            self.override(Asset(symbol, shortable="/" not in symbol))
        return self._assets[symbol]

    def override(self, asset: Asset) -> None:
        """Know an asset as it is given, whatever was known of it."""
        self._assets[asset.symbol] = asset
        self._names |= dict.fromkeys((asset.symbol, asset.position_symbol, asset.id), asset.symbol)

    def find(self, name: str) -> Asset | None:
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
