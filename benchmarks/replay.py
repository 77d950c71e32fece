"""How fast bars are replayed: beside backtesting.py and lumibot on the same bars, and as bars and symbols grow.

The peers run in environments of their own; what they need never meets Argo's lock. Every rate is of CPU time.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice, product
from pathlib import Path
from statistics import median
from string import ascii_uppercase
from tempfile import TemporaryDirectory
from time import process_time

from argo.domain.config import Configuration, Source
from argo.environment import load_configuration
from benchmarks.cold import uv
from benchmarks.results import Result
from console import playing
from simulation.market.bar_history import Bar, BarHistory
from simulation.market.bars import load_bars
from simulation.market.timeframe import DAILY
from worlds.paths import CONFIGURATION, SAMPLE_BARS
from worlds.play import configured_for

PEERS = Path(__file__).parent / "peers"
LUMIBOT, BACKTESTING = "lumibot_bars.py", "backtesting_py.py"
LUMIBOT_BOUND = 0.5
TIMES = 3
GROWTH = ((5, 300), (5, 1_000), (5, 3_000), (20, 300), (80, 300), (320, 300))
"""Symbols and bars of each."""

_BETWEEN_SYMBOLS = 7


@dataclass(frozen=True, slots=True)
class Rate:
    """What was replayed in how many seconds of CPU time."""

    bars: int
    orders: int
    seconds: float

    @property
    def bars_a_second(self) -> float:
        """The rate."""
        return self.bars / self.seconds


def run() -> list[Result]:
    """Compare the rates over the sample's bars, then let the market grow."""
    tape = load_bars(SAMPLE_BARS)
    shipped = load_configuration(CONFIGURATION)
    ours, theirs = [], []
    for _ in range(TIMES):
        # In turn, so that all meet the same machine.
        ours.append((_replay(tape, _peers_rule(shipped)), _replay(tape, shipped)))
        theirs.append((_peer(LUMIBOT), _peer(BACKTESTING)))
    ruled, whole = (_middle(each) for each in zip(*ours, strict=True))
    lumibot, backtesting = (_middle(each) for each in zip(*theirs, strict=True))
    return [
        _beside("lumibot", lumibot, ruled, "one source, one account", LUMIBOT_BOUND),
        _beside("lumibot", lumibot, whole, "four sources, two accounts"),
        _beside("backtesting.py", backtesting, ruled, "one source, one account"),
        _beside("backtesting.py", backtesting, whole, "four sources, two accounts"),
        *_growth(shipped),
    ]


def _beside(name: str, peer: Rate, ours: Rate, rule: str, bound: float | None = None) -> Result:
    what = (
        f"bars/s of CPU: {name} {peer.bars_a_second:,.0f} ({peer.orders} orders) / "
        f"replay {ours.bars_a_second:,.0f} ({ours.orders} orders), {rule}"
    )
    return Result(f"replay, {name}", peer.bars_a_second / ours.bars_a_second, what, bound)


def _growth(configuration: Configuration) -> list[Result]:
    results: list[Result] = []
    smallest = 0.0
    for symbols, bars in GROWTH:
        rate = _replay(market_of(symbols, bars), configuration)
        smallest = smallest or rate.seconds / rate.bars
        what = (
            f"CPU time per bar, {symbols} symbols x {bars} bars ({rate.bars_a_second:,.0f} bars/s) / "
            f"{GROWTH[0][0]} x {GROWTH[0][1]}"
        )
        results.append(Result(f"replay, {symbols} x {bars}", rate.seconds / rate.bars / smallest, what))
    return results


def _replay(tape: BarHistory, configuration: Configuration) -> Rate:
    fitted = configured_for(configuration, tape)
    began = process_time()
    done = asyncio.run(playing.play_bars(tape, fitted, playing.in_this_process()))
    seconds = process_time() - began
    return Rate(done.played.bars, sum(len(entries) for entries in done.played.entries.values()), seconds)


def _peers_rule(configuration: Configuration) -> Configuration:
    """Return what the peers do: crossing averages, a bracket of true ranges, no limit that ends trading."""
    account = configuration.accounts["argo"].model_copy(
        update={"daily_loss_limit_percent": None, "drawdown_limit_percent": None}
    )
    return configuration.model_copy(update={"sources": {"trend": Source()}, "accounts": {"argo": account}})


def _peer(script: str) -> Rate:
    """Run a peer over the sample, each in the environment that its script names."""
    command = [uv(), "run", "--quiet", "--no-config", "--python", sys.executable, "--script", str(PEERS / script)]
    with TemporaryDirectory() as scratch:
        done = subprocess.run(  # noqa: S603
            [*command, str(SAMPLE_BARS.resolve())], cwd=scratch, check=False, capture_output=True, text=True
        )
    if done.returncode:
        raise RuntimeError(f"{script} failed:\n{done.stderr[-2_000:]}")
    return Rate(**json.loads(done.stdout.splitlines()[-1]))


def _middle(rates: Sequence[Rate]) -> Rate:
    return replace(rates[0], seconds=median(rate.seconds for rate in rates))


def market_of(symbols: int, length: int) -> BarHistory:
    """Make a market of many symbols: each has real bars, of days of its own, on the same sessions."""
    bars = _longest()
    names = ("".join(letters) for letters in product(ascii_uppercase, repeat=4))
    return BarHistory(
        (
            replace(bars[(day + _BETWEEN_SYMBOLS * number) % len(bars)], symbol=name, start=at.start, end=at.end)
            for number, name in enumerate(islice(names, symbols))
            for day, at in enumerate(bars[-length:])
        ),
        DAILY,
    )


@cache
def _longest() -> Sequence[Bar]:
    found: dict[str, list[Bar]] = {}
    for bar in load_bars(SAMPLE_BARS).bars:
        found.setdefault(bar.symbol, []).append(bar)
    return max(found.values(), key=len)
