from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo.domain.execution import ExecutionState
from argo.domain.ledger import SignalRecord, StoredSignal
from argo.domain.metrics import Metric
from argo.domain.signal import Signal
from tests.unit.api.counter import BUY
from tests.unit.builders import NOW, a_signal
from tests.unit.console.records import EXECUTORS, in_state
from trading_api.executing import outcomes
from trading_api.requests import OutsideSignal

S = ExecutionState
ORDER = "61e69015-8549-4bfd-b9c3-01e75843f47d"


def only(counter) -> Signal:
    (stored,) = counter.ledger.signals.values()
    return stored.signal


def settle_all(counter, state, **learnt):
    """Let the executors come to an outcome while the API waits."""

    def work():
        for stored in counter.ledger.signals.values():
            for executor in stored.published_to:
                counter.ledger.execute(stored.signal.signal_id, executor, state, **learnt)

    counter.clock.meanwhile = work


def test_the_order_of_every_account_is_answered(counter):
    settle_all(counter, S.SUBMITTED, order_id=ORDER)

    status, body = counter.execute()

    assert (status, body["signal_id"], body["created"]) == (200, only(counter).signal_id, True)
    assert body["pending"] == []
    assert body["outcomes"] == [
        {"success": True, "executor_id": name, "order_id": ORDER, "reason": None} for name in EXECUTORS
    ]


def test_a_signal_from_outside_is_counted_once_and_each_message_of_it(counter):
    settle_all(counter, S.SUBMITTED, order_id=ORDER)

    counter.execute()
    counter.execute()

    assert counter.wiring.ports.telemetry.counts == {Metric.SIGNALS_GENERATED: 1, Metric.SIGNALS_PUBLISHED: 2}


def test_a05_a_denial_is_an_outcome_with_its_reason(counter):
    settle_all(counter, S.DENIED, reason="market_closed")

    status, body = counter.execute()

    assert status == 200
    assert {(each["success"], each["order_id"], each["reason"]) for each in body["outcomes"]} == {
        (False, None, "market_closed")
    }


def test_an_account_that_does_not_want_it_is_not_sent_it_and_says_why(counter):
    settle_all(counter, S.SUBMITTED, order_id=ORDER)

    status, body = counter.execute(confidence=80)

    assert status == 200
    assert [(each["executor_id"], each["reason"]) for each in body["outcomes"]] == [
        ("argo", None),
        ("prop_firm", "confidence_below_minimum"),
    ]
    assert [len(counter.queues[name]) for name in EXECUTORS] == [1, 0]


def test_without_an_outcome_it_waits_ten_seconds_and_says_who_is_pending(counter):
    status, body = counter.execute()

    assert (status, body["outcomes"], body["pending"]) == (202, [], list(EXECUTORS))
    assert counter.clock.now() == NOW + timedelta(seconds=10)


@pytest.mark.parametrize(("left", "waits"), [(29, 10), (7, 4), (3, 0), (0, 0)])
def test_it_waits_no_longer_than_lambda_lets_it(counter, left, waits):
    status, _ = counter.execute(time_left=timedelta(seconds=left))

    assert (status, counter.clock.now() - NOW) == (202, timedelta(seconds=waits))


def test_it_answers_as_soon_as_everybody_is_done(counter):
    settle_all(counter, S.SUBMITTED, order_id=ORDER)

    counter.execute()

    assert counter.clock.waits == 1


def test_a11_the_same_fact_twice_is_one_signal_and_one_message(counter):
    first = counter.execute(time_left=timedelta())[1]
    settle_all(counter, S.SUBMITTED, order_id=ORDER)
    counter.clock.set(NOW + timedelta(minutes=3))
    status, second = counter.execute(entry_price="100.5", confidence=90)

    assert (first["created"], second["created"], second["signal_id"]) == (True, False, first["signal_id"])
    assert status == 200
    assert only(counter).entry_price == 100
    assert [len(counter.queues[name]) for name in EXECUTORS] == [1, 1]


def test_a07_an_order_counts_only_with_its_id(counter):
    settle_all(counter, S.SUBMITTED, order_id=None)

    status, body = counter.execute()

    assert (status, body["outcomes"]) == (202, [])


