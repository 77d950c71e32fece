import asyncio
from datetime import timedelta

import pytest

from argo.domain.reasons import Withdrawal
from argo.publishing import Published, Publisher, by_cause
from simulation.ports.clock import SteppedClock
from tests.unit.builders import BAR_TIME, NOW, a_signal, an_execution
from tests.unit.generation.in_memory import Queue, SignalStore

FIRST, SECOND = (a_signal(bar_time=BAR_TIME - timedelta(minutes=number)) for number in (0, 1))


def publish(store, queues, *signals, now=NOW):
    return asyncio.run(Publisher(store, queues, SteppedClock(now)).publish(signals))


def two_queues():
    return {"argo": Queue(), "prop_firm": Queue()}


def test_signals_go_to_the_ledger_and_every_queue():
    store, queues = SignalStore(), two_queues()

    published = publish(store, queues, FIRST, SECOND)

    assert published == Published(frozenset({FIRST.signal_id, SECOND.signal_id}), messages=4)
    assert store.signals == queues["argo"].sent == queues["prop_firm"].sent == [FIRST, SECOND]


def test_what_was_sent_is_marked():
    store, queues = SignalStore(), two_queues()

    publish(store, queues, FIRST)

    stored = store[FIRST.signal_id]
    assert (stored.published_to, stored.awaiting) == ({"argo", "prop_firm"}, frozenset())


def test_a11_a_signal_seen_again_is_not_sent_again():
    store, queues = SignalStore(), two_queues()
    publish(store, queues, FIRST)

    again = publish(store, queues, FIRST)

    assert again == Published(frozenset(), messages=0)
    assert [len(queue) for queue in queues.values()] == [1, 1]


def test_a_message_a_queue_refuses_stays_in_the_outbox_with_the_reason():
    store, queues = SignalStore(), {"argo": Queue(FIRST.signal_id), "prop_firm": Queue()}

    published = publish(store, queues, FIRST, SECOND)

    assert published.messages == 3
    assert published.failures == {("argo", FIRST.signal_id): "InternalError"}
    assert store[FIRST.signal_id].awaiting == {"argo"}


def test_the_outbox_is_sent_with_the_next_signals():
    store, queues = SignalStore(), two_queues()
    queues["argo"].is_down = True
    publish(store, queues, FIRST)
    queues["argo"].is_down = False

    published = publish(store, queues, SECOND)

    assert published == Published(frozenset({SECOND.signal_id}), messages=3)
    assert [sorted(queue.sent, key=lambda signal: signal.bar_time) for queue in queues.values()] == [
        [SECOND, FIRST]
    ] * 2


def test_b06_what_a_crash_after_the_put_left_unsent_is_sent():
    store, queues = SignalStore(), two_queues()
    asyncio.run(store.put_signal(FIRST, executors=frozenset(queues)))

    published = publish(store, queues)

    assert published == Published(frozenset(), messages=2)
    assert [len(queue) for queue in queues.values()] == [1, 1]


def test_a01_an_account_whose_queue_is_gone_is_a_failure_that_is_told():
    store = SignalStore()
    asyncio.run(store.put_signal(FIRST, executors=frozenset({"argo", "retired"})))

    published = publish(store, {"argo": Queue()})

    assert published.messages == 1
    assert published.failures == {("retired", FIRST.signal_id): "no queue for this executor"}


def test_nothing_is_sent_for_a_signal_that_could_not_be_stored():
    store, queues = SignalStore(), two_queues()
    store.faults = [ConnectionError()]

    with pytest.raises(ConnectionError):
        publish(store, queues, FIRST)

    assert [len(queue) for queue in queues.values()] == [0, 0]


def left_for(store, executor, number, **fields):
    """Leave signals in the outbox, as a crash, or an account that was taken away, leaves them."""
    left = [a_signal(bar_time=BAR_TIME - timedelta(minutes=10 + index), **fields) for index in range(number)]
    for signal in left:
        asyncio.run(store.put_signal(signal, executors=[executor]))
    return left


def test_c09_a_hundred_signals_of_a_removed_account_stand_in_nobodys_way():
    store, queues = SignalStore(), two_queues()
    left_for(store, "removed", 150, created_at=NOW - timedelta(minutes=1))
    asyncio.run(store.put_signal(FIRST, executors=["argo"]))

    published = publish(store, queues)

    assert queues["argo"].sent == [FIRST]
    assert len(published.failures) == 150
    assert len(by_cause(published.failures)) == 1


def test_c09_what_has_expired_in_the_outbox_leaves_it_with_its_reason():
    store, queues = SignalStore(), two_queues()
    left = left_for(store, "removed", 150)
    asyncio.run(store.put_signal(FIRST, executors=["argo", "removed"]))

    first, second, third = (publish(store, queues, now=FIRST.expires_at) for _ in range(3))

    assert [len(each.withdrawn) for each in (first, second, third)] == [100, 52, 0]
    assert (third.failures, queues["argo"].sent) == ({}, [])
    assert asyncio.run(store.unpublished()) == []
    assert store[left[0].signal_id].declined == {"removed": Withdrawal.NOT_SERVED}
    assert store[FIRST.signal_id].declined == {"argo": Withdrawal.NEVER_SENT, "removed": Withdrawal.NOT_SERVED}


def test_c09_what_was_sent_and_not_marked_is_marked_and_not_withdrawn():
    store, queues = SignalStore(), two_queues()
    asyncio.run(store.put_signal(FIRST, executors=["argo"]))
    store.executed = [an_execution(signal_id=FIRST.signal_id)]

    published = publish(store, queues, now=FIRST.expires_at)

    assert published.withdrawn == {}
    assert (store[FIRST.signal_id].published_to, store[FIRST.signal_id].awaiting) == ({"argo"}, frozenset())
