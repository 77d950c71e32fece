"""The source of docs/sources.md, taken from there and run."""

import asyncio
import re
import sys
from datetime import timedelta

import pytest

import generation.sources
from argo.domain.config import parse_configuration
from argo.domain.signal import Side
from generation.cycle import run_cycles
from generation.series import bar_series
from generation.sources.base import Opinion
from generation.sources.registry import sources
from simulation.ports.clock import SteppedClock
from tests.unit.generation.bars import AAPL, OPENING, bars_of
from tests.unit.generation.generator import Generator
from tests.unit.generation.in_memory import Feed
from worlds.paths import CONFIGURATION, PROJECT

SECTION = re.search(
    r"^## Add a source\n(.*?)^## ", (PROJECT / "docs/sources.md").read_text("utf-8"), re.DOTALL | re.MULTILINE
)
assert SECTION is not None
[PYTHON] = re.findall(r"```python\n(.*?)```", SECTION[1], re.DOTALL)
[TOML] = re.findall(r"```toml\n(.*?)```", SECTION[1], re.DOTALL)


@pytest.fixture
def gap(tmp_path, monkeypatch):
    """Put the example where its first line says, and return it as argo.toml makes it."""
    path = PROJECT / PYTHON.splitlines()[0].removeprefix("# ")
    assert path.parent.samefile(PROJECT / "functions/generate/generation/sources")
    (tmp_path / path.name).write_text(PYTHON, "utf-8")
    monkeypatch.setattr(generation.sources, "__path__", [*generation.sources.__path__, str(tmp_path)])
    text = CONFIGURATION.read_text("utf-8")
    # Somebody who follows the page has it there already.
    configuration = parse_configuration(text if "[sources.gap]" in text else f"{text}\n{TOML}")
    yield next(entry for entry in sources(configuration) if entry.name == "gap")
    sys.modules.pop("generation.sources.gap", None)


def test_the_example_is_shorter_than_fifteen_lines():
    assert len((PYTHON + TOML).splitlines()) < 15


def test_the_example_votes_with_a_gap_and_against_none(gap):
    up, down, flat = ([100.0] * 5 for _ in range(3))

    def vote(closes, opens):
        *before, last = bars_of(closes)
        return gap.vote(bar_series([*before, type(last)(last.time, opens, 200, 50, 100, 1)]))

    assert (gap.name, float(gap.weight)) == ("gap", 0.5)
    assert vote(up, 103.0) == Opinion(Side.BUY, 80)
    assert vote(down, 97.0) == Opinion(Side.SELL, 80)
    assert vote(flat, 101.0) is None
    assert gap.vote(bar_series(bars_of([100.0]))) is None


def test_the_example_makes_a_signal_in_the_generator(gap):
    *before, last = bars_of([100.0] * 40)
    market = [*before, type(last)(last.time, 104.0, 105.0, 99.0, 104.0, 1000.0)]
    clock = SteppedClock(OPENING)
    generator = Generator(Feed({AAPL: market}, clock), clock, sources=[gap])

    report = asyncio.run(run_cycles(generator.wiring, [AAPL], until=clock.now() + timedelta(seconds=1)))

    assert report.signals == 1
    (signal,) = generator.store.signals
    assert (signal.side, [vote.source for vote in signal.votes]) == (Side.BUY, ["gap"])
