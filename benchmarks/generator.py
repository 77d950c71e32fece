"""What a generator's cycle costs: next to its bare indicators, in requests, and as the watchlist grows.

Each cycle here has the most to do that one can have: every symbol has a new bar. The bars are the sample's.
"""

import asyncio
import gc
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import cycle, islice, product
from string import ascii_uppercase
from time import process_time
from typing import cast

import numpy as np
import talib

from argo.domain.market import Bar
from argo.domain.symbols import Symbol
from argo.environment import load_configuration
from argo.observability import Telemetry
from argo.ports import Broker, GivenPorts, Ledger, MarketData, SignalQueue
from benchmarks.results import Result, alternating
from benchmarks.shelf import OpenExchange, Shelf, Tape, Tray
from generation.cycle import run_cycles
from generation.series import Column
from generation.wiring import wire
from simulation.market.bars import load_bars
from simulation.ports.clock import SteppedClock
from worlds.paths import CONFIGURATION, SAMPLE_BARS

BOUND = 3.0
SYMBOLS, BARS = 500, 300
SIZES = (10, 50, 200, 1_000, 5_000)
PAIRS = 15
_CYCLES = 11
"""Cycles in one measurement, as in an invocation."""

_COLD, _MOST_CYCLES = 1, (PAIRS + 1) * _CYCLES
_OPENS = datetime(2026, 3, 2, 15, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_BETWEEN_WINDOWS = 7


def run() -> list[Result]:
    """Compare a cycle's CPU time with its indicators', count its requests, and let the watchlist grow."""
    generator = _Generator(SYMBOLS)
    generator.seconds(_COLD)
    columns = generator.columns()
    ratio = alternating(generator.seconds, lambda: _bare(columns), pairs=PAIRS)
    what = f"CPU time, cycle over {SYMBOLS} symbols x {BARS} bars, each with a new one / TA-Lib's bare calls"
    return [Result("generator", ratio.median, what, BOUND, samples=ratio.samples), *_growth()]


def _growth() -> list[Result]:
    """Count requests and compare CPU time per symbol, from the smallest watchlist to the largest."""
    results, smallest = [], 0.0
    for size in SIZES:
        generator = _Generator(size)
        generator.seconds(_COLD)
        asked = generator.tape.requests
        spent = min(generator.seconds() for _ in range(2)) / size
        requests = (generator.tape.requests - asked) / (2 * _CYCLES)
        smallest = smallest or spent
        results.append(Result(f"generator, {size}", requests, f"market-data requests / cycle, {size} symbols", 1))
        what = f"CPU time per symbol, {size} symbols / {SIZES[0]} symbols"
        results.append(Result(f"generator, {size}", spent / smallest, what))
    return results


class _Nowhere(io.StringIO):
    """A stream that keeps nothing: a log that grows in memory is no cost of the generator's."""

    def write(self, text: str, /) -> int:
        return len(text)


class _Generator:
    """A generator by argo.toml, wired to surroundings that cost nothing."""

    def __init__(self, size: int) -> None:
        configuration = load_configuration(CONFIGURATION)
        self.tape = Tape(_market(size), _OPENS)
        gc.collect()
        gc.freeze()  # As the handler does with what a cold start has made.
        self._clock = SteppedClock(_OPENS + BARS * _MINUTE)
        self._symbols = tuple(self.tape.bars_by_symbol)
        rules = configuration.generation.model_copy(update={"history_bars": BARS, "interval_seconds": 60})
        queues = {executor: cast("SignalQueue", Tray()) for executor in configuration.executors}
        self._wiring = wire(
            GivenPorts(
                ledger=cast("Ledger", Shelf()),
                broker=cast("Broker", OpenExchange(_OPENS)),
                market_data=cast("MarketData", self.tape),
                queue=queues[configuration.executors[0]],
                queues=queues,
                clock=self._clock,
                telemetry=Telemetry("bench", mode="simulated", stream=_Nowhere()),
            ),
            configuration.model_copy(update={"watchlist": self._symbols, "generation": rules}),
        )

    def seconds(self, cycles: int = _CYCLES) -> float:
        """Run cycles, a minute apart, and return the CPU time of one."""
        until = self._clock.now() + cycles * _MINUTE
        started = process_time()
        report = asyncio.run(run_cycles(self._wiring, self._symbols, until=until))
        spent = process_time() - started
        if report.cycles != cycles or report.failed or report.missing or report.stale:
            raise RuntimeError(f"not what was to be measured: {report}")
        self._clock.set(until)
        return spent / cycles

    def columns(self) -> list[tuple[Column, ...]]:
        """Return high, low, close and volume of every symbol's bars as they stand now."""
        last = (self._clock.now() - _OPENS) // _MINUTE
        return [
            tuple(
                np.array([getattr(bar, name) for bar in bars[last - BARS : last]], dtype=np.float64)
                for name in ("high", "low", "close", "volume")
            )
            for bars in self.tape.bars_by_symbol.values()
        ]


def _bare(columns: Sequence[tuple[Column, ...]]) -> float:
    """Return the CPU time of every indicator that the sources, the regime and the levels use, once per symbol."""
    started = process_time()
    for high, low, close, volume in columns:
        talib.SMA(close, 20)
        talib.SMA(close, 50)
        talib.SMA(close, 200)
        talib.ADX(high, low, close, 14)
        talib.RSI(close, 14)
        talib.MACD(close, 12, 26, 9)
        talib.BBANDS(close, 20, 2, 2)
        talib.MAX(high, 20)
        talib.MIN(low, 20)
        talib.SMA(volume, 20)
        talib.ATR(high, low, close, 14)
        talib.TRANGE(high, low, close)
    return process_time() - started


def _market(size: int) -> Mapping[Symbol, Sequence[Bar]]:
    """Cut windows of real daily bars, and let each be a symbol's minutes."""
    length = BARS + _MOST_CYCLES + 1
    windows = [
        bars[first : first + length]
        for bars in _sample()
        for first in range(0, len(bars) - length, _BETWEEN_WINDOWS)
    ]
    names = ("".join(letters) for letters in product(ascii_uppercase, repeat=4))
    chosen = islice(cycle(windows), 0, None, max(len(windows) // size, 1))
    return {Symbol(name): _as_minutes(window) for name, window in zip(islice(names, size), chosen, strict=False)}


@cache
def _sample() -> Sequence[Sequence[Bar]]:
    found: dict[str, list[Bar]] = {}
    for bar in load_bars(SAMPLE_BARS).bars:
        prices = (float(price) for price in (bar.open, bar.high, bar.low, bar.close, bar.volume))
        found.setdefault(bar.symbol, []).append(Bar(bar.start, *prices))
    return list(found.values())


def _as_minutes(window: Sequence[Bar]) -> Sequence[Bar]:
    return [replace(bar, time=_OPENS + number * _MINUTE) for number, bar in enumerate(window)]
