"""The generator's surroundings without their costs: a market, a ledger and queues that are dictionaries."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

from argo.adapters.alpaca.market_data import PAGE_LIMIT
from argo.domain.account import AccountState, MarketClock
from argo.domain.ledger import PutSignal, StoredSignal
from argo.domain.market import Bar
from argo.domain.signal import Signal, Timeframe
from argo.domain.symbols import Symbol
from argo.ports import Sent

_ONE_DAY = timedelta(days=1)


@dataclass(slots=True)
class Tape:
    """Market data as of the time asked for; bars follow each other from ``begins`` on, a page is a request."""

    bars_by_symbol: Mapping[Symbol, Sequence[Bar]]
    begins: datetime
    requests: int = 0

    async def bars(
        self, symbols: Sequence[Symbol], timeframe: Timeframe, *, start: datetime, end: datetime
    ) -> Mapping[Symbol, Sequence[Bar]]:
        """Return the closed bars with ``start <= time``."""
        first = max(-((self.begins - start) // timeframe.duration), 0)
        last = (end - self.begins) // timeframe.duration
        self.requests += max(ceil(len(symbols) * (last - first) / PAGE_LIMIT), 1)
        return {symbol: self.bars_by_symbol[symbol][first:last] for symbol in symbols}


@dataclass(frozen=True, slots=True)
class OpenExchange:
    """An exchange that is always open."""

    at: datetime

    async def clock(self) -> MarketClock:
        """Return its clock."""
        later = self.at + 365 * _ONE_DAY
        return MarketClock(now=self.at, is_open=True, next_open=later, next_close=later)


@dataclass(slots=True)
class Shelf:
    """The generator's part of the ledger. Like the real one it keeps nothing in this process but the outbox."""

    _waiting: dict[str, StoredSignal] = field(default_factory=dict)

    async def put_signal(
        self, signal: Signal, *, executors: Collection[str], declined: Mapping[str, str] | None = None
    ) -> PutSignal:
        """Take a signal."""
        kept = StoredSignal(signal, "simulated", frozenset(), frozenset(executors), declined or {})
        if executors:
            self._waiting[signal.signal_id] = kept
        return PutSignal(kept, created=True)

    async def mark_published(self, signal_id: str, executors: Collection[str]) -> None:  # noqa: ARG002 - a ledger's
        """Take a signal out of the outbox."""
        self._waiting.pop(signal_id, None)

    async def unpublished(self, *, limit: int) -> Sequence[StoredSignal]:
        """Return the outbox."""
        return list(self._waiting.values())[:limit]

    async def unjudged(self, *, limit: int) -> Sequence[StoredSignal]:  # noqa: ARG002 - as above
        """Return none: outcomes are judged once per invocation, after a cycle and not in it."""
        return ()

    async def account(self, executor: str) -> AccountState:
        """Return an account that holds nothing."""
        return AccountState(executor=executor)


class Tray:
    """A queue that takes everything."""

    async def send(self, signals: Sequence[Signal]) -> Sent:
        """Take signals."""
        return Sent(frozenset(signal.signal_id for signal in signals), {})
