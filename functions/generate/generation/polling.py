"""Asking every source about every symbol, and leaving out those that fail."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from argo.domain.signal import Regime, Side
from argo.domain.symbols import Symbol
from argo.observability import Metric, Telemetry
from generation.series import BarSeries
from generation.sources.registry import WeightedSource
from generation.time_limit import Overrun, time_limit

_FULL = 100


class Given(NamedTuple):
    """A source's opinion on a symbol, checked: the confidence is in percent, 0-100, to two places."""

    source: WeightedSource
    side: Side
    confidence: float

    def weighed(self, regime: Regime) -> "Weighed":
        """Return the opinion with its source's weight in a regime."""
        weight = self.source.weight_in.get(regime, self.source.weight)
        return Weighed(self.source.name, self.side, Decimal(repr(self.confidence)), weight)


class Weighed(NamedTuple):
    """An opinion with what it weighs; 0 is no voice."""

    source: str
    side: Side
    confidence: Decimal
    weight: Decimal


type Answers = dict[Symbol, list[Given]]


@dataclass(slots=True)
class Poll:
    """One cycle's questions. Who fails is counted, named and left out for the rest of it (FAILURES A31).

    A source that raises, or whose answer is no opinion, loses its voice on that symbol; one that takes more than
    ``seconds`` over all symbols loses it on all.
    """

    sources: Sequence[WeightedSource]
    seconds: float
    telemetry: Telemetry
    _overran: set[str] = field(default_factory=set)
    _failed: set[tuple[str, Symbol]] = field(default_factory=set)

    def ask(self, market: Mapping[Symbol, BarSeries]) -> Answers:
        """Return what every source says to the last bar of every symbol, in the sources' order."""
        answers: dict[Symbol, list[Given]] = defaultdict(list)
        for source in self.sources:
            if source.name in self._overran:
                continue
            try:
                with time_limit(self.seconds):
                    given = self._asked(source, market)
            except Overrun:
                self._overran.add(source.name)
                self.telemetry.count(Metric.SOURCE_FAILURES, len(market), reason=source.name)
                self.telemetry.log.warning("source_overran", source=source.name, seconds=self.seconds)
            else:
                for symbol, opinion in given.items():
                    answers[symbol].append(opinion)
        return dict(answers)

    @property
    def is_whole(self) -> bool:
        """True while no source has failed."""
        return not self._overran and not self._failed

    def standing(self, answers: Answers) -> Answers:
        """Return the answers of the sources that have failed neither on the symbol nor as a whole."""
        return {
            symbol: left
            for symbol, given in answers.items()
            if (left := [each for each in given if self._stands(each.source.name, symbol)])
        }

    def _stands(self, name: str, symbol: Symbol) -> bool:
        return name not in self._overran and (name, symbol) not in self._failed

    def _asked(self, source: WeightedSource, market: Mapping[Symbol, BarSeries]) -> dict[Symbol, Given]:
        found: dict[Symbol, Given] = {}
        failures: dict[Symbol, Exception] = {}
        vote = source.source.vote
        for symbol, bars in market.items():
            if self._failed and not self._stands(source.name, symbol):
                continue
            try:
                opinion = vote(bars)
                if opinion is not None:
                    found[symbol] = _checked(source, opinion.side, opinion.confidence)
            except Exception as error:  # noqa: BLE001 - a plug-in may fail in any way; it is named and left out
                failures[symbol] = error
        if failures:
            self._failed |= {(source.name, symbol) for symbol in failures}
            self.telemetry.count(Metric.SOURCE_FAILURES, len(failures), reason=source.name)
            first = repr(next(iter(failures.values())))
            self.telemetry.log.warning("source_failed", source=source.name, error=first, symbols=[*failures])
        return found


def _checked(source: WeightedSource, side: Side, confidence: float) -> Given:
    """Refuse what is no opinion: a third side, a fraction, NaN (FAILURES A04, A28)."""
    percent = round(float(confidence), 2)
    if not (percent == 0 or 1 < percent <= _FULL):
        raise ValueError(f"confidence {confidence!r} is not in percent, 0-100")
    return Given(source, side if side.__class__ is Side else Side(side), percent)
