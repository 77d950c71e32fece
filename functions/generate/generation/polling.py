"""Asking every source about every symbol, and leaving out those that fail."""

import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from time import monotonic

from argo.domain.metrics import Metric
from argo.domain.signal import Regime, Side
from argo.domain.symbols import Symbol
from argo.ports import Telemetry
from generation.consensus import Ballot
from generation.series import BarSeries
from generation.sources.registry import WeightedSource

_FULL = 100

type Ballots = dict[Symbol, list[Ballot]]


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

    def ask(self, market: Mapping[Symbol, BarSeries], regime_of: Mapping[Symbol, Regime]) -> Ballots:
        """Return what every source that has a voice says to the last bar of every symbol, in the sources' order.

        The regime at that bar says who has a voice. Once two disagree about a symbol there is no consensus on it,
        and nobody else is asked.
        """
        ballots: Ballots = {}
        open_ones = dict(market)
        for source in self.sources if market else ():
            if source.name in self._overran:
                continue
            try:
                with time_limit(self.seconds):
                    answers = self._asked(source, open_ones, regime_of)
            except Overrun:
                self._overran.add(source.name)
                self.telemetry.count(Metric.SOURCE_FAILURES, len(market), reason=source.name)
                self.telemetry.log.warning("source_overran", source=source.name, seconds=self.seconds)
                continue
            for symbol, ballot in answers.items():
                known = ballots.setdefault(symbol, [])
                known.append(ballot)
                if known[0].side is not ballot.side:
                    del open_ones[symbol]
        return ballots

    @property
    def is_whole(self) -> bool:
        """True while no source has failed."""
        return not self._overran and not self._failed

    def without_failed(self, ballots: Ballots) -> Ballots:
        """Return the ballots of the sources that have failed neither on the symbol nor as a whole."""
        return {
            symbol: left
            for symbol, given in ballots.items()
            if (left := [each for each in given if self._has_voice(each.source, symbol)])
        }

    def _has_voice(self, name: str, symbol: Symbol) -> bool:
        return name not in self._overran and (name, symbol) not in self._failed

    def _asked(
        self, source: WeightedSource, market: Mapping[Symbol, BarSeries], regime_of: Mapping[Symbol, Regime]
    ) -> dict[Symbol, Ballot]:
        found: dict[Symbol, Ballot] = {}
        failures: dict[Symbol, Exception] = {}
        vote, usual, weight_in = source.vote, source.weight, source.weight_in
        for symbol, bars in market.items():
            weight = weight_in.get(regime_of[symbol], usual)
            if not weight or (self._failed and not self._has_voice(source.name, symbol)):
                continue
            try:
                opinion = vote(bars)
                if opinion is not None:
                    found[symbol] = _ballot(source.name, opinion.side, opinion.confidence, weight)
            except Exception as error:  # noqa: BLE001 - a plug-in may fail in any way; it is named and left out
                failures[symbol] = error
        if failures:
            self._failed |= {(source.name, symbol) for symbol in failures}
            self.telemetry.count(Metric.SOURCE_FAILURES, len(failures), reason=source.name)
            first = repr(next(iter(failures.values())))
            self.telemetry.log.warning("source_failed", source=source.name, error=first, symbols=[*failures])
        return found


def _ballot(source: str, side: Side, confidence: float, weight: Decimal) -> Ballot:
    """Refuse what is no opinion: a third side, a fraction, NaN (FAILURES A04, A28)."""
    percent = round(float(confidence), 2)
    if not (percent == 0 or 1 < percent <= _FULL):
        raise ValueError(f"confidence {confidence!r} is not in percent, 0-100")
    return Ballot(source, Side(side), Decimal(repr(percent)), weight)


class Overrun(BaseException):
    """The block has used up its time.

    Not an `Exception`, so that a source which catches those does not run on.
    """


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Interrupt the block after ``seconds`` of wall-clock time; blocks do not nest.

    A timer's signal interrupts Python code and system calls alike, but reaches the main thread only, where Lambda
    and the command run handlers. On another thread the block is measured and not interrupted.

    Raises:
        Overrun: the block took longer.
    """
    if threading.current_thread() is not threading.main_thread():
        began = monotonic()
        yield
        if monotonic() - began > seconds:
            raise Overrun
        return
    has_ended = False

    def ring(*_: object) -> None:
        # A block that has just ended is not interrupted any more.
        if not has_ended:
            raise Overrun

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        has_ended = True
        signal.setitimer(signal.ITIMER_REAL, 0)
