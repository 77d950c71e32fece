"""Deliveries that the fault simulation came upon: a signal that comes again and again, late, to another clock."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from itertools import cycle

import pytest

from argo.domain.execution import ExecutionState
from argo.domain.reasons import Obstacle
from argo.domain.signal import Side
from argo.ports import GivenPorts
from execution.batch import execute_batch
from execution.wiring import Wiring
from simulation.broker import AccountSettings, Behaviour, SimulatedBroker
from simulation.ports.broker import InMemoryBroker
from simulation.ports.clock import SteppedClock
from simulation.ports.event_source import EventSourceMapping
from simulation.ports.ledger import InMemoryLedger
from simulation.ports.market_data import InMemoryMarketData
from simulation.ports.queue import InMemoryQueue
from tests.pipeline.pipeline import MINUTE, OPENS, PRICE, PROFILES, against
from tests.unit.builders import a_signal
from trials.records import Tally

VISIBILITY, MAX_RECEIVES = timedelta(seconds=180), 100


class Memory(InMemoryLedger):
    """A ledger in memory whose intents take a while."""

    def __init__(self, clock):
        super().__init__(mode="simulated")
        self.clock = clock
        self.takes = timedelta()

    async def intend(self, *args, **kwargs):
        intended = await super().intend(*args, **kwargs)
        self.clock.set(self.clock.now() + self.takes)
        return intended


@dataclass
class Behind:
    """A worker's clock: the world's, so much behind."""

    clock: SteppedClock
    by: timedelta

    def now(self):
        return self.clock.now() - self.by


@dataclass
class InMemoryPipeline:
    """An executor with its queue, on a clock that this test moves; the exchange takes orders at any hour.

    Its workers take turns, and ``behind`` is how far each one's clock is.
    """

    clock: SteppedClock = field(default_factory=lambda: SteppedClock(OPENS))
    behind: tuple[timedelta, ...] = (timedelta(),)

    def __post_init__(self):
        self.engine = SimulatedBroker(
            [AccountSettings(key_id="argo", secret_key="argo", cash=Decimal(1_000_000))],
            starts_at=OPENS,
            symbols=["AAPL"],
        )
        self.engine.set_clock(OPENS, is_open=True)
        self.engine.set_price("AAPL", PRICE)
        self.workers = cycle(self.behind)
        self.ledger = Memory(self.clock)
        self.queue = InMemoryQueue(self.clock, visibility=VISIBILITY, max_receives=MAX_RECEIVES)
        self.ports = GivenPorts(
            ledger=self.ledger,
            broker=InMemoryBroker(self.engine, "argo"),
            market_data=InMemoryMarketData(self.engine),
            queue=self.queue,
            queues={"argo": self.queue},
            clock=self.clock,
            telemetry=Tally(),
        )
        self.wiring = Wiring(self.ports, "argo", PROFILES["argo"])

    @property
    def account(self):
        return self.engine.accounts["argo"]

    def execute(self, signal):
        """Publish a signal and deliver its message as often as it comes back; returns its execution."""

        async def deliver():
            await self.ledger.put_signal(signal, executors=["argo"])
            await self.ledger.mark_published(signal.signal_id, ["argo"])
            await self.queue.send([signal])
            mapping = EventSourceMapping(self.queue, self._invoke, on_error=pytest.fail)
            while (due := self.queue.next_visible_at()) is not None:
                self.clock.set(max(due, self.clock.now()))
                self.engine.set_clock(self.clock.now(), is_open=True)
                await mapping.poll()

        asyncio.run(deliver())
        return self.ledger.find(signal.signal_id, "argo")

    async def _invoke(self, event):
        clock = Behind(self.clock, next(self.workers))
        return await execute_batch(
            event, replace(self.wiring, ports=GivenPorts.like(self.ports, clock=clock)), seconds_left=lambda: 30.0
        )


def test_a_signal_that_waits_for_an_exit_all_its_life_expires_and_is_no_dead_letter():
    pipeline = InMemoryPipeline()
    held = a_signal()
    pipeline.execute(held)
    pipeline.account.behaviour = Behaviour(cancel_takes=timedelta(hours=1))

    now = pipeline.clock.now()
    waiting = pipeline.execute(against(held, bar_time=now, created_at=now, expires_at=now + 5 * MINUTE))

    assert (waiting.state, waiting.reason) == (ExecutionState.EXPIRED, Obstacle.AWAITING_EXIT)
    assert pipeline.queue.dead_letters == []


def test_a_worker_whose_clock_is_behind_costs_a_waiting_signal_no_attempt():
    def attempts(*behind):
        pipeline = InMemoryPipeline(behind=behind)
        held = a_signal()
        pipeline.execute(held)
        pipeline.account.behaviour = Behaviour(cancel_takes=timedelta(hours=1))
        now = pipeline.clock.now()
        waiting = pipeline.execute(against(held, bar_time=now, created_at=now, expires_at=now + 5 * MINUTE))
        assert pipeline.queue.dead_letters == []
        return waiting.epoch

    assert attempts(timedelta(), timedelta(seconds=2)) >= attempts(timedelta()) - 2


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_b07_a_signal_that_expires_while_its_intent_is_written_is_not_sent(side):
    pipeline = InMemoryPipeline()
    pipeline.ledger.takes = timedelta(hours=1)

    execution = pipeline.execute(a_signal(side=side))

    assert execution.state is ExecutionState.EXPIRED
    assert pipeline.account.orders == {}
    assert asyncio.run(pipeline.ledger.account("argo")).reserved_notional == 0
