"""Evaluators over the bars of a crossing, and a source that fails."""

from argo.domain.signal import Side
from generation.evaluation import Evaluator
from generation.series import bar_series
from generation.sources.base import Opinion
from tests.unit.generation.bars import AAPL, OPENING, bars_of
from tests.unit.generation.generator import JUMP, QUIET, rules, weighted
from tests.unit.generation.in_memory import Journal

CROSSING = bars_of([*QUIET, JUMP])
DAILY = rules(timeframe="1Day")


def an_evaluator(journal=None, generation=None, **sources):
    return Evaluator(generation or rules(), weighted(**sources), (journal or Journal()).telemetry)


def judged(bars=CROSSING, journal=None, generation=None, **sources):
    return signal_of(an_evaluator(journal, generation, **sources), bars)


def signal_of(evaluator, bars, now=OPENING, symbol=AAPL):
    """Return the signal of one symbol's bars, None without one."""
    return signal_of_series(evaluator, bar_series(bars), now, symbol)


def signal_of_series(evaluator, series, now=OPENING, symbol=AAPL):
    found = evaluator.signals({symbol: series}, now)
    return found[0] if found else None


class FailsAt:
    """Sells at every price but one, at which it raises."""

    def __init__(self, price):
        self.price = price

    def vote(self, bars):
        if bars.price == self.price:
            raise ZeroDivisionError
        return Opinion(Side.SELL, 85.0)
