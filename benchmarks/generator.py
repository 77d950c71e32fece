"""What a generator's cycle costs: next to its bare indicators, in requests, and as the watchlist grows.

Each cycle here has the most to do that one can have: every symbol has a new bar. The bars are the sample's.
"""

import asyncio
import gc
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import cycle, islice
from math import ceil
from time import process_time
from typing import Any

import numpy as np
import talib

from argo.adapters.alpaca.market_data import PAGE_LIMIT
from argo.domain.account import AccountState, MarketClock
from argo.domain.ledger import PutSignal, StoredSignal
from argo.domain.lists import Listed
from argo.domain.market import Bar
from argo.domain.signal import Signal, Timeframe
from argo.domain.symbols import Symbol
from argo.environment import load_configuration
from argo.observability import Telemetry
from argo.ports import GivenPorts, Sent
from benchmarks.results import Result, compared
from benchmarks.sample import bars_by_symbol, names
from generation.cycle import run_cycles
from generation.series import Column
from generation.wiring import wire
from simulation.ports.clock import SteppedClock
from worlds.paths import CONFIGURATION

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
    what = f"CPU time, cycle over {SYMBOLS} symbols x {BARS} bars, each with a new one / TA-Lib's bare calls"
    bare = compared("generator", what, generator.seconds, lambda: _bare(columns), pairs=PAIRS, bound=BOUND)
    return [bare, *_growth()]


def _growth() -> list[Result]:
    """Count requests and compare CPU time per symbol, from the smallest watchlist to the largest."""
    results, smallest = [], 0.0
    for size in SIZES:
        generator = _Generator(size)
        generator.seconds(_COLD)
        asked = generator.ports.requests
        spent = min(generator.seconds() for _ in range(2)) / size
        requests = (generator.ports.requests - asked) / (2 * _CYCLES)
        smallest = smallest or spent
        results.append(Result(f"generator, {size}", requests, f"market-data requests / cycle, {size} symbols", 1))
        what = f"CPU time per symbol, {size} symbols / {SIZES[0]} symbols"
        results.append(Result(f"generator, {size}", spent / smallest, what))
    return results


@dataclass(slots=True)
class _CostlessPorts:
    """All that a generator asks of its market data, broker, ledger and queues, answered from dictionaries.

    Bars follow each other from ``_OPENS`` on; a page of them is a request. Nothing is kept but the outbox.
    """

    bars_by_symbol: Mapping[Symbol, Sequence[Bar]]
    requests: int = 0
    _outbox: dict[str, StoredSignal] = field(default_factory=dict)

    async def bars(
        self, symbols: Sequence[Symbol], timeframe: Timeframe, *, start: datetime, end: datetime
    ) -> Mapping[Symbol, Sequence[Bar]]:
        first = max(-((_OPENS - start) // timeframe.duration), 0)
        last = (end - _OPENS) // timeframe.duration
        self.requests += max(ceil(len(symbols) * (last - first) / PAGE_LIMIT), 1)
        return {symbol: self.bars_by_symbol[symbol][first:last] for symbol in symbols}

    async def clock(self) -> MarketClock:
        later = _OPENS + timedelta(days=365)
        return MarketClock(now=_OPENS, is_open=True, next_open=later, next_close=later)

    async def put_signal(
        self, signal: Signal, *, executors: Collection[str], declined: Mapping[str, str] | None = None
    ) -> PutSignal:
        kept = StoredSignal(signal, "simulated", frozenset(), frozenset(executors), declined or {})
        if executors:
            self._outbox[signal.signal_id] = kept
        return PutSignal(kept, created=True)

    async def mark_published(self, signal_id: str, executors: Collection[str]) -> None:  # noqa: ARG002 - a ledger's
        self._outbox.pop(signal_id, None)

    async def unpublished(self, *, limit: int | None = None) -> Listed[StoredSignal]:
        return Listed(list(self._outbox.values())[:limit])

    async def unjudged(self, *, limit: int | None = None) -> Listed[StoredSignal]:  # noqa: ARG002 - as above
        """Return none: outcomes are judged once per invocation, after a cycle and not in it."""
        return Listed()

    async def account(self, executor: str) -> AccountState:
        return AccountState(executor=executor)

    async def send(self, signals: Sequence[Signal]) -> Sent:
        return Sent(frozenset(signal.signal_id for signal in signals), {})


class _Nowhere(io.StringIO):
    """A stream that keeps nothing: a log that grows in memory is no cost of the generator's."""

    def write(self, text: str, /) -> int:
        return len(text)


class _Generator:
    """A generator by argo.toml, wired to ports that cost nothing."""

    def __init__(self, size: int) -> None:
        configuration = load_configuration(CONFIGURATION)
        self.ports = _CostlessPorts(_market(size))
        gc.collect()
        gc.freeze()  # As the handler does with what a cold start has made.
        self._clock = SteppedClock(_OPENS + BARS * _MINUTE)
        self._symbols = tuple(self.ports.bars_by_symbol)
        rules = configuration.generation.model_copy(update={"history_bars": BARS, "interval_seconds": 60})
        ports: Any = self.ports  # It has what a generator calls, and no more of each port.
        self._wiring = wire(
            GivenPorts(
                ledger=ports,
                broker=ports,
                market_data=ports,
                queue=ports,
                queues=dict.fromkeys(configuration.executors, ports),
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
            for bars in self.ports.bars_by_symbol.values()
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
        for bars in _daily_bars()
        for first in range(0, len(bars) - length, _BETWEEN_WINDOWS)
    ]
    chosen = islice(cycle(windows), 0, None, max(len(windows) // size, 1))
    return {
        Symbol(name): [replace(bar, time=_OPENS + number * _MINUTE) for number, bar in enumerate(window)]
        for name, window in zip(names(size), chosen, strict=False)
    }


@cache
def _daily_bars() -> Sequence[Sequence[Bar]]:
    return [
        [Bar(bar.start, *map(float, (bar.open, bar.high, bar.low, bar.close, bar.volume))) for bar in bars]
        for bars in bars_by_symbol().values()
    ]
