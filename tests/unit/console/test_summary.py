import asyncio
import json
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo.domain.execution import Execution, ExecutionState
from argo.domain.ledger import Page, StoredSignal
from argo.domain.signal import Signal
from console.summary import read_rows, row_as_dict, sums
from tests.unit.builders import BAR_TIME, NOW, a_signal
from tests.unit.console.records import EXECUTORS, a_row, in_state, rows

S = ExecutionState
MONDAY, TUESDAY = "2026-03-02", "2026-03-03"
COUNTS = ("with_order", "denied", "rejected", "expired", "dead_lettered", "unresolved")


def account(*found, executor="argo"):
    """Return one account's sum over rows."""
    (total,) = sums(found, [executor])
    return total


def counts(total):
    return {name: getattr(total, name) for name in COUNTS if getattr(total, name)}


@pytest.mark.parametrize(
    ("state", "count"),
    [
        (S.CLAIMED, "unresolved"),
        (S.SUBMITTING, "unresolved"),
        (S.UNKNOWN, "unresolved"),
        (S.SUBMITTED, "with_order"),
        (S.PARTIALLY_FILLED, "with_order"),
        (S.FILLED, "with_order"),
        (S.CLOSED, "with_order"),
        (S.CANCELED, "with_order"),
        (S.DENIED, "denied"),
        (S.REJECTED, "rejected"),
        (S.EXPIRED, "expired"),
        (S.DEAD_LETTERED, "dead_lettered"),
    ],
)
def test_a01_an_execution_is_in_the_count_of_its_state_and_in_no_other(state, count):
    total = account(a_row({"argo": state}))

    assert (total.signals, counts(total), total.gap) == (1, {count: 1}, 0)


def test_a01_a_signal_without_an_execution_is_unresolved():
    total = account(a_row())

    assert (total.signals, counts(total), total.gap) == (1, {"unresolved": 1}, 0)


def test_a_signal_for_another_account_is_not_counted():
    total = account(a_row({"prop_firm": S.FILLED}, addressed=["prop_firm"]))

    assert (total.signals, counts(total), total.gap) == (0, {}, 0)


def test_a01_an_execution_without_a_signal_is_a_gap():
    total = account(a_row({"argo": S.FILLED}, addressed=[]))

    assert (total.signals, total.with_order, total.gap) == (0, 1, -1)


@given(st.lists(rows))
def test_a01_the_counts_add_up_but_for_executions_nobody_was_sent(found):
    for total in sums(found, EXECUTORS):
        unaddressed = [row for row in found if total.executor in row.executions.keys() - row.addressed]

        assert sum(counts(total).values()) == total.signals + len(unaddressed)
        assert total.gap == -len(unaddressed)


