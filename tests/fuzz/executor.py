"""An executor with its queue, ledger and broker in memory, and a signal on either side of what is fuzzed."""

import asyncio
from datetime import timedelta
from decimal import Decimal

from argo.domain.conservation import Part, part_of
from argo.domain.execution import ExecutionState
from argo.domain.profile import Profile
from argo.domain.symbols import Symbol
from argo.ports import GivenPorts
from execution.batch import execute_batch
from execution.message import Malformed, read_signal
from execution.wiring import Wiring
from simulation.broker import AccountSettings, SimulatedBroker
from simulation.ports.broker import InMemoryBroker
from simulation.ports.clock import SteppedClock
from simulation.ports.event_source import EventSourceMapping
from simulation.ports.ledger import InMemoryLedger
from simulation.ports.market_data import InMemoryMarketData
from simulation.ports.queue import InMemoryQueue
from tests.unit.builders import NOW, a_signal
from trials.records import Tally

EXECUTOR = "argo"
KNOWN = a_signal()
"""What most messages were once: the ledger has it, as published."""

BESIDE = (a_signal(symbol=Symbol("MSFT")), a_signal(symbol=Symbol("IBM")))
"""Signals in the same batch, which no other message may touch."""

_PROFILE = Profile(minimum_confidence=75, base_size_percent=10, size_cap_percent=15)
_MOST_POLLS = 40


class Executor:
    """Takes one batch at an open exchange and follows it until the queue is empty."""

    def __init__(self) -> None:
        self._clock = SteppedClock(NOW)
        self._engine = SimulatedBroker(
            [AccountSettings(key_id=EXECUTOR, secret_key=EXECUTOR, cash=Decimal(1_000_000))],
            starts_at=NOW,
            symbols=[signal.symbol for signal in (KNOWN, *BESIDE)],
        )
        self._engine.set_clock(NOW, is_open=True)
        for signal in (KNOWN, *BESIDE):
            self._engine.set_price(signal.symbol, signal.entry_price)
        self.ledger = InMemoryLedger(mode="simulated")
        self.queue = InMemoryQueue(self._clock, visibility=timedelta(seconds=180), max_receives=20)
        self.tally = Tally()
        ports = GivenPorts(
            ledger=self.ledger,
            broker=InMemoryBroker(self._engine, EXECUTOR),
            market_data=InMemoryMarketData(self._engine),
            queue=self.queue,
            queues={EXECUTOR: self.queue},
            clock=self._clock,
            telemetry=self.tally,
        )
        self._wiring = Wiring(ports, EXECUTOR, _PROFILE)

    async def run(self, body: str) -> None:
        """Put a message between two others and deliver the batch as often as any of it comes back."""
        for signal in (KNOWN, *BESIDE):
            await self.ledger.put_signal(signal, executors=[EXECUTOR])
            await self.ledger.mark_published(signal.signal_id, [EXECUTOR])
        before, after = BESIDE
        await self.queue.send([before])
        await self.queue.send_body(body)
        await self.queue.send([after])
        mapping = EventSourceMapping(self.queue, self._invoke, on_error=self.tally.surprise)
        for _ in range(_MOST_POLLS):
            if (due := self.queue.next_visible_at()) is None:
                return
            self._clock.set(max(due, self._clock.now()))
            self._engine.set_clock(self._clock.now(), is_open=True)
            await mapping.poll()
        raise AssertionError(f"still in the queue: {body!r}")

    async def _invoke(self, event):
        return await execute_batch(event, self._wiring, seconds_left=lambda: 30.0)


def execute(body: str) -> ExecutionState:
    """Execute a message beside two others and return the state that it ended in, the right one or it raises.

    Raises:
        AssertionError: a record failed, a message was lost, or an outcome has no reason.
    """
    executor = Executor()
    asyncio.run(executor.run(body))
    assert executor.tally.surprises == []
    read = read_signal(body)
    for signal in BESIDE:
        if isinstance(read, Malformed) or read.symbol != signal.symbol:
            beside = executor.ledger.find(signal.signal_id, EXECUTOR)
            assert part_of(beside) is Part.WITH_ORDER, f"beside {body!r}: {beside}"
    if isinstance(read, Malformed):
        (letter,) = executor.queue.dead_letters
        assert (letter.body, letter.reason, letter.detail) == (body, read.reason, read.detail)
        assert read.detail
        record = executor.ledger.find(KNOWN.signal_id, EXECUTOR)
        assert (record is not None) == (read.signal_id == KNOWN.signal_id)
        assert record is None or (record.state, record.reason) == (ExecutionState.DEAD_LETTERED, read.reason)
        return ExecutionState.DEAD_LETTERED
    assert executor.queue.dead_letters == []
    record = executor.ledger.find(read.signal_id, EXECUTOR)
    assert part_of(record) is not Part.UNRESOLVED
    assert record.order_id or record.reason
    return record.state
