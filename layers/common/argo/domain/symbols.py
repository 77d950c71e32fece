"""Symbols: one type, one canonical form, the asset class decided once; and the groups that move together."""

import re
from collections.abc import Collection, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Self

from pydantic import GetCoreSchemaHandler
from pydantic_core import core_schema

QUOTE_CURRENCIES = ("USD", "USDT", "USDC", "BTC")
_EQUITY = re.compile(r"[A-Z]{1,5}(\.[A-Z]{1,2})?")
_PAIR = re.compile(rf"([A-Z0-9]{{2,10}})[/-]({'|'.join(QUOTE_CURRENCIES)})")
_JOINED_PAIR = re.compile(r"([A-Z0-9]{3,10}?)(USDT|USDC|USD|BTC)")


class AssetClass(StrEnum):
    """Alpaca's names of the asset classes Argo trades."""

    US_EQUITY = "us_equity"
    CRYPTO = "crypto"


class Symbol(str):
    """A tradable symbol in canonical form: ``AAPL``, ``BRK.B``, ``BTC/USD``.

    Alpaca writes a crypto pair as ``BTC/USD`` in orders and ``BTCUSD`` in positions, other feeds as
    ``BTC-USD``; all become ``BTC/USD`` here (FAILURES A23, A24), so equality of symbols is equality of
    strings. Six or more characters ending in a quote currency are a pair: no US ticker is that long.

    Raises:
        ValueError: the text is neither an equity ticker nor a crypto pair.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        if isinstance(text, cls):
            return text
        return super().__new__(cls, _canonical(text))

    @property
    def asset_class(self) -> AssetClass:
        return AssetClass.CRYPTO if "/" in self else AssetClass.US_EQUITY

    @property
    def is_crypto(self) -> bool:
        return self.asset_class is AssetClass.CRYPTO

    @property
    def joined(self) -> str:
        """The form without a slash, as Alpaca's position paths need it: ``BTCUSD``."""
        return self.replace("/", "")

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: object, _handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls, core_schema.str_schema(), serialization=core_schema.plain_serializer_function_ser_schema(str)
        )


@lru_cache(maxsize=4_096)
def canonical_or_raw(text: str) -> str:
    """Return the symbol in canonical form, or the text as it is where it is none; answers repeat the same few."""
    try:
        return Symbol(text)
    except ValueError:
        return text


def _canonical(text: str) -> str:
    # Checked before it is changed: the upper case of a long s is an S, of one German letter two (FAILURES C83).
    candidate = text.strip().upper() if text.isascii() else ""
    if _EQUITY.fullmatch(candidate):
        return candidate
    for pair in (_PAIR, _JOINED_PAIR):
        if match := pair.fullmatch(candidate):
            return f"{match[1]}/{match[2]}"
    raise ValueError(f"{text!r} is neither a US equity ticker (AAPL, BRK.B) nor a crypto pair (BTC/USD)")


CRYPTO = "crypto"
"""The group of every crypto pair, listed or not."""


def _group(*tickers: str) -> frozenset[Symbol]:
    return frozenset(Symbol(ticker) for ticker in tickers)


GROUPS: Mapping[str, frozenset[Symbol]] = {
    "technology": _group("AAPL", "MSFT", "NVDA", "GOOG", "GOOGL", "META", "FB", "AMZN", "TSLA", "AMD", "IBM"),
    "finance": _group("JPM", "BAC", "GS", "MS", "WFC", "C", "V", "MA"),
    "energy": _group("XOM", "CVX", "COP", "SLB", "EOG"),
    "consumer": _group("WMT", "COST", "PG", "KO", "PEP", "MCD", "HD", "NKE"),
    "healthcare": _group("JNJ", "UNH", "PFE", "MRK", "ABBV", "LLY"),
    "broad_etfs": _group("SPY", "QQQ", "IWM", "DIA", "VTI", "VOO"),
}
"""Symbols whose positions count against one limit, of an account that names none (ORIGIN, correlation groups)."""


def groups_of(symbol: Symbol, groups: Mapping[str, Collection[Symbol]]) -> list[str]:
    named = [name for name, members in groups.items() if symbol in members]
    return [*named, CRYPTO] if symbol.is_crypto and CRYPTO not in named else named
