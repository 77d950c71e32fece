from datetime import timedelta

import pytest

from tests.contract.backends import together
from tests.contract.workers import BOTH, signals
from tests.unit.builders import NOW, a_signal


def outbox(ledger):
    return {stored.signal.signal_id: set(stored.awaiting) for stored in ledger.unpublished(limit=100)}


def test_a_signal_is_stored_once_as_it_was_given(ledger):
    signal = a_signal(votes=({"source": "trend", "side": "buy", "confidence": 81, "weight": "1.5"},))

    put = ledger.put_signal(signal, executors=BOTH)

    assert put.created
    assert put.stored == ledger.signal(signal.signal_id)
    assert (put.stored.signal, put.stored.published_to, put.stored.awaiting) == (signal, frozenset(), BOTH)


def test_a11_a_second_sighting_returns_the_first_even_with_another_confidence(ledger):
    first = a_signal(confidence=80)
    ledger.put_signal(first, executors=BOTH)

    again = ledger.put_signal(a_signal(confidence=95, entry_price="101"), executors={"argo"})

    assert not again.created
    assert again.stored.signal == first == ledger.signal(first.signal_id).signal
    assert again.stored.awaiting == BOTH


def test_an_unknown_signal_is_none(ledger):
    assert ledger.signal("0" * 24) is None


def test_the_outbox_lists_unpublished_signals_oldest_first_up_to_a_limit(ledger):
    oldest, middle, newest = signals(3)
    for signal in (middle, newest, oldest):
        ledger.put_signal(signal, executors=BOTH)

    assert [stored.signal for stored in ledger.unpublished(limit=10)] == [oldest, middle, newest]
    assert [stored.signal for stored in ledger.unpublished(limit=2)] == [oldest, middle]


def test_the_outbox_orders_signals_within_a_second(ledger):
    whole, later = a_signal(created_at=NOW), a_signal(symbol="MSFT", created_at=NOW + timedelta(microseconds=1))
    for signal in (later, whole):
        ledger.put_signal(signal, executors=BOTH)

    assert [stored.signal for stored in ledger.unpublished(limit=10)] == [whole, later]


def test_a_signal_nobody_awaits_is_never_in_the_outbox(ledger):
    ledger.put_signal(a_signal(), executors=())

    assert outbox(ledger) == {}


def test_a_signal_published_to_all_leaves_the_outbox(ledger):
    signal = a_signal()
    ledger.put_signal(signal, executors=BOTH)

    ledger.mark_published(signal.signal_id, BOTH)

    assert outbox(ledger) == {}
    stored = ledger.signal(signal.signal_id)
    assert (stored.signal, stored.published_to, stored.awaiting) == (signal, BOTH, frozenset())


def test_a_signal_published_to_some_waits_for_the_others(ledger):
    signal = a_signal()
    ledger.put_signal(signal, executors=BOTH)

    ledger.mark_published(signal.signal_id, {"argo"})

    assert outbox(ledger) == {signal.signal_id: {"prop_firm"}}
    assert ledger.signal(signal.signal_id).published_to == {"argo"}


@pytest.mark.parametrize("marks", [(BOTH, BOTH), (BOTH, {"argo"}), ({"argo"}, {"prop_firm"}), ({"argo"}, BOTH)])
def test_overlapping_cycles_mark_a_signal_in_halves_or_twice_and_it_leaves_once(ledger, marks):
    signal = a_signal()
    ledger.put_signal(signal, executors=BOTH)

    for executors in marks:
        ledger.mark_published(signal.signal_id, executors)

    assert outbox(ledger) == {}
    assert ledger.signal(signal.signal_id).published_to == BOTH


def test_marking_the_same_half_twice_leaves_the_other_half_waiting(ledger):
    signal = a_signal()
    ledger.put_signal(signal, executors=BOTH)

    for _ in range(2):
        ledger.mark_published(signal.signal_id, {"argo"})

    assert outbox(ledger) == {signal.signal_id: {"prop_firm"}}


def test_a_published_signal_seen_again_stays_out_of_the_outbox(ledger):
    signal = a_signal()
    ledger.put_signal(signal, executors=BOTH)
    ledger.mark_published(signal.signal_id, BOTH)

    again = ledger.put_signal(signal, executors=BOTH)

    assert (again.created, again.stored.published_to) == (False, BOTH)
    assert outbox(ledger) == {}


def test_ten_sightings_at_once_create_one_signal(faithful):
    ledger = faithful.ledger()
    sightings = [a_signal(confidence=70 + number) for number in range(10)]

    puts = together(*(ledger.port.put_signal(signal, executors=BOTH) for signal in sightings))

    assert sum(put.created for put in puts) == 1
    assert len({put.stored.signal.confidence for put in puts}) == 1


def test_two_cycles_that_mark_different_halves_at_once_empty_the_outbox(faithful):
    ledger = faithful.ledger()
    published = signals(8)
    for signal in published:
        ledger.put_signal(signal, executors=BOTH)

    together(*(ledger.port.mark_published(one.signal_id, {half}) for one in published for half in sorted(BOTH)))

    assert outbox(ledger) == {}
    assert all(ledger.signal(signal.signal_id).published_to == BOTH for signal in published)
