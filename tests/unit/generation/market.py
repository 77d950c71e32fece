"""A market, a ledger and queues in memory: what stands around the generator in its unit tests."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from io import StringIO
from itertools import count

from argo.domain.account import AccountState, Holding, MarketClock
from argo.domain.config import Configuration, Generation, Source
from argo.domain.ledger import PutSignal, StoredSignal
from argo.domain.market import Bar
from argo.domain.profile import Profile
from argo.domain.signal import Side, Signal, Timeframe
from argo.domain.signal_outcome import SignalOutcome
from argo.domain.symbols import Symbol
from argo.observability import Telemetry
from argo.ports import GivenPorts, Sent
from generation.series import BarSeries, bar_series
from generation.sources.base import Opinion
from generation.sources.registry import BUILT_IN, WeightedSource
from generation.wiring import wire
from simulation.market.bars import load_bars
from simulation.market.sessions import exchange_date
from simulation.ports.clock import SteppedClock
from worlds.paths import SAMPLE_BARS

AAPL, MSFT = Symbol("AAPL"), Symbol("MSFT")
OPENING = datetime(2026, 3, 2, 15, tzinfo=UTC)
ONE_DAY = timedelta(days=1)
_NAMES = count()


def bars_of(
    closes: Sequence[float],
    *,
    end: datetime = OPENING,
    timeframe: Timeframe = Timeframe.MINUTE,
    spread: float = 0.5,
    volume: float = 1000.0,
) -> list[Bar]:
    """Make bars one after the other, the last of them closed at ``end``."""
    first = end - len(closes) * timeframe.duration
    opens = [closes[0], *closes[:-1]]
    return [
        Bar(
            first + number * timeframe.duration,
            open=before,
            high=max(before, close) + spread,
            low=min(before, close) - spread,
            close=close,
            volume=volume,
        )
        for number, (before, close) in enumerate(zip(opens, closes, strict=True))
    ]


def series_of(closes: Sequence[float], *, busy: float = 1, **options: float) -> BarSeries:
    """Make columns of bars; the last has ``busy`` times the others' volume."""
    *before, last = bars_of(closes, **options)
    return bar_series([*before, replace(last, volume=last.volume * busy)])


def bars_in(series: BarSeries) -> list[Bar]:
    """Turn columns back into bars."""
    columns = (series.open, series.high, series.low, series.close, series.volume)
    return [Bar(series.time_of(number), *map(float, row)) for number, row in enumerate(zip(*columns, strict=True))]


def mirrored(bars: Sequence[Bar], around: float = 200) -> list[Bar]:
    """Turn rises into falls."""
    return [
        replace(
            bar,
            open=2 * around - bar.open,
            high=2 * around - bar.low,
            low=2 * around - bar.high,
            close=2 * around - bar.close,
        )
        for bar in bars
    ]


@cache
def real_bars() -> Mapping[Symbol, Sequence[Bar]]:
    """Read the sample's daily bars; a bar's time is its session's opening."""
    found: dict[Symbol, list[Bar]] = {}
    for bar in load_bars(SAMPLE_BARS).bars:
        numbers = (float(number) for number in (bar.open, bar.high, bar.low, bar.close, bar.volume))
        found.setdefault(Symbol(bar.symbol), []).append(Bar(bar.start, *numbers))
    return found


@cache
def sessions() -> Sequence[date]:
    """Return the exchange's dates in the sample, oldest first."""
    return sorted({exchange_date(bar.time) for bars in real_bars().values() for bar in bars})


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


@dataclass(frozen=True)
class Request:
    """What a feed was asked for."""

    symbols: tuple[Symbol, ...]
    start: datetime
    end: datetime


@dataclass
class Feed:
    """`argo.ports.MarketData` from memory: as of the time asked for, after ``takes`` of the clock's time."""

    held: dict[Symbol, Sequence[Bar]]
    clock: SteppedClock | None = None
    takes: list[timedelta] = field(default_factory=list)
    faults: list[Exception | None] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    async def bars(
        self, symbols: Sequence[Symbol], timeframe: Timeframe, *, start: datetime, end: datetime
    ) -> Mapping[Symbol, Sequence[Bar]]:
        self.requests.append(Request(tuple(symbols), start, end))
        if self.clock is not None and self.takes:
            self.clock.set(self.clock.now() + self.takes.pop(0))
        if self.faults and (fault := self.faults.pop(0)) is not None:
            raise fault
        found = {
            symbol: [
                bar for bar in self.held.get(symbol, ()) if bar.time >= start and bar.is_closed(timeframe, end)
            ]
            for symbol in symbols
        }
        return {symbol: bars for symbol, bars in found.items() if bars}


