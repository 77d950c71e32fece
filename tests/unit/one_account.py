"""One account with everything around it in this process: the ledger and the simulated broker in memory."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO

from argo.domain.account import AccountState, TradingState
from argo.domain.execution import Execution
from argo.domain.signal import Signal
from argo.observability import Telemetry
from argo.ports import GivenPorts
from argo.ports.interposed import InterposedBroker, InterposedLedger, InterposedMarketData
from execution.flow import Flow
from execution.recording import Later
from execution.wiring import Wiring as ExecutionWiring
from reconciliation.report import Report
from reconciliation.run import reconcile
from reconciliation.wiring import Wiring as ReconciliationWiring
from simulation.broker import AccountSettings, Order, SimulatedBroker, order_request
from simulation.ports.broker import InMemoryBroker
from simulation.ports.clock import SteppedClock
from simulation.ports.ledger import InMemoryLedger
from simulation.ports.market_data import InMemoryMarketData
from simulation.ports.queue import InMemoryQueue
from tests.unit.builders import a_profile, a_signal

OPENS = datetime(2026, 3, 2, 15, 1, 5, tzinfo=UTC)
SYMBOLS = ("AAPL", "MSFT", "IBM")


class OneAccount:
    """Signals, deliveries and runs at an account of a million dollars, at prices of 100.

    Attributes:
        faults: what a port's method raises instead of its answers, the next first.
        meanwhile: what happens once, just before a port's method is asked.
        asked: the methods of ledger, broker and market data, in the order in which they were asked.
    """

    def __init__(self, **profile: object) -> None:
        self.clock = SteppedClock(OPENS)
        settings = AccountSettings(key_id="argo", secret_key="argo", cash=Decimal(1_000_000))
        self.engine = SimulatedBroker([settings], starts_at=OPENS, symbols=SYMBOLS)
        self.books = self.engine.accounts["argo"]
        self.ledger = InMemoryLedger(mode="simulated")
        self.faults: defaultdict[str, list[Exception]] = defaultdict(list)
        self.meanwhile: dict[str, Callable[[], Awaitable[object]]] = {}
        self.asked: list[str] = []
        self.log = StringIO()
        self.telemetry = Telemetry("one-account", mode="simulated", executor="argo", stream=self.log)
        self.queue = InMemoryQueue(self.clock, visibility=timedelta(minutes=3), max_receives=20)
        self.ports = GivenPorts(
            ledger=InterposedLedger(self.ledger, self._through),
            broker=InterposedBroker(InMemoryBroker(self.engine, "argo"), self._through),
            market_data=InterposedMarketData(InMemoryMarketData(self.engine), self._through),
            queue=self.queue,
            queues={},
            clock=self.clock,
            telemetry=self.telemetry,
        )
        self.profile = a_profile(**profile)
        self.set_time(OPENS)
        for symbol in SYMBOLS:
            self.set_price(100, symbol)

    async def _through[**P, T](
        self, name: str, method: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        self.asked.append(name)
        if happens := self.meanwhile.pop(name, None):
            await happens()
        if self.faults[name]:
            raise self.faults[name].pop(0)
        return await method(*args, **kwargs)

    def set_time(self, now: datetime, *, is_open: bool = True) -> None:
        self.clock.set(now)
        self.engine.set_clock(now, is_open=is_open)

    def pass_time(self, seconds: float) -> None:
        self.set_time(self.clock.now() + timedelta(seconds=seconds))

    def set_price(self, price: int | str, symbol: str = "AAPL") -> None:
        self.engine.set_price(symbol, Decimal(price))

    def executor(self) -> ExecutionWiring:
        return ExecutionWiring(self.ports, "argo", self.profile)

    def put(self, signal: Signal) -> None:
        """Store a signal as published."""

        async def put() -> None:
            await self.ledger.put_signal(signal, executors={"argo"})
            await self.ledger.mark_published(signal.signal_id, {"argo"})

        asyncio.run(put())

    def deliver(self, signal: Signal, receives: int = 1) -> Later | None:
        """Deliver a signal's message once, as a batch of its own."""
        self.put(signal)
        return asyncio.run(Flow(self.executor()).handle(signal, receives))

    def execute(self, signal: Signal) -> Execution:
        """Deliver a signal's message until it is acknowledged, and return its record."""
        for receives in range(1, 9):
            later = self.deliver(signal, receives)
            if later is None:
                return self.execution(signal)
            self.pass_time(later.delay.total_seconds())
        raise AssertionError(f"it still comes back: {self.execution(signal)}")

    def reconcile(self) -> Report:
        """Run the reconciler once."""
        wiring = ReconciliationWiring(self.ports, "argo", self.profile)
        return asyncio.run(reconcile(wiring))

    def hold(self, **overrides: object) -> Signal:
        """Execute a signal, and let the reconciler see its entry filled."""
        signal = a_signal(**overrides)
        self.execute(signal)
        self.reconcile()
        assert self.execution(signal).state == "FILLED"
        return signal

    def execution(self, signal: Signal) -> Execution:
        found = asyncio.run(self.ledger.execution(signal.signal_id, "argo"))
        assert found is not None
        return found

    @property
    def state(self) -> AccountState:
        return asyncio.run(self.ledger.account("argo"))

    def set_trading_state(self, state: TradingState) -> None:
        asyncio.run(self.ledger.set_trading_state("argo", state, reason="a person", now=self.clock.now()))

    def trade_by_hand(self, side: str, quantity: int, symbol: str = "AAPL") -> Order:
        """Trade at the market as a person would who knows nothing of Argo."""
        body = {"symbol": symbol, "side": side, "qty": str(quantity), "type": "market", "time_in_force": "day"}
        return self.engine.submit(self.books, order_request(body))

    def held(self, symbol: str = "AAPL") -> Decimal:
        """Return the signed quantity that the broker has of a symbol."""
        position = self.books.positions.get(symbol)
        return position.quantity if position else Decimal(0)

    def orders(self, leg: str) -> list[Order]:
        """Return the broker's orders of Argo's whose client order id names the leg."""
        return [order for order in self.books.orders.values() if order.client_order_id.split("-")[-1] == leg]

    def events(self, name: str) -> list[dict[str, object]]:
        """Return what was logged under an event's name."""
        lines = [json.loads(line) for line in self.log.getvalue().splitlines()]
        return [line for line in lines if line["message"] == name]


def against(signal: Signal, **overrides: object) -> Signal:
    """Return the signal for the other side of the same symbol."""
    return a_signal(**{"symbol": signal.symbol, "side": signal.side.opposite} | overrides)
