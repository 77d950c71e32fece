"""Signals that wait for their outcome, and the outcome kept with them, once."""

from decimal import Decimal

import pytest

from argo.domain.signal import Ending, SignalOutcome
from tests.contract.backends import together
from tests.contract.workers import BOTH, signals
from tests.unit.builders import BAR_TIME, NOW, a_signal

TARGET = SignalOutcome(
    ending=Ending.TARGET, at=BAR_TIME, bars=3, price=Decimal("110.25"), realised_r=Decimal("2.05")
)
STOP = TARGET.model_copy(update={"ending": Ending.STOP, "price": Decimal(95), "realised_r": Decimal(-1)})
UNSEEN = SignalOutcome(ending=Ending.UNSEEN, at=BAR_TIME, bars=0)


def waiting(ledger):
    return [stored.signal for stored in ledger.unjudged(limit=100)]


def test_a_signal_in_the_outbox_is_not_judged_yet(ledger):
    ledger.put_signal(a_signal(), executors=BOTH)

    assert waiting(ledger) == []


@pytest.mark.parametrize("marks", [(BOTH,), ({"argo"}, {"prop_firm"}), (BOTH, BOTH), ({"argo"}, BOTH)])
def test_a_signal_that_nobody_awaits_any_more_is_judged(ledger, marks):
    ledger.put_signal(a_signal(), executors=BOTH)

    for executors in marks:
        ledger.mark_published(a_signal().signal_id, executors)

    assert waiting(ledger) == [a_signal()]


def test_a_signal_that_nobody_wanted_is_judged_too(ledger):
    ledger.put_signal(a_signal(), executors=(), declined={"argo": "confidence_below_minimum"})

    assert waiting(ledger) == [a_signal()]
    assert ledger.signal(a_signal().signal_id).declined == {"argo": "confidence_below_minimum"}
    assert ledger.unpublished(limit=10) == []


def test_signals_wait_oldest_first_up_to_a_limit(ledger):
    oldest, middle, newest = signals(3)
    for signal in (middle, newest, oldest):
        ledger.put_signal(signal, executors=())

    assert waiting(ledger) == [oldest, middle, newest]
    assert [stored.signal for stored in ledger.unjudged(limit=2)] == [oldest, middle]


@pytest.mark.parametrize("outcome", [TARGET, STOP, UNSEEN], ids=lambda outcome: outcome.ending)
def test_an_outcome_is_kept_with_its_signal_and_takes_it_off_the_list(ledger, outcome):
    ledger.put_signal(a_signal(), executors=())

    assert ledger.record_outcome(a_signal().signal_id, outcome)

    stored = ledger.signal(a_signal().signal_id)
    assert (stored.signal, stored.outcome) == (a_signal(), outcome)
    assert waiting(ledger) == []
    assert ledger.signals_of(NOW.date().isoformat(), limit=10).items == [stored]


def test_the_first_outcome_stays(ledger):
    ledger.put_signal(a_signal(), executors=())
    ledger.record_outcome(a_signal().signal_id, TARGET)

    again = ledger.record_outcome(a_signal().signal_id, STOP)

    assert not again
    assert ledger.signal(a_signal().signal_id).outcome == TARGET


def test_an_outcome_of_a_signal_that_is_not_there_is_none(ledger):
    assert not ledger.record_outcome("0" * 24, TARGET)
    assert ledger.signal("0" * 24) is None


def test_a_mark_that_comes_after_the_outcome_does_not_bring_the_signal_back(ledger):
    ledger.put_signal(a_signal(), executors=BOTH)
    ledger.mark_published(a_signal().signal_id, BOTH)
    ledger.record_outcome(a_signal().signal_id, TARGET)

    ledger.mark_published(a_signal().signal_id, {"argo"})

    assert waiting(ledger) == []
    assert ledger.signal(a_signal().signal_id).outcome == TARGET


def test_two_generators_that_judge_at_once_keep_one_outcome(faithful):
    ledger = faithful.ledger()
    ledger.put_signal(a_signal(), executors=())

    recorded = together(*(ledger.port.record_outcome(a_signal().signal_id, each) for each in (TARGET, STOP) * 4))

    assert sum(recorded) == 1
    assert ledger.signal(a_signal().signal_id).outcome in {TARGET, STOP}
