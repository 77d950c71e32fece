"""Symbols that move together: positions in one group count against one limit."""

from collections.abc import Collection, Mapping

from argo.domain.symbols import Symbol

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
"""The groups of an account that names none (ORIGIN, correlation groups)."""


def groups_of(symbol: Symbol, groups: Mapping[str, Collection[Symbol]]) -> list[str]:
    """Return the names of the groups that a symbol is in."""
    named = [name for name, members in groups.items() if symbol in members]
    return [*named, CRYPTO] if symbol.is_crypto and CRYPTO not in named else named