def test_a_signal_has_sane_defaults(counter):
    counter.execute(bar_time=...)

    signal = only(counter)
    assert (signal.strategy, signal.strategy_version, signal.timeframe, signal.regime) == (
        "outside",
        "1",
        "1Min",
        "not_warm",
    )
    assert signal.bar_time == NOW.replace(second=0)
    assert (signal.created_at, signal.expires_at) == (NOW, NOW + timedelta(seconds=300))


@pytest.mark.parametrize(
    ("timeframe", "bar_time"),
    [("1Min", (15, 1)), ("5Min", (15, 0)), ("15Min", (15, 0)), ("1Hour", (15, 0)), ("1Day", (0, 0))],
)
def test_without_a_bar_time_it_is_the_bar_under_way(timeframe, bar_time):
    body = {**BUY, "timeframe": timeframe, "bar_time": None}

    signal = OutsideSignal.model_validate(body).as_signal(NOW, timedelta(minutes=5))

    assert signal.bar_time == datetime(2026, 3, 2, *bar_time, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"symbol": ...}, "symbol"),
        ({"symbol": "no such thing"}, "symbol"),
        ({"side": "hold"}, "side"),
        ({"confidence": 0.84}, "confidence"),
        ({"confidence": 101}, "confidence"),
        ({"confidence": True}, "confidence"),
        ({"entry_price": "-1"}, "entry_price"),
        ({"entry_price": "cheap"}, "entry_price"),
        ({"volatility": 2}, "volatility"),
        ({"bar_time": "2026-03-02T15:00:00"}, "bar_time"),
        ({"bar_time": 1_772_463_600}, "bar_time"),
        ({"bar_time": "1772463600"}, "bar_time"),
        ({"bar_time": "2026-03-02T15:30:00Z"}, "bar_time"),
        ({"lifetime_seconds": 5}, "lifetime_seconds"),
        ({"lifetime_seconds": 86_401}, "lifetime_seconds"),
        ({"timeframe": "1 minute"}, "timeframe"),
        ({"regime": "sunny"}, "regime"),
        ({"strategy": "a|b"}, "strategy"),
        ({"strategy_versoin": "2"}, "strategy_versoin"),
        ({"stop_price": "101"}, None),
    ],
)
def test_a04_a_malformed_signal_is_refused_with_its_place_and_nothing_is_sent(counter, changes, wrong):
    status, body = counter.execute(**changes)

    assert (status, body["error"]) == (400, "invalid_request")
    assert next(each["loc"][:2] for each in body["errors"]) == (["body", wrong] if wrong else ["body"])
    assert counter.ledger.signals == {}
    assert [len(counter.queues[name]) for name in EXECUTORS] == [0, 0]


def test_what_the_outbox_held_is_sent_too(counter):
    left = a_signal(symbol="MSFT")
    counter.ledger.signals[left.signal_id] = StoredSignal(left, "simulated", frozenset(), frozenset({"argo"}))

    counter.execute(time_left=timedelta())

    assert [len(counter.queues[name]) for name in EXECUTORS] == [2, 1]


accounts = st.frozensets(st.sampled_from(EXECUTORS))
records = st.builds(
    in_state, st.sampled_from(S), st.sampled_from(EXECUTORS), order_id=st.sampled_from([None, ORDER])
)


@given(accounts, accounts, accounts, st.lists(records, unique_by=lambda each: each.executor))
def test_a01_every_account_is_in_exactly_one_place(published, awaiting, declined, found):
    stored = StoredSignal(a_signal(), "simulated", published, awaiting, dict.fromkeys(declined, "regime_excluded"))

    answered = outcomes(SignalRecord(stored, {each.executor: each for each in found}), created=True)

    settled = [each.executor_id for each in answered.outcomes]
    assert sorted([*settled, *answered.pending]) == sorted(
        published | awaiting | declined | {each.executor for each in found}
    )
    assert all(bool(each.order_id) == each.success != bool(each.reason) for each in answered.outcomes)


@given(st.decimals("0.01", 1_000, places=2), st.decimals("0.5", 20, places=1))
def test_ordered_prices_make_a_signal(entry, percent):
    apart = max(entry * percent / 100, Decimal("0.001")).quantize(Decimal("0.000001"))
    prices = {
        "entry_price": entry,
        "stop_price": entry - apart,
        "target_price": entry + 2 * apart,
    }

    signal = OutsideSignal.model_validate(BUY | prices).as_signal(NOW, timedelta(minutes=5))

    assert signal.entry_price == entry