@dataclass
class Exchange:
    """The exchange's clock, open round the clock unless it is told otherwise; ``faults`` raise first."""

    now: Callable[[], datetime]
    hours: Sequence[tuple[datetime, datetime]] = ()
    faults: list[Exception | None] = field(default_factory=list)
    asked: int = 0

    async def clock(self) -> MarketClock:
        self.asked += 1
        if self.faults and (fault := self.faults.pop(0)) is not None:
            raise fault
        now = self.now()
        hours = self.hours or [(now - ONE_DAY, now + ONE_DAY)]
        never = now + 365 * ONE_DAY
        return MarketClock(
            now=now,
            is_open=any(opens <= now < closes for opens, closes in hours),
            next_open=min((opens for opens, _ in hours if opens > now), default=never),
            next_close=min((closes for _, closes in hours if closes > now), default=never),
        )


class SignalStore:
    """The generator's part of `argo.ports.Ledger`; the puts named in ``faults`` raise."""

    def __init__(self) -> None:
        self._stored: dict[str, StoredSignal] = {}
        self.holdings: dict[str, dict[str, Holding]] = {}
        self.accounts_read: list[str] = []
        self.faults: list[Exception | None] = []

    def __len__(self) -> int:
        return len(self._stored)

    def __contains__(self, signal: Signal) -> bool:
        return signal.signal_id in self._stored

    def __getitem__(self, signal_id: str) -> StoredSignal:
        return self._stored[signal_id]

    @property
    def signals(self) -> list[Signal]:
        return [stored.signal for stored in self._stored.values()]

    async def put_signal(
        self, signal: Signal, *, executors: Collection[str], declined: Mapping[str, str] | None = None
    ) -> PutSignal:
        if self.faults and (fault := self.faults.pop(0)) is not None:
            raise fault
        created = signal not in self
        fresh = StoredSignal(signal, "simulated", frozenset(), frozenset(executors), declined or {})
        return PutSignal(self._stored.setdefault(signal.signal_id, fresh), created)

    async def mark_published(self, signal_id: str, executors: set[str]) -> None:
        found = self._stored[signal_id]
        self._stored[signal_id] = replace(
            found, published_to=found.published_to | executors, awaiting=found.awaiting - executors
        )

    async def unpublished(self, *, limit: int) -> Sequence[StoredSignal]:
        return [stored for stored in self._stored.values() if stored.awaiting][:limit]

    async def unjudged(self, *, limit: int) -> Sequence[StoredSignal]:
        return [each for each in self._stored.values() if not each.awaiting and each.outcome is None][:limit]

    async def record_outcome(self, signal_id: str, outcome: SignalOutcome) -> bool:
        found = self._stored[signal_id]
        if found.outcome is not None:
            return False
        self._stored[signal_id] = replace(found, outcome=outcome)
        return True

    async def account(self, executor: str) -> AccountState:
        self.accounts_read.append(executor)
        return AccountState(executor=executor, holdings=self.holdings.get(executor, {}))


class Queue:
    """`argo.ports.SignalQueue`, the sending side; ``refuses`` signals by id."""

    def __init__(self, *refuses: str) -> None:
        self.sent: list[Signal] = []
        self.refuses = set(refuses)
        self.is_down = False

    def __len__(self) -> int:
        return len(self.sent)

    async def send(self, signals: Sequence[Signal]) -> Sent:
        refused = {
            signal.signal_id: "InternalError"
            for signal in signals
            if self.is_down or signal.signal_id in self.refuses
        }
        taken = [signal for signal in signals if signal.signal_id not in refused]
        self.sent += taken
        return Sent(frozenset(signal.signal_id for signal in taken), refused)


class Journal:
    """Telemetry that can be read; every one has a service name of its own, as loggers are shared by name."""

    def __init__(self) -> None:
        self._text = StringIO()
        self.telemetry = Telemetry(f"test-{next(_NAMES)}", mode="simulated", stream=self._text)

    @property
    def entries(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self._text.getvalue().splitlines()]

    @property
    def events(self) -> list[object]:
        return [entry["message"] for entry in self.entries]

    def count(self, metric: str) -> int:
        return self.telemetry.counts.get(metric, 0)


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
    return [WeightedSource(name, Decimal(1), source) for name, source in sources.items()]  # type: ignore[arg-type]


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
