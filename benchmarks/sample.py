"""The sample's bars, from which benchmarks make markets of any size."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice, product
from string import ascii_uppercase

from simulation.market.bar_history import Bar
from simulation.market.bars import load_bars
from worlds.paths import SAMPLE_BARS


@cache
def bars_by_symbol() -> dict[str, Sequence[Bar]]:
    """Return each symbol's daily bars, oldest first."""
    history = load_bars(SAMPLE_BARS)
    return {symbol: [bar for bar in history.bars if bar.symbol == symbol] for symbol in history.symbols}


def names(count: int) -> Iterator[str]:
    return islice(map("".join, product(ascii_uppercase, repeat=4)), count)
