"""A broker that is slow, and a function whose time runs out: nothing begins that may not end."""

import asyncio
from decimal import Decimal
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo.domain.account import TradingState
from argo.domain.execution import ExecutionState
from argo.domain.reasons import Obstacle
from argo.domain.symbols import Symbol
from argo.observability import Telemetry
from argo.ports import GivenPorts
from argo.ports.interposed import InterposedBroker, InterposedMarketData
from argo.time_left import LEAST_SECONDS
from execution.batch import execute_batch
from execution.wiring import Wiring
from reconciliation.run import reconcile
from reconciliation.wiring import Wiring as Reconciler
from simulation.broker import AccountSettings, SimulatedBroker
from simulation.market.sessions import MarketClock, TradingCalendar
from simulation.ports.broker import InMemoryBroker
from simulation.ports.ledger import InMemoryLedger
from simulation.ports.market_data import InMemoryMarketData
from simulation.ports.queue import InMemoryQueue
from tests.unit.builders import a_profile, a_signal
from trials.accounts import SYMBOLS
from trials.virtual_time import VirtualClock, VirtualLoop
from trials.world import EXECUTE_SECONDS, MAX_RECEIVES, RECONCILE_SECONDS, STARTS_AT, VISIBILITY

PROFILE = a_profile(price_drift_percent=5)


class Slow:
    """An account at a broker each of whose requests takes so many seconds, in turn."""

    def __init__(self, *takes):
        self.loop = VirtualLoop()
        self.clock = VirtualClock(self.loop, STARTS_AT)
        self.takes = list(takes)
        self.begun = []
        settings = [AccountSettings(**dict.fromkeys(("key_id", "secret_key"), "argo"))]
        exchange = MarketClock(TradingCalendar(), STARTS_AT, now=self.clock.now, always_open=True)
        engine = SimulatedBroker(settings, starts_at=STARTS_AT, clock=exchange, symbols=SYMBOLS)
        self.ledger = InMemoryLedger(mode="simulated")
        self.queue = InMemoryQueue(self.clock, visibility=VISIBILITY, max_receives=MAX_RECEIVES)
        self.ports = GivenPorts(
            ledger=self.ledger,
            broker=InterposedBroker(InMemoryBroker(engine, "argo"), self._slowly),
            market_data=InterposedMarketData(InMemoryMarketData(engine), self._slowly),
            queue=self.queue,
            queues={"argo": self.queue},
            clock=self.clock,
            telemetry=Telemetry("time-left", mode="simulated", stream=StringIO(), metrics=False),
        )
        self.symbol = Symbol("AAPL")
        engine.set_price(self.symbol, Decimal(100))

    async def _slowly(self, name, method, /, *args, **kwargs):
        self.begun.append((name, self.loop.time()))
        await asyncio.sleep(self.takes[min(len(self.begun), len(self.takes)) - 1])
        return await method(*args, **kwargs)

    def execute(self, limit):
        """Deliver one signal; return the answer, and how much of the function's time was left."""

        async def deliver():
            signal = a_signal(symbol=self.symbol, created_at=STARTS_AT, expires_at=STARTS_AT + 10 * VISIBILITY)
            await self.queue.send([signal])
            (message,) = await self.queue.receive()
            record = {
                "messageId": message.message_id,
                "receiptHandle": message.receipt_handle,
                "body": message.body,
                "attributes": {"ApproximateReceiveCount": "1"},
            }
            wiring = Wiring(self.ports, "argo", PROFILE)
            return await execute_batch(
                {"Records": [record]}, wiring, seconds_left=lambda: limit - self.loop.time()
            )

        return self.loop.run(deliver())

    def reconcile(self, limit):
        wiring = Reconciler(self.ports, "argo", PROFILE)
        return self.loop.run(reconcile(wiring, seconds_left=lambda: limit - self.loop.time()))

    def had_their_time(self, limit):
        return all(limit - second >= LEAST_SECONDS for _, second in self.begun)


def test_c12_a_post_that_could_not_end_is_not_begun_and_the_signal_comes_back_with_its_reason():
    slow = Slow(7.5)

    answer = slow.execute(EXECUTE_SECONDS)

    assert slow.had_their_time(EXECUTE_SECONDS)
    assert slow.loop.time() < EXECUTE_SECONDS
    assert "submit" not in [name for name, _ in slow.begun]
    assert len(answer["batchItemFailures"]) == 1
    (execution,) = slow.ledger.every_execution
    assert (execution.state, execution.obstacle) == (ExecutionState.CLAIMED, Obstacle.NO_TIME_LEFT)
    account = asyncio.run(slow.ledger.account("argo"))
    assert (account.trading_state, account.reserved_notional, dict(account.holdings)) == (
        TradingState.ACTIVE,
        0,
        {},
    )


def test_c12_a_broker_that_is_fast_enough_gets_the_order():
    slow = Slow(1)

    answer = slow.execute(EXECUTE_SECONDS)

    assert "submit" in [name for name, _ in slow.begun]
    assert answer == {"batchItemFailures": []}


@given(st.lists(st.floats(0, 11), min_size=1, max_size=8), st.floats(0, EXECUTE_SECONDS))
def test_c12_no_request_of_an_executor_is_begun_without_the_time_for_its_worst_case(takes, limit):
    slow = Slow(*takes)

    slow.execute(limit)

    assert slow.had_their_time(limit)
    assert slow.loop.time() <= limit


@pytest.mark.parametrize("takes", [7.5, 11])
def test_c12_no_request_of_a_reconciler_is_begun_without_the_time_for_its_worst_case(takes):
    slow = Slow(0)
    slow.execute(EXECUTE_SECONDS)
    slow.begun.clear()
    slow.takes, began = [takes], slow.loop.time()

    slow.reconcile(began + RECONCILE_SECONDS)

    assert slow.begun
    assert slow.had_their_time(began + RECONCILE_SECONDS)
    assert slow.loop.time() <= began + RECONCILE_SECONDS
