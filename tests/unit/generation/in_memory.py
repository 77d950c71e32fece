"""The generator's ports in memory: market data, the exchange's clock, ledger, queues, and telemetry to be read."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from io import StringIO
from itertools import count

from argo.domain.account import AccountState, Holding, MarketClock
from argo.domain.execution import Execution
from argo.domain.ledger import PutSignal, StoredSignal
from argo.domain.lists import Listed, Unreadable
from argo.domain.market import Bar
from argo.domain.signal import Signal, SignalOutcome, Timeframe
from argo.domain.symbols import Symbol
from argo.observability import Telemetry
from argo.ports import Sent
from simulation.ports.clock import SteppedClock
from tests.unit.generation.bars import ONE_DAY

_NAMES = count()


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
        self.executed: list[Execution] = []
        self.unreadable: list[Unreadable] = []
        self._shifts: dict[str, datetime] = {}

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

    async def withdraw(self, stored: StoredSignal, reasons: Mapping[str, str]) -> bool:
        signal_id = stored.signal.signal_id
        declined = {**stored.declined, **reasons}
        waiting = stored.awaiting - reasons.keys()
        self._stored[signal_id] = replace(self._stored[signal_id], awaiting=waiting, declined=declined)
        return True

    async def executions(self, signal_id: str) -> Listed[Execution]:
        return Listed(each for each in self.executed if each.signal_id == signal_id)

    async def unpublished(self, *, limit: int | None = None) -> Listed[StoredSignal]:
        waiting = [stored for stored in self._stored.values() if stored.awaiting]
        return Listed(waiting[:limit], unreadable=self.unreadable)

    async def unjudged(self, *, limit: int | None = None) -> Listed[StoredSignal]:
        found = [each for each in self._stored.values() if not each.awaiting and each.outcome is None]
        return Listed(found[:limit])

    async def record_outcome(self, signal_id: str, outcome: SignalOutcome) -> bool:
        found = self._stored[signal_id]
        if found.outcome is not None:
            return False
        self._stored[signal_id] = replace(found, outcome=outcome)
        return True

    async def record_shift(self, shard: str, began: datetime) -> None:
        self._shifts[shard] = max(began, self._shifts.get(shard, began))

    async def latest_shift(self, shard: str) -> datetime | None:
        return self._shifts.get(shard)

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
