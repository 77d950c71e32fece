"""The flow between its decision and its reservation, with what happens meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest

from argo.domain.account import AccountState, Holding, TradingState
from argo.domain.execution import Execution, ExecutionState, claimed
from argo.domain.faults import Refused
from argo.domain.ledger import Claimed, Intent, Release, ReservationConflict, Settlement
from argo.domain.orders import BrokerOrder
from argo.domain.outcome import Wait
from argo.domain.reasons import Obstacle, RejectionReason
from argo.domain.signal import Signal
from argo.domain.symbols import Symbol
from argo.observability import Telemetry
from argo.ports import GivenPorts
from execution.account import AccountReader
from execution.flow import Flow
from execution.intending import Intender
from execution.outcomes import Outcome, Waiting
from execution.wiring import Wiring
from simulation.ports.clock import SteppedClock
from tests.unit.builders import (
    NOW,
    a_broker_account,
    a_broker_order,
    a_holding,
    a_market_clock,
    a_profile,
    a_signal,
    an_account_state,
)

AAPL, MSFT, JPM = Symbol("AAPL"), Symbol("MSFT"), Symbol("JPM")
HALF = a_profile(base_size_percent=50, size_cap_percent=50, scale_size=False, risk_per_trade_percent=100)
SLOW_PRICES = HALF.model_copy(update={"price_drift_percent": Decimal(5)})


@dataclass
class Account:
    """A ledger of one account with the version rule, and every executor's door to it."""

    state: AccountState = field(default_factory=lambda: an_account_state(version=4))
    ended: dict[str, ExecutionState] = field(default_factory=dict)

    def write(self, **changed: object) -> None:
        self.state = self.state.model_copy(update={"version": self.state.version + 1} | changed)

    def hold(self, symbol: Symbol, holding: Holding) -> None:
        self.write(
            holdings={**self.state.holdings, symbol: holding},
            reserved_notional=self.state.reserved_notional + holding.notional,
        )

    async def account(self, executor: str, *, exits_since: datetime | None = None) -> AccountState:  # noqa: ARG002
        await asyncio.sleep(0)
        return self.state

    async def claim(self, signal: Signal, executor: str, *, now: datetime, lease: timedelta) -> Claimed:
        return Claimed(claimed(signal, executor=executor, mode="simulated", now=now, lease_until=now + lease))

    async def intend(
        self, execution: Execution, intent: Intent, *, account: AccountState, now: datetime
    ) -> Execution:
        await asyncio.sleep(0)
        if account.version != self.state.version:
            raise ReservationConflict
        held = Holding(execution.signal_id, execution.side, intent.notional, intent.risk, now)
        self.hold(execution.symbol, held)
        reserved = {"reserved_notional": intent.notional, "order_body": intent.order_body}
        return execution.model_copy(update={"state": ExecutionState.SUBMITTING} | reserved)

    async def settle(
        self, execution: Execution, state: ExecutionState, settlement: Settlement, *, now: datetime
    ) -> Execution:
        await asyncio.sleep(0)
        if settlement.release is Release.RESERVATION_AND_SYMBOL:
            left = {symbol: held for symbol, held in self.state.holdings.items() if symbol != execution.symbol}
            reserved = self.state.reserved_notional - execution.reserved_notional
            self.write(holdings=left, reserved_notional=reserved)
        self.ended[execution.symbol] = state
        return execution.model_copy(update={"state": state, "reason": settlement.reason, "updated_at": now})


@dataclass
class Exchange:
    """A broker and its market data; it refuses ``refuses``, but not before it is `released`."""

    refuses: Symbol | None = None
    released: asyncio.Event = field(default_factory=asyncio.Event)
    meanwhile: dict[Symbol, Callable[[], None]] = field(default_factory=dict)

    async def positions(self) -> list[object]:
        return []

    async def open_orders(self) -> list[object]:
        return []

    async def account(self) -> object:
        return a_broker_account()

    async def clock(self) -> object:
        return a_market_clock()

    async def submit(self, body: dict[str, object]) -> BrokerOrder:
        if body["symbol"] == self.refuses:
            await self.released.wait()
            raise Refused("not today", reason=RejectionReason.OTHER)
        return a_broker_order(symbol=str(body["symbol"]))

    async def latest_prices(self, symbols: Collection[Symbol]) -> dict[Symbol, Decimal]:
        """Answer after what happens meanwhile has happened, and a refusal that was under way has arrived."""
        for symbol in symbols:
            if symbol in self.meanwhile:
                self.meanwhile[symbol]()
                self.released.set()
                for _ in range(20):
                    await asyncio.sleep(0)
        return dict.fromkeys(symbols, Decimal(100))


def a_wiring(account: Account, exchange: Exchange, profile=HALF) -> Wiring:
    ports = GivenPorts(
        ledger=account,
        broker=exchange,
        market_data=exchange,
        queue=None,
        queues={},
        clock=SteppedClock(NOW),
        telemetry=Telemetry("execute", mode="simulated", executor="argo", stream=StringIO()),
    )
    return Wiring(ports, "argo", profile)


