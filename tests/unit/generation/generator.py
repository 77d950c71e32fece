"""A generator with everything around it in memory, and sources that say what a test wants."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from argo.domain.config import Configuration, Generation, Source
from argo.domain.profile import Profile
from argo.domain.signal import Side
from argo.ports import GivenPorts
from generation.series import BarSeries
from generation.sources.base import Opinion
from generation.sources.registry import BUILT_IN, WeightedSource
from generation.wiring import wire
from simulation.ports.clock import SteppedClock
from tests.unit.generation.bars import AAPL, OPENING, bars_of
from tests.unit.generation.in_memory import Exchange, Feed, Journal, Queue, SignalStore


def rules(**overrides: object) -> Generation:
    return Generation(**overrides)


def a_configuration(**overrides: object) -> Configuration:
    profile = Profile(minimum_confidence=75, base_size_percent=10, size_cap_percent=15)
    fields = {
        "watchlist": ("AAPL", "MSFT"),
        "sources": {name: Source() for name in BUILT_IN},
        "accounts": {"argo": profile, "prop_firm": profile},
    }
    return Configuration(**fields | overrides)


class Says:
    """A source of one opinion, or of the error it is given."""

    def __init__(self, opinion: object) -> None:
        self.opinion = opinion

    def vote(self, bars: BarSeries) -> Opinion | None:  # noqa: ARG002 - a source's signature
        if isinstance(self.opinion, Exception):
            raise self.opinion
        return self.opinion  # type: ignore[return-value]


class Above:
    """Buys while the last close is above a price."""

    def __init__(self, price: float, confidence: object = 85.0) -> None:
        self.price = price
        self.confidence = confidence

    def vote(self, bars: BarSeries) -> Opinion | None:
        return Opinion(Side.BUY, self.confidence) if bars.price > self.price else None  # type: ignore[arg-type]


def weighted(**sources: object) -> list[WeightedSource]:
    return [WeightedSource(name, Decimal(1), getattr(source, "vote", source)) for name, source in sources.items()]


@dataclass
class Generator:
    """A generator with everything around it."""

    feed: Feed
    clock: SteppedClock
    generation: Generation = field(default_factory=rules)
    sources: Sequence[WeightedSource] | None = None
    store: SignalStore = field(default_factory=SignalStore)
    queues: dict[str, Queue] = field(default_factory=lambda: {"argo": Queue(), "prop_firm": Queue()})
    journal: Journal = field(default_factory=Journal)
    exchange: Exchange | None = None
    profiles: dict[str, Profile] = field(default_factory=dict)

    def __post_init__(self) -> None:
        configuration = a_configuration(generation=self.generation, watchlist=tuple(sorted(self.feed.held)))
        ports = GivenPorts(
            ledger=self.store,  # type: ignore[arg-type]
            broker=self.exchange or Exchange(self.clock.now),  # type: ignore[arg-type]
            market_data=self.feed,
            queue=self.queues["argo"],  # type: ignore[arg-type]
            queues=self.queues,  # type: ignore[arg-type]
            clock=self.clock,
            telemetry=self.journal.telemetry,
        )
        wiring = wire(ports, configuration, asking=self.sources)
        self.wiring = replace(wiring, publisher=replace(wiring.publisher, profiles=self.profiles))


QUIET, JUMP = [90.0 + 0.1 * (number % 2) for number in range(30)], 110.0
"""A series that `Above(100)` has no opinion on, and the close that changes it."""


def a_crossing(now: datetime = OPENING, **options: object) -> Generator:
    """Return a generator whose market crosses above 100 in the bar that has just closed."""
    clock = SteppedClock(now)
    feed = Feed({AAPL: bars_of([*QUIET, JUMP], end=now)}, clock)
    return Generator(feed, clock, sources=weighted(above=Above(100)), **options)  # type: ignore[arg-type]
