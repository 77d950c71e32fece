"""Ports behind which the real ones stand: every call goes through one function first.

That function may count a call, refuse it, let it happen twice or end the process; what it does with one call it
does with the calls of every port.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Protocol

from argo.domain.account import AccountState, Asset, BrokerAccount, MarketClock, Position, TradingState
from argo.domain.execution import Execution, ExecutionState, Exit, Protection
from argo.domain.ledger import Claim, Intent, Page, PutSignal, Release, Settlement, StoredSignal
from argo.domain.limits import EquityMarks
from argo.domain.market import Bar
from argo.domain.orders import BrokerOrder
from argo.domain.reasons import Obstacle, QuarantineReason
from argo.domain.signal import Signal, Timeframe
from argo.domain.signal_outcome import SignalOutcome
from argo.domain.symbols import Symbol
from argo.ports import Broker, Ledger, MarketData, Sent, SignalQueue


class Through(Protocol):
    """What the calls go through."""

    def __call__[**P, T](
        self, name: str, method: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> Awaitable[T]:
        """Answer for the port's method of this name."""
        ...


class InterposedMarketData(MarketData):
    """Market data with something before it."""

    def __init__(self, port: MarketData, through: Through) -> None:
        self.port = port
        self._call = through

    async def bars(
        self, symbols: Sequence[Symbol], timeframe: Timeframe, *, start: datetime, end: datetime
    ) -> Mapping[Symbol, Sequence[Bar]]:
        return await self._call("bars", self.port.bars, symbols, timeframe, start=start, end=end)

    async def latest_prices(self, symbols: Collection[Symbol]) -> Mapping[Symbol, Decimal]:
        return await self._call("latest_prices", self.port.latest_prices, symbols)


class InterposedBroker(Broker):
    """A broker with something before it."""

    def __init__(self, port: Broker, through: Through) -> None:
        self.port = port
        self._call = through

    async def account(self) -> BrokerAccount:
        return await self._call("account", self.port.account)

    async def clock(self) -> MarketClock:
        return await self._call("clock", self.port.clock)

    async def positions(self) -> Sequence[Position]:
        return await self._call("positions", self.port.positions)

    async def open_orders(self, *, nested: bool = True) -> Sequence[BrokerOrder]:
        return await self._call("open_orders", self.port.open_orders, nested=nested)

    async def closed_orders(self, symbol: Symbol, *, since: datetime) -> Sequence[BrokerOrder]:
        return await self._call("closed_orders", self.port.closed_orders, symbol, since=since)

    async def replace(self, order_id: str, *, stop_price: Decimal) -> BrokerOrder:
        return await self._call("replace", self.port.replace, order_id, stop_price=stop_price)

    async def asset(self, symbol: Symbol) -> Asset | None:
        return await self._call("asset", self.port.asset, symbol)

    async def submit(self, body: Mapping[str, object]) -> BrokerOrder:
        return await self._call("submit", self.port.submit, body)

    async def order(self, order_id: str) -> BrokerOrder | None:
        return await self._call("order", self.port.order, order_id)

    async def order_by_client_id(self, client_order_id: str) -> BrokerOrder | None:
        return await self._call("order_by_client_id", self.port.order_by_client_id, client_order_id)

    async def cancel(self, order_id: str) -> bool:
        return await self._call("cancel", self.port.cancel, order_id)


