"""Asking every source about every symbol, and leaving out those that fail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from argo.domain.metrics import Metric
from argo.domain.signal import Regime, Side
from argo.domain.symbols import Symbol
from argo.ports import Telemetry
from generation.regime import regimes
from generation.series import BarSeries
from generation.sources.registry import WeightedSource
from generation.time_limit import Overrun, time_limit

_FULL = 100


class Given(NamedTuple):
    """A source's opinion on a symbol, checked: the confidence in percent, 0-100, and the weight it has there."""

    source: str
    side: Side
    confidence: Decimal
    weight: Decimal


type Answers = dict[Symbol, list[Given]]


class Asked(NamedTuple):
    """A symbol's bars and the regime at the last of them, which says who has a voice."""

    bars: BarSeries
    regime: Regime


def to_ask(market: Mapping[Symbol, BarSeries]) -> dict[Symbol, Asked]:
    """Return what is asked about: every symbol with its regime."""
    return {
        symbol: Asked(bars, regime)
        for (symbol, bars), regime in zip(market.items(), regimes(list(market.values())), strict=True)
    }


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

    def ask(self, market: Mapping[Symbol, Asked]) -> Answers:
        """Return what every source that has a voice says to the last bar of every symbol, in the sources' order.

        Once two disagree about a symbol there is no consensus on it, and nobody else is asked.
        """
        answers: Answers = {}
        if not market:
            return answers
        open_ones = dict(market)
        for source in self.sources:
            if source.name in self._overran:
                continue
            try:
                with time_limit(self.seconds):
                    given = self._asked(source, open_ones)
            except Overrun:
                self._overran.add(source.name)
                self.telemetry.count(Metric.SOURCE_FAILURES, len(market), reason=source.name)
                self.telemetry.log.warning("source_overran", source=source.name, seconds=self.seconds)
                continue
            for symbol, opinion in given.items():
                known = answers.setdefault(symbol, [])
                known.append(opinion)
                if known[0].side is not opinion.side:
                    del open_ones[symbol]
        return answers

    @property
    def is_whole(self) -> bool:
        """True while no source has failed."""
        return not self._overran and not self._failed

    def standing(self, answers: Answers) -> Answers:
        """Return the answers of the sources that have failed neither on the symbol nor as a whole."""
        return {
            symbol: left
            for symbol, given in answers.items()
            if (left := [each for each in given if self._stands(each.source, symbol)])
        }

    def _stands(self, name: str, symbol: Symbol) -> bool:
        return name not in self._overran and (name, symbol) not in self._failed

    def _asked(self, source: WeightedSource, market: Mapping[Symbol, Asked]) -> dict[Symbol, Given]:
        found: dict[Symbol, Given] = {}
        failures: dict[Symbol, Exception] = {}
        vote, usual, weight_in = source.source.vote, source.weight, source.weight_in
        for symbol, asked in market.items():
            weight = weight_in.get(asked.regime, usual) if weight_in else usual
            if not weight or (self._failed and not self._stands(source.name, symbol)):
                continue
            try:
                opinion = vote(asked.bars)
                if opinion is not None:
                    side, confidence = _checked(opinion.side, opinion.confidence)
                    found[symbol] = Given(source.name, side, confidence, weight)
            except Exception as error:  # noqa: BLE001 - a plug-in may fail in any way; it is named and left out
                failures[symbol] = error
        if failures:
            self._failed |= {(source.name, symbol) for symbol in failures}
            self.telemetry.count(Metric.SOURCE_FAILURES, len(failures), reason=source.name)
            first = repr(next(iter(failures.values())))
            self.telemetry.log.warning("source_failed", source=source.name, error=first, symbols=[*failures])
        return found


def _checked(side: Side, confidence: float) -> tuple[Side, Decimal]:
    """Refuse what is no opinion: a third side, a fraction, NaN (FAILURES A04, A28)."""
    percent = round(float(confidence), 2)
    if not (percent == 0 or 1 < percent <= _FULL):
        raise ValueError(f"confidence {confidence!r} is not in percent, 0-100")
    return side if side.__class__ is Side else Side(side), Decimal(repr(percent))
