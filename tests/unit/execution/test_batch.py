"""A batch by itself: how much of it is under way at once, and what comes back when."""

import asyncio
import json
from datetime import timedelta
from io import StringIO

import pytest

from argo.domain.metrics import Metric
from argo.observability import Telemetry
from argo.ports import GivenPorts, QueueFault, Unavailable
from execution.batch import execute_batch
from execution.wiring import Wiring
from simulation.ports.clock import SteppedClock
from tests.unit.builders import NOW, a_message, a_profile, a_signal
from tests.unit.one_account import OneAccount


class Queue:
    """A queue that keeps what it is told; it can have a fault."""

    def __init__(self) -> None:
        self.deferred: list[tuple[str, timedelta]] = []
        self.quarantined: list[tuple[str, str]] = []
        self.fault: Exception | None = None

    async def defer(self, receipt_handle: str, delay: timedelta) -> None:
        if self.fault:
            raise self.fault
        self.deferred.append((receipt_handle, delay))

    async def quarantine(self, body: str, reason: str, detail: str) -> None:
        if self.fault:
            raise self.fault
        assert detail
        self.quarantined.append((body, reason))


class CountingLedger:
    """A ledger that answers nobody, and knows how many have asked it at once."""

    def __init__(self) -> None:
        self.now = self.most = 0

    async def claim(self, *_: object, **__: object) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        for _ in range(3):
            await asyncio.sleep(0)
        self.now -= 1
        raise LookupError("no such table")


class Batch:
    def __init__(self, *bodies: str) -> None:
        self.queue, self.ledger, self.clock = Queue(), CountingLedger(), SteppedClock(NOW)
        self.telemetry = Telemetry("batch", mode="simulated", executor="argo", stream=StringIO())
        ports = GivenPorts(
            ledger=self.ledger,
            broker=None,
            market_data=None,
            queue=self.queue,
            queues={},
            clock=self.clock,
            telemetry=self.telemetry,
        )
        self.wiring = Wiring(ports, "argo", a_profile())
        self.event = {
            "Records": [
                {
                    "messageId": f"message-{number}",
                    "receiptHandle": f"receipt-{number}",
                    "body": body,
                    "attributes": {"ApproximateReceiveCount": "1"},
                }
                for number, body in enumerate(bodies)
            ]
        }

    def run(self, *, seconds_left: float = 60.0) -> list[str]:
        """Execute it; returns the ids of the messages that come back."""
        answer = asyncio.run(execute_batch(self.event, self.wiring, seconds_left=lambda: seconds_left))
        return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def test_ten_records_are_under_way_at_once_and_an_eleventh_waits_for_one_of_them():
    batch = Batch(*[a_message()] * 11)

    assert len(batch.run()) == 11
    assert batch.ledger.most == 10


@pytest.mark.parametrize(("seconds_left", "begun"), [(11.99, False), (12.0, True)])
def test_a_record_begins_with_twelve_seconds_left_and_otherwise_comes_back_in_one(seconds_left, begun):
    batch = Batch("nonsense")

    back = batch.run(seconds_left=seconds_left)

    assert back == ([] if begun else ["message-0"])
    assert batch.queue.deferred == ([] if begun else [("receipt-0", timedelta(seconds=1))])
    assert batch.queue.quarantined == ([("nonsense", "malformed")] if begun else [])
    assert batch.telemetry.counts.get(Metric.RETRIES, 0) == (not begun)


def test_a_message_whose_delay_cannot_be_set_comes_back_all_the_same():
    batch = Batch(a_message())
    batch.queue.fault = QueueFault("no answer")

    assert batch.run(seconds_left=0) == ["message-0"]


def test_a_batch_counts_its_funnel_also_where_nothing_has_come_of_it():
    batch = Batch()

    batch.run()

    assert batch.telemetry.counts == {"SignalsReceived": 0, "SignalsDenied": 0, "OrdersSubmitted": 0}


@pytest.mark.parametrize(
    ("seconds_left", "least", "most"), [(0.0, 0, 0), (2.0, 0, 0), (4.0, 1, 2), (11.5, 7.5, 9.5), (60.0, 9, 10)]
)
def test_a_delay_is_tried_to_be_set_for_ten_seconds_and_never_into_those_of_the_answer(seconds_left, least, most):
    took = []
    for second in (2, 6):  # How long the waits between the tries are goes by the clock's digits.
        batch, began = Batch("nonsense"), NOW + timedelta(seconds=second)
        batch.queue.fault = Unavailable("no answer")
        batch.clock.set(began)
        assert batch.run(seconds_left=seconds_left) == ["message-0"]
        took.append((batch.clock.now() - began).total_seconds())

    assert least <= max(took) <= most


def test_a_message_that_cannot_be_set_aside_comes_back_in_a_while(capsys):
    batch = Batch("nonsense")
    batch.queue.fault = Unavailable("no answer")

    assert batch.run() == ["message-0"]

    assert batch.telemetry.counts.items() >= {Metric.AWS_UNAVAILABLE: 1, Metric.RETRIES: 1}.items()
    batch.telemetry.flush()
    assert '"reasons":{"aws_unavailable":1}' in capsys.readouterr().out.replace(" ", "")


def test_a_batch_asks_for_all_its_prices_at_once():
    account = OneAccount(price_drift_percent=5)
    signals = [a_signal(symbol=symbol) for symbol in ("AAPL", "MSFT")]
    for signal in signals:
        account.put(signal)
    batch = Batch(*(signal.model_dump_json() for signal in signals))

    asyncio.run(execute_batch(batch.event, account.executor(), seconds_left=lambda: 60.0))

    assert [account.execution(signal).state for signal in signals] == ["SUBMITTED"] * 2
    assert account.asked.count("latest_prices") == 1


def test_a_message_that_cannot_be_read_is_counted_by_its_reason_and_ends_its_signals_execution(capsys):
    account, signal = OneAccount(), a_signal()
    account.put(signal)
    batch = Batch(json.dumps(signal.model_dump(mode="json") | {"side": "up"}))

    asyncio.run(execute_batch(batch.event, account.executor(), seconds_left=lambda: 60.0))

    assert (account.execution(signal).state, account.execution(signal).reason) == ("DEAD_LETTERED", "malformed")
    assert account.telemetry.counts[Metric.MESSAGES_QUARANTINED] == 1
    account.telemetry.flush()
    assert '"reasons":{"malformed":1}' in capsys.readouterr().out.replace(" ", "")
