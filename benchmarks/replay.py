"""How fast bars are replayed: beside backtesting.py and lumibot on the same bars, and as bars and symbols grow.

The peers run in environments of their own; what they need never meets Argo's lock. Every rate is of CPU time.
"""

import asyncio
import json
import sys
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time

from argo.domain.config import Configuration, Source
from argo.environment import load_configuration
from benchmarks.cold import output, uv
from benchmarks.results import Result
from benchmarks.sample import bars_by_symbol, names
from console import playing
from simulation.market.bar_history import DAILY, BarHistory
from simulation.market.bars import load_bars
from worlds.paths import CONFIGURATION, SAMPLE_BARS
from worlds.play import configured_for

PEERS = {"lumibot": "lumibot_bars.py", "backtesting.py": "backtesting_py.py"}
"""Scripts in `peers`, by what they measure."""

LUMIBOT_BOUND = 0.5
"""Of its rate by that of a replay which does the same."""

TIMES = 3
GROWTH = ((5, 300), (5, 1_000), (5, 3_000), (20, 300), (80, 300), (320, 300))
"""Symbols and bars of each."""

_ONE_SOURCE = "one source, one account"
_BETWEEN_SYMBOLS = 7


@dataclass(frozen=True, slots=True)
class Rate:
    """What was replayed in how many seconds of CPU time."""

    bars: int
    orders: int
    seconds: float

    @property
    def bars_a_second(self) -> float:
        return self.bars / self.seconds


def run() -> list[Result]:
    """Compare the rates over the sample's bars, then let the market grow."""
    history, shipped = load_bars(SAMPLE_BARS), load_configuration(CONFIGURATION)
    rules = {_ONE_SOURCE: _peers_rule(shipped), "four sources, two accounts": shipped}
    measured = defaultdict[str, list[Rate]](list)
    for _ in range(TIMES):
        # In turn, so that all meet the same machine.
        for rule, configuration in rules.items():
            measured[rule].append(_replay(history, configuration))
        for peer, script in PEERS.items():
            measured[peer].append(_peer(script))
    rates = {
        name: replace(each[0], seconds=median(rate.seconds for rate in each)) for name, each in measured.items()
    }
    compared = [_beside(peer, rates[peer], rule, rates[rule]) for peer in PEERS for rule in rules]
    return [*compared, *_growth(shipped)]


def _beside(peer: str, theirs: Rate, rule: str, ours: Rate) -> Result:
    what = (
        f"bars/s of CPU: {peer} {theirs.bars_a_second:,.0f} ({theirs.orders} orders) / "
        f"replay {ours.bars_a_second:,.0f} ({ours.orders} orders), {rule}"
    )
    bound = LUMIBOT_BOUND if (peer, rule) == ("lumibot", _ONE_SOURCE) else None
    return Result(f"replay, {peer}", theirs.bars_a_second / ours.bars_a_second, what, bound)


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


def _replay(history: BarHistory, configuration: Configuration) -> Rate:
    fitted = configured_for(configuration, history)
    began = process_time()
    done = asyncio.run(playing.play_bars(history, fitted, playing.in_this_process()))
    seconds = process_time() - began
    executions = [each for record in done.reading.records for each in record.executions.values()]
    return Rate(len(done.traded.bars), sum(each.order_id is not None for each in executions), seconds)


def _peers_rule(configuration: Configuration) -> Configuration:
    """Return what the peers do: crossing averages, a bracket of true ranges, no limit that ends trading."""
    account = configuration.accounts["argo"].model_copy(
        update={"daily_loss_limit_percent": None, "drawdown_limit_percent": None}
    )
    return configuration.model_copy(update={"sources": {"trend": Source()}, "accounts": {"argo": account}})


def _peer(script: str) -> Rate:
    """Run a peer over the sample, each in the environment that its script names."""
    command = [uv(), "run", "--quiet", "--no-config", "--python", sys.executable, "--script"]
    paths = str(Path(__file__).parent / "peers" / script), str(SAMPLE_BARS.resolve())
    with TemporaryDirectory() as scratch:
        told = output(script, [*command, *paths], cwd=scratch)
    return Rate(**json.loads(told.splitlines()[-1]))


def market_of(symbols: int, length: int) -> BarHistory:
    """Make a market of many symbols: each has real bars, of days of its own, on the same sessions."""
    bars = max(bars_by_symbol().values(), key=len)
    return BarHistory(
        (
            replace(bars[(day + _BETWEEN_SYMBOLS * number) % len(bars)], symbol=name, start=at.start, end=at.end)
            for number, name in enumerate(names(symbols))
            for day, at in enumerate(bars[-length:])
        ),
        DAILY,
    )
