"""Which accounts a signal is sent to, and that an exit is never kept from one."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo.domain.account import Holding
from argo.domain.ledger import ReservationConflict
from argo.domain.profile import declined, wants
from argo.domain.reasons import DenialReason
from argo.domain.signal import Regime, Side
from argo.domain.symbols import Symbol
from argo.publishing import Publisher
from execution.gate import SIGNAL_CHECKS, first_denial
from simulation.ports.clock import SteppedClock
from tests.unit.builders import BAR_TIME, NOW, a_profile, a_signal
from tests.unit.generation.in_memory import Queue, SignalStore
from tests.unit.strategies import sides, signals, stocks

STRICT = a_profile(minimum_confidence=82, excluded_regimes=["crisis"], symbols=["AAPL", "MSFT"])
UNWANTED = [
    ({"confidence": 81}, DenialReason.CONFIDENCE_BELOW_MINIMUM),
    ({"symbol": Symbol("IBM"), "confidence": 90}, DenialReason.SYMBOL_NOT_ALLOWED),
    ({"regime": Regime.CRISIS, "confidence": 90}, DenialReason.REGIME_EXCLUDED),
]
unwanted = pytest.mark.parametrize(("fields", "reason"), UNWANTED)


def a_holding(side):
    return Holding(signal_id="0" * 24, side=side, notional=Decimal(1000), risk=Decimal(50), since=BAR_TIME)


def publish(store, queues, profiles, *given):
    return asyncio.run(Publisher(store, queues, SteppedClock(NOW), profiles).publish(given))


def test_an_account_wants_what_it_may_enter_on():
    signal = a_signal(confidence=82)

    assert declined(signal, STRICT) is None
    assert wants(signal, STRICT)


@unwanted
def test_an_account_does_not_want_what_its_profile_refuses(fields, reason):
    signal = a_signal(**fields)

    assert declined(signal, STRICT) is reason
    assert not wants(signal, STRICT)


@unwanted
@pytest.mark.parametrize("side", Side)
def test_a20_an_account_wants_every_signal_against_what_it_holds(fields, reason, side):
    signal = a_signal(**fields, side=side)

    assert declined(signal, STRICT) is reason
    assert wants(signal, STRICT, a_holding(side.opposite))


@unwanted
def test_a_signal_along_with_what_is_held_is_no_exit(fields, reason):
    signal = a_signal(**fields)

    assert declined(signal, STRICT) is reason
    assert not wants(signal, STRICT, a_holding(signal.side))


@given(signals(stocks), st.booleans(), sides)
def test_whatever_is_kept_from_an_account_its_gate_would_deny_as_an_entry(signal, holds, side):
    kept_away = not wants(signal, STRICT, a_holding(side) if holds else None)

    assert not kept_away or first_denial(SIGNAL_CHECKS, signal, STRICT) is not None


def test_a_signal_goes_to_the_accounts_that_want_it_only():
    store, queues = SignalStore(), {"argo": Queue(), "prop_firm": Queue()}
    signal = a_signal(confidence=78)

    published = publish(store, queues, {"argo": a_profile(), "prop_firm": STRICT}, signal)

    stored = store[signal.signal_id]
    assert published.messages == 1
    assert [len(queue) for queue in queues.values()] == [1, 0]
    assert (stored.published_to, stored.awaiting) == ({"argo"}, frozenset())
    assert stored.declined == {"prop_firm": "confidence_below_minimum"}


def test_a20_a_weak_signal_reaches_the_account_that_it_is_an_exit_for():
    store, queues = SignalStore(), {"argo": Queue(), "prop_firm": Queue()}
    store.holdings["prop_firm"] = {"AAPL": a_holding(Side.BUY)}
    signal = a_signal(side=Side.SELL, confidence=60)

    publish(store, queues, {"argo": a_profile(), "prop_firm": STRICT}, signal)

    assert [len(queue) for queue in queues.values()] == [0, 1]
    assert store[signal.signal_id].declined == {"argo": "confidence_below_minimum"}


def test_the_accounts_locks_are_read_only_where_they_matter():
    store, queues = SignalStore(), {"argo": Queue(), "prop_firm": Queue()}

    publish(store, queues, {"argo": a_profile(), "prop_firm": STRICT}, a_signal(confidence=78))

    assert store.accounts_read == ["prop_firm"]


class BusyStore(SignalStore):
    """A ledger in which an account keeps changing while it is read."""

    async def account(self, executor):
        raise ReservationConflict(executor)


def test_an_account_too_busy_to_be_read_is_sent_the_signal():
    queues = {"prop_firm": Queue()}

    publish(BusyStore(), queues, {"prop_firm": STRICT}, a_signal(confidence=60))

    assert len(queues["prop_firm"]) == 1


def test_a_signal_that_nobody_wants_is_stored_and_judged_all_the_same():
    store, queues = SignalStore(), {"prop_firm": Queue()}
    signal = a_signal(confidence=60)

    published = publish(store, queues, {"prop_firm": STRICT}, signal)

    assert (published.messages, published.created) == (0, {signal.signal_id})
    assert [stored.signal for stored in asyncio.run(store.unjudged(limit=10))] == [signal]


def test_what_the_outbox_holds_is_sent_even_if_it_is_not_wanted_any_more():
    store, queues = SignalStore(), {"prop_firm": Queue()}
    signal = a_signal(confidence=60, created_at=NOW, expires_at=NOW + timedelta(minutes=5))
    asyncio.run(store.put_signal(signal, executors={"prop_firm"}))

    published = publish(store, queues, {"prop_firm": STRICT})

    assert published.messages == 1