def handle(account: Account, exchange: Exchange, *symbols: Symbol, profile=HALF) -> dict[str, ExecutionState]:
    """Handle a batch of signals, one for each symbol, and return how each ended."""

    async def batch() -> None:
        flow = Flow(a_wiring(account, exchange, profile))
        await asyncio.gather(*(flow.handle(a_signal(symbol=symbol), 1) for symbol in symbols))

    asyncio.run(batch())
    return account.ended


def another_executor_takes(account: Account, notional: int) -> Callable[[], None]:
    return lambda: account.hold(JPM, a_holding(notional=Decimal(notional), since=NOW))


def somebody_halts(account: Account) -> Callable[[], None]:
    return lambda: account.write(trading_state=TradingState.HALTED, state_reason="by hand")


def test_b12_two_signals_of_a_batch_share_the_buying_power():
    account = Account()

    ended = handle(account, Exchange(), AAPL, MSFT)

    assert ended == {"AAPL": "SUBMITTED", "MSFT": "SUBMITTED"}
    assert account.state.reserved_notional <= 100_000
    assert account.state.holdings[MSFT].notional < account.state.holdings[AAPL].notional


def test_b12_what_another_executor_takes_meanwhile_is_not_taken_again():
    account, exchange = Account(), Exchange()
    exchange.meanwhile[AAPL] = another_executor_takes(account, 90_000)

    handle(account, exchange, AAPL, profile=SLOW_PRICES)

    assert account.state.reserved_notional <= 100_000


def test_a_halt_between_the_decision_and_the_reservation_is_obeyed():
    account, exchange = Account(), Exchange()
    exchange.meanwhile[AAPL] = somebody_halts(account)

    ended = handle(account, exchange, AAPL, profile=SLOW_PRICES)

    assert ended == {"AAPL": "DENIED"}


def test_b12_what_another_executor_takes_is_not_taken_again_where_a_sibling_is_refused_meanwhile():
    account, exchange = Account(), Exchange(refuses=MSFT)
    exchange.meanwhile[AAPL] = another_executor_takes(account, 90_000)

    ended = handle(account, exchange, MSFT, AAPL, profile=SLOW_PRICES)

    assert ended["MSFT"] == "REJECTED"
    assert account.state.reserved_notional <= 100_000


def test_a_halt_is_obeyed_where_a_sibling_is_refused_meanwhile():
    account, exchange = Account(), Exchange(refuses=MSFT)
    exchange.meanwhile[AAPL] = somebody_halts(account)

    ended = handle(account, exchange, MSFT, AAPL, profile=SLOW_PRICES)

    assert ended == {"MSFT": "REJECTED", "AAPL": "DENIED"}


@dataclass
class Contended(Account):
    """An account that another executor writes whenever somebody reserves, ``times`` times."""

    times: int = 1_000
    tries: int = 0

    async def intend(self, *asked: object, **named: object) -> Execution:
        self.tries += 1
        if self.tries <= self.times:
            self.write()
        return await super().intend(*asked, **named)


def intend(account: Account, *siblings: Callable[[AccountReader], Awaitable[None]]) -> Execution | Outcome:
    """Decide on AAPL, asked after the first of its batch's siblings and before the others."""

    async def decide() -> Execution | Outcome:
        wiring = a_wiring(account, Exchange())
        reader, signal = AccountReader(wiring), a_signal(symbol=AAPL)
        execution = (await account.claim(signal, "argo", now=NOW, lease=timedelta(seconds=45))).execution
        intender = Intender(wiring, reader)
        first = [sibling(reader) for sibling in siblings[:1]]
        found = await asyncio.gather(
            *first, intender.intend(signal, execution), *(sibling(reader) for sibling in siblings[1:])
        )
        return found[len(first)]

    return asyncio.run(decide())


@pytest.mark.parametrize(("times", "tries"), [(0, 1), (7, 8), (8, 8)])
def test_b12_a_reservation_is_tried_eight_times_and_then_waits(times, tries):
    account = Contended(times=times)

    found = intend(account)

    assert account.tries == tries
    assert isinstance(found, Execution) == (times < 8)
    if isinstance(found, Waiting):
        assert found.wait == Wait(Obstacle.RESERVATION_CONTENDED)


@pytest.mark.parametrize("halted", [False, True])
def test_an_account_that_a_siblings_outcome_has_changed_is_judged_as_it_is_then(halted):
    account = Account()

    async def looks(reader: AccountReader) -> None:
        await reader.view()

    async def looks_and_is_rejected(reader: AccountReader) -> None:
        await reader.view()
        account.write(**({"trading_state": TradingState.HALTED, "state_reason": "by hand"} if halted else {}))
        reader.changed()

    found = intend(account, looks, looks_and_is_rejected)

    assert found.state == (ExecutionState.DENIED if halted else ExecutionState.SUBMITTING)
