"""Ledger, broker and market data as they are asked, in one place that remembers the questions in their order."""

import asyncio
from collections.abc import Collection
from datetime import datetime

from argo.domain.account import AccountState, Asset, BrokerAccount, MarketClock, Position
from argo.domain.faults import BrokerFault
from argo.domain.orders import BrokerOrder
from argo.domain.profile import Profile
from argo.domain.symbols import Symbol
from argo.ports import GivenPorts
from execution.account import AccountReader
from execution.wiring import Wiring
from simulation.ports.clock import SteppedClock
from tests.unit.builders import AN_ASSET, NOW, a_broker_account, a_market_clock, a_profile, an_account_state


class Doors:
    """An account with something reserved; set what it answers, read ``asked``.

    Attributes:
        faults: what a question raises instead of its answer, by the question's name.
    """

    def __init__(self, **state: object) -> None:
        self.clock = SteppedClock(NOW)
        self.asked: list[str] = []
        self.faults: dict[str, BrokerFault] = {}
        self.state = an_account_state(**{"version": 4} | state)
        self.prices = {Symbol("AAPL"): 101, Symbol("MSFT"): 51}
        self.exits_since: datetime | None = None
        self.orders: tuple[BrokerOrder, ...] = ()
        self.held: tuple[Position, ...] = ()
        self.hours = a_market_clock()

    def reader(self, profile: Profile | None = None) -> AccountReader:
        ports = GivenPorts(
            ledger=LedgerDoor(self),
            broker=BrokerDoor(self),
            market_data=DataDoor(self),
            queue=None,
            queues={},
            clock=self.clock,
            telemetry=None,
        )
        return AccountReader(Wiring(ports, "argo", profile or a_profile()))

    async def tell[Answer](self, question: str, answer: Answer) -> Answer:
        self.asked.append(question)
        await asyncio.sleep(0)
        if question.partition(" ")[0] in self.faults:
            raise self.faults[question.partition(" ")[0]]
        return answer


class LedgerDoor:
    def __init__(self, doors: Doors) -> None:
        self.doors = doors

    async def account(self, executor: str, *, exits_since: datetime | None = None) -> AccountState:
        self.doors.exits_since = exits_since
        return await self.doors.tell(f"ledger {executor}", self.doors.state)


class BrokerDoor:
    def __init__(self, doors: Doors) -> None:
        self.doors = doors

    async def account(self) -> BrokerAccount:
        return await self.doors.tell("account", a_broker_account())

    async def clock(self) -> MarketClock:
        return await self.doors.tell("clock", self.doors.hours)

    async def positions(self) -> tuple[Position, ...]:
        return await self.doors.tell("positions", self.doors.held)

    async def open_orders(self) -> tuple[BrokerOrder, ...]:
        return await self.doors.tell("orders", self.doors.orders)

    async def asset(self, symbol: Symbol) -> Asset | None:
        return await self.doors.tell(f"asset {symbol}", AN_ASSET if symbol == "AAPL" else None)


class DataDoor:
    def __init__(self, doors: Doors) -> None:
        self.doors = doors

    async def latest_prices(self, symbols: Collection[Symbol]) -> dict[Symbol, object]:
        found = {symbol: self.doors.prices[symbol] for symbol in symbols if symbol in self.doors.prices}
        return await self.doors.tell(f"prices {' '.join(sorted(symbols))}", found)