@given(st.lists(rows), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_is_irrelevant_to_the_sums(found, randomness):
    shuffled = [*found]
    randomness.shuffle(shuffled)

    assert sums(shuffled, EXECUTORS) == sums(found, EXECUTORS)


@given(st.lists(rows), st.lists(rows))
def test_a_sum_over_all_rows_is_the_sum_of_its_parts(first, second):
    whole, *parts = (account(*found) for found in ([*first, *second], first, second))

    assert whole.signals == sum(part.signals for part in parts)
    assert all(getattr(whole, name) == sum(getattr(part, name) for part in parts) for name in COUNTS)


@given(st.lists(rows))
def test_a10_the_execution_rate_is_orders_by_signals_less_denied(found):
    total = account(*found)

    eligible = total.signals - total.denied - total.gap
    assert total.eligible == eligible
    assert total.execution_rate == (total.with_order / eligible if eligible else None)
    assert total.plain_share == (total.with_order / total.signals if total.signals else None)


def test_a10_without_signals_there_is_no_rate():
    total = account()

    assert (total.execution_rate, total.plain_share, total.is_silent) == (None, None, False)


@pytest.mark.parametrize(
    ("found", "silent"),
    [
        ([], False),
        ([S.DENIED, S.DENIED], False),
        ([S.DENIED, S.CLAIMED], True),
        ([S.EXPIRED], True),
        ([S.REJECTED, S.DEAD_LETTERED, S.UNKNOWN], True),
        ([S.REJECTED, S.SUBMITTED], False),
        ([S.CANCELED], False),
    ],
)
def test_a01_eligible_signals_without_one_order_are_silence(found, silent):
    total = account(*(a_row({"argo": state}) for state in found))

    assert total.is_silent is silent


def test_reasons_and_profit_are_summed():
    total = account(
        a_row({"argo": S.DENIED}),
        a_row({"argo": S.DENIED}),
        a_row({"argo": S.REJECTED}),
        a_row({"argo": in_state(S.CLOSED, realised_profit=Decimal("10.25"))}),
        a_row({"argo": in_state(S.CLOSED, realised_profit=Decimal("-3.5"))}),
    )

    assert total.reasons == {"confidence_below_minimum": 2, "bracket_geometry": 1}
    assert total.realised_profit == Decimal("6.75")


@given(rows)
def test_a_row_is_plain_json_with_whole_ids(row):
    shown = json.loads(json.dumps(row_as_dict(row)))

    assert shown["signal_id"] == row.signal_id
    assert {name: each["order_id"] for name, each in shown["executions"].items()} == {
        name: execution.order_id for name, execution in row.executions.items()
    }


@given(st.lists(rows))
def test_a_sum_is_plain_json_that_says_what_the_properties_say(found):
    total = account(*found)

    shown = json.loads(json.dumps(total.as_dict()))

    names = (*COUNTS, "executor", "signals", "gap", "eligible", "execution_rate", "plain_share")
    assert {name: shown[name] for name in names} == {name: getattr(total, name) for name in names}
    assert Decimal(shown["realised_profit"]) == total.realised_profit


@dataclass
class Records:
    """The console's part of `argo.ports.Ledger`, in pages of two."""

    signals: list[tuple[Signal, dict[str, set[str]]]]
    found: list[Execution]

    async def signals_of(self, day: str, *, limit: int, token: str | None = None) -> Page[StoredSignal]:  # noqa: ARG002 - the port's
        stored = [
            StoredSignal(signal, "simulated", frozenset(to.get("sent", ())), frozenset(to.get("awaiting", ())))
            for signal, to in self.signals
            if f"{signal.created_at:%Y-%m-%d}" == day
        ]
        return self._page(stored, token)

    async def executions_of(
        self,
        executor: str,
        day: str,
        *,
        limit: int,  # noqa: ARG002 - the port's
        token: str | None = None,
    ) -> Page[Execution]:
        here = [each for each in self.found if each.executor == executor and f"{each.created_at:%Y-%m-%d}" == day]
        return self._page(here, token)

    @staticmethod
    def _page(items, token):
        start = int(token or 0)
        return Page(items[start : start + 2], str(start + 2) if start + 2 < len(items) else None)


def numbered(number, *, days=0):
    """Return another signal, of a bar some hours before, or of a day later."""
    later = timedelta(days=days)
    bar_time = BAR_TIME - timedelta(hours=number) + later
    return a_signal(bar_time=bar_time, created_at=NOW + later, expires_at=NOW + later + timedelta(minutes=5))


def read(records, *days, **options):
    return asyncio.run(read_rows(records, EXECUTORS, days, **options))


def test_a07_every_page_of_signals_and_executions_is_read():
    signals = [numbered(number) for number in range(5)]
    found = [
        in_state(S.FILLED, executor, signal_id=signal.signal_id) for signal in signals for executor in EXECUTORS
    ]
    records = Records([(signal, {"sent": set(EXECUTORS)}) for signal in signals], found)

    read_back = read(records, MONDAY)

    assert [row.signal_id for row in read_back] == [signal.signal_id for signal in signals]
    assert [set(row.executions) for row in read_back] == [set(EXECUTORS)] * 5
    assert [total.gap for total in sums(read_back, EXECUTORS)] == [0, 0]


def test_a08_every_execution_stays_with_its_own_account_and_signal():
    first, second = numbered(0), numbered(1)
    found = [
        in_state(S.FILLED, "argo", signal_id=first.signal_id),
        in_state(S.DENIED, "prop_firm", signal_id=second.signal_id),
    ]
    records = Records([(signal, {"sent": set(EXECUTORS)}) for signal in (first, second)], found)

    states = [{name: each.state for name, each in row.executions.items()} for row in read(records, MONDAY)]

    assert states == [{"argo": S.FILLED}, {"prop_firm": S.DENIED}]


def test_a_signal_is_addressed_to_whom_it_was_sent_and_whom_it_awaits():
    records = Records([(numbered(0), {"sent": {"argo"}, "awaiting": {"prop_firm"}})], [])

    (row,) = read(records, MONDAY)

    assert row.addressed == {"argo", "prop_firm"}


def test_a01_an_execution_whose_signal_is_missing_is_a_row_of_its_own():
    orphan = in_state(S.FILLED, "argo", signal_id="f" * 24)

    (row,) = read(Records([], [orphan]), MONDAY)

    assert (row.signal_id, row.addressed, row.executions) == ("f" * 24, frozenset(), {"argo": orphan})
    assert account(row).gap == -1


def test_days_are_read_in_the_order_asked_for():
    monday, tuesday = numbered(0), numbered(0, days=1)
    records = Records([(monday, {}), (tuesday, {})], [])

    found = read(records, TUESDAY, MONDAY)

    assert [row.created_at for row in found] == [tuesday.created_at, monday.created_at]


def test_reading_stops_at_the_number_asked_for():
    signals = [numbered(number, days=day) for day in (1, 0) for number in range(3)]
    records = Records([(signal, {}) for signal in signals], [])

    found = [len(read(records, TUESDAY, MONDAY, at_most=most)) for most in (2, 3, 4, 99)]

    assert found == [2, 3, 4, 6]
