"""What becomes of a batch while the parameter store does not tell the broker's key, and when there is none."""

import asyncio
from datetime import timedelta
from io import StringIO

import pytest

from argo.adapters.alpaca.broker import AlpacaBroker
from argo.adapters.alpaca.market_data import AlpacaMarketData
from argo.adapters.aws.parameters import StoredKey
from argo.adapters.threads import BlockingCalls
from argo.domain.account import TradingState
from argo.domain.execution import ExecutionState
from argo.domain.faults import NotSent
from argo.domain.outcome import Wait, after_submit, waiting_for
from argo.domain.reasons import Obstacle
from argo.domain.symbols import Symbol
from argo.domain.tables import ConfigurationError
from argo.observability import Telemetry
from argo.ports import GivenPorts, Unavailable
from execution.batch import execute_batch
from execution.wiring import Wiring
from simulation.ports.clock import SteppedClock
from simulation.ports.ledger import InMemoryLedger
from simulation.ports.queue import InMemoryQueue
from tests.unit.builders import NOW, a_profile, a_signal

NOWHERE = "http://127.0.0.1:1"
SYMBOLS = [f"A{letter}" for letter in "ABCDEFGHIJ"]


class Parameter:
    """A parameter that is asked for and answers a failure."""

    def __init__(self, failure):
        self.failure = failure
        self.reads = 0

    def __call__(self):
        self.reads += 1
        raise self.failure


class Account:
    """An executor whose broker's key is a parameter."""

    def __init__(self, parameter):
        self.clock = SteppedClock(NOW)
        self.ledger = InMemoryLedger(mode="simulated")
        self.queue = InMemoryQueue(self.clock, visibility=timedelta(seconds=180), max_receives=20)
        key, calls = StoredKey(parameter, self.clock), BlockingCalls("key", 10)
        broker = AlpacaBroker(key, NOWHERE, clock=self.clock, calls=calls, key=key)
        prices = AlpacaMarketData(key, NOWHERE, feed="iex", clock=self.clock, calls=calls, key=key)
        ports = GivenPorts(
            ledger=self.ledger,
            broker=broker,
            market_data=prices,
            queue=self.queue,
            queues={"argo": self.queue},
            clock=self.clock,
            telemetry=Telemetry("unread-keys", mode="simulated", stream=StringIO(), metrics=False),
        )
        self.wiring = Wiring(ports, "argo", a_profile())

    async def _deliver(self, receives):
        await self.queue.send([a_signal(symbol=Symbol(name)) for name in SYMBOLS])
        records = [
            {
                "messageId": message.message_id,
                "receiptHandle": message.receipt_handle,
                "body": message.body,
                "attributes": {"ApproximateReceiveCount": str(receives)},
            }
            for message in await self.queue.receive()
        ]
        return len(records), await execute_batch({"Records": records}, self.wiring, seconds_left=lambda: 30.0)

    def deliver(self, receives=1):
        """Deliver ten signals at once; return how many came and how many come back."""
        received, answer = asyncio.run(self._deliver(receives))
        return received, len(answer["batchItemFailures"])

    @property
    def trading_state(self):
        return asyncio.run(self.ledger.account("argo")).trading_state

    @property
    def obstacles(self):
        return {(each.state, each.obstacle) for each in self.ledger.every_execution}


def test_c03_a_key_that_cannot_be_read_for_now_halts_nobody_and_is_asked_for_once_a_batch():
    parameter = Parameter(Unavailable("ThrottlingException"))
    account = Account(parameter)

    assert account.deliver() == (10, 10)

    assert parameter.reads == 1
    assert account.trading_state is TradingState.ACTIVE
    assert account.obstacles == {(ExecutionState.CLAIMED, Obstacle.AWS_UNAVAILABLE)}
    assert {each.lease_until - NOW <= timedelta(seconds=2) for each in account.ledger.every_execution} == {True}


def test_c03_a_key_that_cannot_be_read_holds_no_order_up_for_more_than_ten_seconds_however_often_it_came():
    account = Account(Parameter(Unavailable("ThrottlingException")))

    account.deliver(receives=6)

    assert max(each.lease_until - NOW for each in account.ledger.every_execution) <= timedelta(seconds=10)


def test_c03_a_key_that_is_not_there_halts():
    account = Account(Parameter(ConfigurationError("credentials parameter: ParameterNotFound")))

    account.deliver()

    assert account.trading_state is TradingState.HALTED


@pytest.mark.parametrize("decide", [after_submit, waiting_for])
def test_c03_what_was_not_sent_is_withdrawn_and_waits_with_what_aws_said(decide):
    decided = decide(NotSent("ThrottlingException"))

    assert decided == Wait(Obstacle.AWS_UNAVAILABLE, detail={"message": "ThrottlingException"})
