import asyncio
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from argo.domain.conservation import sums
from argo.domain.execution import Execution, ExecutionState
from argo.domain.ledger import StoredSignal
from argo.domain.lists import Page
from argo.domain.signal import Signal
from argo.observability import Telemetry
from argo.records import check_conservation, of_days
from reconciliation.report import Report
from tests.unit.builders import BAR_TIME, NOW, a_signal
from tests.unit.console.records import EXECUTORS, in_state

S = ExecutionState
MONDAY, TUESDAY = "2026-03-02", "2026-03-03"


@dataclass
class Records:
    """The part of `argo.ports.Ledger` that a check reads, in pages of two; nothing can be written.

    ``unlisted`` are signals that the table has and the lists do not have yet. ``read`` counts the items given.
    """

    signals: list[tuple[Signal, dict[str, set[str]]]]
    found: list[Execution]
    unlisted: list[Signal] = field(default_factory=list)
    accounted: datetime | None = None
    read: int = 0

    async def accounted_until(self, executor: str) -> datetime | None:  # noqa: ARG002 - the port's
        return self.accounted

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

    async def signal(self, signal_id: str) -> StoredSignal | None:
        for each in self.unlisted:
            if each.signal_id == signal_id:
                return StoredSignal(each, "simulated", frozenset(EXECUTORS), frozenset())
        return None

    def _page(self, items, token):
        start = int(token or 0)
        page = items[start : start + 2]
        self.read += len(page)
        return Page(page, str(start + 2) if start + 2 < len(items) else None)


def numbered(number, *, days=0):
    """Return another signal, of a bar some hours before, or of a day later."""
    later = timedelta(days=days)
    bar_time = BAR_TIME - timedelta(hours=number) + later
    return a_signal(bar_time=bar_time, created_at=NOW + later, expires_at=NOW + later + timedelta(minutes=5))


def read(records, *days):
    return asyncio.run(of_days(records, EXECUTORS, days))


def minutes_ago(*ages):
    """Return signals of these ages at `NOW`, each of a bar of its own."""
    made = [NOW - timedelta(minutes=age) for age in ages]
    return [
        a_signal(bar_time=time - timedelta(minutes=1), created_at=time, expires_at=time + timedelta(minutes=5))
        for time in made
    ]


def executed(signal, state=S.FILLED, executor="argo", **overrides):
    return in_state(state, executor, signal_id=signal.signal_id, created_at=signal.created_at, **overrides)


def checked(records, now=NOW, **options):
    return asyncio.run(check_conservation(records, "argo", now=now, **options))


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
    assert [total.gap for total in sums([row], ["argo"])] == [-1]


def test_days_are_read_in_the_order_asked_for():
    monday, tuesday = numbered(0), numbered(0, days=1)
    records = Records([(monday, {}), (tuesday, {})], [])

    found = read(records, TUESDAY, MONDAY)

    assert [row.created_at for row in found] == [tuesday.created_at, monday.created_at]


def test_a_signal_that_the_list_does_not_have_yet_is_asked_of_the_table():
    signal = numbered(0)
    records = Records([], [executed(signal)], unlisted=[signal])

    (row,) = read(records, MONDAY)

    assert row.addressed == set(EXECUTORS)
    assert [total.gap for total in sums([row], ["argo"])] == [0]


def test_a01_the_check_sums_the_window_and_reads_little_beyond_it():
    signals = minutes_ago(1, 10, 59, 61, *range(70, 900))
    records = Records(
        [(signal, {"sent": {"argo"}}) for signal in signals], [executed(signal) for signal in signals[1:]]
    )

    found = checked(records)

    assert (found.total.signals, found.total.with_order, found.total.unresolved, found.total.gap) == (3, 2, 1, 0)
    assert (found.total.execution_rate, found.oldest_unresolved_seconds) == (2 / 3, 60)
    assert records.read <= 8


def test_a25_a_window_reaches_over_midnight():
    midnight = NOW.replace(hour=0, minute=5, second=0) + timedelta(days=1)
    before, after = (midnight - timedelta(minutes=age) for age in (20, 2))
    signals = [
        a_signal(bar_time=time - timedelta(minutes=1), created_at=time, expires_at=time + timedelta(minutes=5))
        for time in (after, before)
    ]
    records = Records([(signal, {"sent": {"argo"}}) for signal in signals], [])

    found = checked(records, now=midnight)

    assert [each.created_at for each in found.unresolved] == [before, after]


def test_a01_nothing_sent_is_a_rate_of_zero_and_nothing_eligible_is_no_rate():
    signals = minutes_ago(1, 2, 3)
    sent = [(signal, {"sent": {"argo"}}) for signal in signals]
    silent = checked(Records(sent, [executed(signal, S.EXPIRED) for signal in signals]))
    denied = checked(Records(sent, [executed(signal, S.DENIED) for signal in signals]))

    assert (silent.total.execution_rate, silent.total.plain_share, silent.total.is_silent) == (0, 0, True)
    assert (denied.total.execution_rate, denied.total.plain_share, denied.total.is_silent) == (None, 0, False)


def test_a01_a_check_becomes_four_metrics(capsys):
    signals = minutes_ago(1, 2, 4)
    found = checked(Records([(signal, {"sent": {"argo"}}) for signal in signals], [executed(signals[0])]))
    telemetry = Telemetry("observed-check", mode="simulated", executor="argo")

    Report(conserved=found).record(telemetry)
    telemetry.flush()

    emf = json.loads(capsys.readouterr().out)
    names = ("ConservationGap", "UnresolvedExecutions", "OldestUnresolvedSeconds", "ExecutionRate")
    assert [emf[name] for name in names] == [[0], [2], [240], [pytest.approx(100 / 3)]]


def test_a10_no_rate_is_reported_where_nothing_was_eligible(capsys):
    telemetry = Telemetry("observed-check", mode="simulated", executor="argo")

    Report(conserved=checked(Records([], []))).record(telemetry)
    telemetry.flush()

    assert "ExecutionRate" not in json.loads(capsys.readouterr().out)