class InterposedLedger(Ledger):
    """A ledger with something before it."""

    def __init__(self, port: Ledger, through: Through) -> None:
        self.port = port
        self._call = through

    async def put_signal(
        self, signal: Signal, *, executors: Collection[str], declined: Mapping[str, str] | None = None
    ) -> PutSignal:
        return await self._call("put_signal", self.port.put_signal, signal, executors=executors, declined=declined)

    async def signal(self, signal_id: str) -> StoredSignal | None:
        return await self._call("signal", self.port.signal, signal_id)

    async def mark_published(self, signal_id: str, executors: Collection[str]) -> None:
        await self._call("mark_published", self.port.mark_published, signal_id, executors)

    async def unpublished(self, *, limit: int) -> Sequence[StoredSignal]:
        return await self._call("unpublished", self.port.unpublished, limit=limit)

    async def unjudged(self, *, limit: int) -> Sequence[StoredSignal]:
        return await self._call("unjudged", self.port.unjudged, limit=limit)

    async def record_outcome(self, signal_id: str, outcome: SignalOutcome) -> bool:
        return await self._call("record_outcome", self.port.record_outcome, signal_id, outcome)

    async def claim(self, signal: Signal, executor: str, *, now: datetime, lease: timedelta) -> Claim:
        return await self._call("claim", self.port.claim, signal, executor, now=now, lease=lease)

    async def intend(
        self, execution: Execution, intent: Intent, *, account: AccountState, now: datetime
    ) -> Execution:
        return await self._call("intend", self.port.intend, execution, intent, account=account, now=now)

    async def settle(
        self, execution: Execution, state: ExecutionState, settlement: Settlement, *, now: datetime
    ) -> Execution:
        return await self._call("settle", self.port.settle, execution, state, settlement, now=now)

    async def pause(
        self,
        execution: Execution,
        obstacle: Obstacle,
        *,
        until: datetime,
        now: datetime,
        state: ExecutionState | None = None,
        detail: Mapping[str, str] | None = None,
        release: Release = Release.NOTHING,
        closes: str | None = None,
        missing_since: datetime | None = None,
    ) -> Execution:
        return await self._call(
            "pause",
            self.port.pause,
            execution,
            obstacle,
            until=until,
            now=now,
            state=state,
            detail=detail,
            release=release,
            closes=closes,
            missing_since=missing_since,
        )

    async def record_exit(self, execution: Execution, planned: Exit, *, now: datetime) -> Execution:
        return await self._call("record_exit", self.port.record_exit, execution, planned, now=now)

    async def record_protection(self, execution: Execution, protection: Protection, *, now: datetime) -> Execution:
        return await self._call("record_protection", self.port.record_protection, execution, protection, now=now)

    async def execution(self, signal_id: str, executor: str) -> Execution | None:
        return await self._call("execution", self.port.execution, signal_id, executor)

    async def executions(self, signal_id: str) -> Sequence[Execution]:
        return await self._call("executions", self.port.executions, signal_id)

    async def open_executions(self, executor: str, *, limit: int) -> Sequence[Execution]:
        return await self._call("open_executions", self.port.open_executions, executor, limit=limit)

    async def account(self, executor: str, *, exits_since: datetime | None = None) -> AccountState:
        return await self._call("account", self.port.account, executor, exits_since=exits_since)

    async def set_trading_state(
        self,
        executor: str,
        state: TradingState,
        *,
        reason: str,
        now: datetime,
        resumes_on: date | None = None,
        read: AccountState | None = None,
    ) -> bool:
        return await self._call(
            "set_trading_state",
            self.port.set_trading_state,
            executor,
            state,
            reason=reason,
            now=now,
            resumes_on=resumes_on,
            read=read,
        )

    async def observe(self, read: AccountState, known: EquityMarks, *, now: datetime) -> bool:
        return await self._call("observe", self.port.observe, read, known, now=now)

    async def measure_anew(self, executor: str) -> None:
        await self._call("measure_anew", self.port.measure_anew, executor)

    async def signals_of(self, day: str, *, limit: int, token: str | None = None) -> Page[StoredSignal]:
        return await self._call("signals_of", self.port.signals_of, day, limit=limit, token=token)

    async def executions_of(
        self, executor: str, day: str, *, limit: int, token: str | None = None
    ) -> Page[Execution]:
        return await self._call("executions_of", self.port.executions_of, executor, day, limit=limit, token=token)


class InterposedQueue(SignalQueue):
    """A queue with something before it."""

    def __init__(self, port: SignalQueue, through: Through) -> None:
        self.port = port
        self._call = through

    async def send(self, signals: Sequence[Signal]) -> Sent:
        return await self._call("send", self.port.send, signals)

    async def defer(self, receipt_handle: str, delay: timedelta) -> None:
        await self._call("defer", self.port.defer, receipt_handle, delay)

    async def quarantine(self, body: str, reason: QuarantineReason, detail: str) -> None:
        await self._call("quarantine", self.port.quarantine, body, reason, detail)
