"""What goes wrong in one run, and when: all of it decided by the run's seed."""

from collections import Counter
from collections.abc import Collection, Mapping
from random import Random  # noqa: TID251 - a seed's whole fate is drawn here; the core draws nothing

from trials.fault import Fault

type Rates = Mapping[Fault, float]


class FaultDraws:
    """Draws what happens; every fault from a stream of its own, so that leaving one out moves no other.

    Which faults a run knows, and how often they strike, is drawn too: a run in which few kinds are frequent meets
    mixes that a run with a little of everything never does (swarm testing, Groce et al., ISSTA 2012).

    Attributes:
        struck: how often each fault has struck.
    """

    def __init__(self, seed: int, *, without: Collection[Fault] = ()) -> None:
        """Draw the run's rates from its seed; ``without`` leaves faults out."""
        self._seed = seed
        self._streams = {fault: self.chance(fault) for fault in Fault}
        self.rates: Rates = {
            fault: rate for fault in Fault if (rate := self._rate(fault)) and fault not in without
        }
        self.struck: Counter[Fault] = Counter()
        self._odds = {fault: (self._streams[fault].random, rate) for fault, rate in self.rates.items()}

    def strikes(self, fault: Fault) -> bool:
        """Decide whether a fault strikes now."""
        odds = self._odds.get(fault)
        if odds is None:
            return False
        draw, rate = odds
        if draw() >= rate:
            return False
        self.struck[fault] += 1
        return True

    def of(self, fault: Fault, least: float, most: float) -> float:
        """Draw how badly a fault strikes, evenly between two bounds."""
        return self._streams[fault].uniform(least, most)

    def chance(self, purpose: str) -> Random:
        """Return a stream for what is no fault: latencies, prices, signals."""
        return Random(f"{self._seed}:{purpose}")  # noqa: S311 - reproducible, not secret

    def end(self) -> None:
        """Let nothing strike any more."""
        self._odds.clear()

    def _rate(self, fault: Fault) -> float:
        stream = self._streams[fault]
        known, strength = stream.random() < 0.6, stream.random()
        # From a hundredth of the worst rate up to it, each order of magnitude as likely; rounded, as the last bits
        # of a power are the machine's.
        return round(fault.worst * 10 ** (-2 * strength), 9) if known else 0.0
