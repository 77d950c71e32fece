import asyncio
from datetime import timedelta

import pytest

from argo.domain.reasons import QuarantineReason
from argo.ports import QueueFault
from simulation.ports.clock import SteppedClock
from simulation.ports.queue import InMemoryQueue
from tests.unit.builders import NOW, a_signal

VISIBILITY = timedelta(minutes=3)


@pytest.fixture
def clock():
    return SteppedClock(NOW)


@pytest.fixture
def queue(clock):
    return InMemoryQueue(clock, visibility=VISIBILITY, max_receives=2)


def receive(queue, limit=10):
    return list(asyncio.run(queue.receive(limit)))


def test_a_signal_is_received_as_its_json(queue):
    signal = a_signal()
    asyncio.run(queue.send([signal]))

    (delivery,) = receive(queue)

    assert delivery.body == signal.model_dump_json()
    assert delivery.attributes == {"ApproximateReceiveCount": "1"}


def test_no_more_than_a_batch_is_received_at_once(queue):
    asyncio.run(queue.send([a_signal(symbol=symbol) for symbol in ("AAPL", "MSFT", "IBM")]))

    assert len(receive(queue, 2)) == 2
    assert len(receive(queue, 2)) == 1


def test_a_received_message_is_hidden_for_the_visibility_and_then_counts_another_receipt(queue, clock):
    asyncio.run(queue.send([a_signal()]))
    receive(queue)
    clock.set(NOW + VISIBILITY - timedelta(seconds=1))
    hidden = receive(queue)
    clock.set(NOW + VISIBILITY)

    (again,) = receive(queue)

    assert hidden == []
    assert again.attributes["ApproximateReceiveCount"] == "2"


def test_a_deferred_message_comes_back_when_it_was_told_to(queue, clock):
    asyncio.run(queue.send([a_signal()]))
    (delivery,) = receive(queue)

    asyncio.run(queue.defer(delivery.receipt_handle, timedelta(seconds=5)))

    assert queue.next_visible_at() == NOW + timedelta(seconds=5)
    clock.set(NOW + timedelta(seconds=5))
    assert len(receive(queue)) == 1


def test_a_message_received_too_often_is_a_dead_letter_without_a_reason(queue, clock):
    signal = a_signal()
    asyncio.run(queue.send([signal]))
    for deliveries in range(2):
        clock.set(NOW + deliveries * VISIBILITY)
        receive(queue)
    clock.set(NOW + 2 * VISIBILITY)

    assert receive(queue) == []
    assert [(letter.body, letter.reason) for letter in queue.dead_letters] == [(signal.model_dump_json(), None)]
    assert len(queue) == 0


def test_a_deleted_message_is_gone_whichever_receipt_deletes_it(queue, clock):
    asyncio.run(queue.send([a_signal()]))
    (first,) = receive(queue)
    clock.set(NOW + VISIBILITY)
    receive(queue)

    asyncio.run(queue.delete([first.receipt_handle]))

    assert len(queue) == 0
    assert queue.next_visible_at() is None


def test_a_quarantined_message_keeps_its_reason(queue):
    asyncio.run(queue.quarantine("{}", QuarantineReason.MALFORMED, "signal_id: missing"))

    (letter,) = queue.dead_letters
    assert (letter.body, letter.reason, letter.detail) == ("{}", "malformed", "signal_id: missing")


def test_what_sqs_refuses_to_defer_is_refused(queue):
    asyncio.run(queue.send([a_signal()]))
    (delivery,) = receive(queue)

    with pytest.raises(QueueFault, match="maximum visibility"):
        asyncio.run(queue.defer(delivery.receipt_handle, timedelta(hours=13)))
    with pytest.raises(QueueFault, match="no message in flight"):
        asyncio.run(queue.defer("message-9#1", timedelta()))
