"""Every metric of a run where it is written: each number of its report, and no other."""

from collections import Counter
from datetime import timedelta
from io import StringIO

import pytest

from argo.domain.conservation import conserved
from argo.domain.execution import ExecutionState
from argo.domain.ledger import SignalRecord, StoredSignal
from argo.domain.metrics import Metric
from argo.observability import Telemetry
from reconciliation.report import Report
from tests.emf import measured
from tests.unit.builders import NOW, a_signal, an_execution

S = ExecutionState
QUIET = {
    Metric.CONSERVATION_GAP: [0],
    Metric.UNRESOLVED_EXECUTIONS: [0],
    Metric.OLDEST_UNRESOLVED: [0],
    Metric.OPEN_EXECUTIONS: [0],
    Metric.EXECUTIONS_LEFT: [0],
    Metric.UNREADABLE_RECORDS: [0],
    Metric.NAKED_POSITION: [0],
    Metric.REPAIRS_MADE: [0],
}
"""Written with every run that the broker has answered."""


def a_sum(*states, gone=0):
    """Sum up signals a minute older each, with executions in states, None without; ``gone`` have lost theirs."""
    records = []
    for minutes, state in enumerate(states, 1):
        made = NOW - timedelta(minutes=minutes)
        signal = a_signal(bar_time=made, created_at=made, expires_at=NOW)
        fields = {"signal_id": signal.signal_id, "created_at": made, "state": state, "order_id": "order"}
        found = {} if state is None else {"argo": an_execution(**fields)}
        records.append(SignalRecord(StoredSignal(signal, "simulated", frozenset({"argo"}), frozenset()), found))
    records += [SignalRecord(None, {"argo": an_execution(state=S.DENIED)}) for _ in range(gone)]
    return conserved(records, "argo", now=NOW)


def written(report, capsys):
    telemetry = Telemetry("report-unit", mode="simulated", executor="argo", stream=StringIO())
    report.record(telemetry)
    return measured(telemetry, capsys)


def test_a06_a_run_with_nothing_to_do_says_so_and_leaves_out_a_rate_of_nothing(capsys):
    assert written(Report(conserved=a_sum()), capsys) == QUIET


def test_a_runs_numbers_are_its_metrics(capsys):
    report = Report(
        open=7,
        left_for_next=3,
        left_unread=2,
        unreadable={"SIGNAL#1 EXECUTION#argo": "its state is of a later version"},
        unprotected_seconds=[5.0, 65.5, 30.0],
        repairs=Counter(guarded=2, cancelled=3),
        conserved=a_sum(S.FILLED, None, S.DENIED, S.CLAIMED),
    )

    assert written(report, capsys) == {
        Metric.CONSERVATION_GAP: [0],
        Metric.UNRESOLVED_EXECUTIONS: [2],
        Metric.OLDEST_UNRESOLVED: [240],
        Metric.EXECUTION_RATE: [pytest.approx(100 / 3)],
        Metric.OPEN_EXECUTIONS: [7],
        Metric.EXECUTIONS_LEFT: [5],
        Metric.UNREADABLE_RECORDS: [1],
        Metric.NAKED_POSITION: [65.5],
        Metric.REPAIRS_MADE: [5],
    }


def test_a07_an_execution_without_its_signal_is_a_gap_without_a_sign(capsys):
    assert written(Report(conserved=a_sum(gone=2)), capsys)[Metric.CONSERVATION_GAP] == [2]


@pytest.mark.parametrize(
    ("unanswered", "seconds", "told"), [(0, [], [0]), (1, [], None), (1, [45.0], [45]), (0, [45.0], [45])]
)
def test_how_long_a_position_is_unprotected_is_left_out_only_where_nobody_knows(capsys, unanswered, seconds, told):
    report = Report(unanswered=unanswered, unprotected_seconds=seconds)

    assert written(report, capsys).get(Metric.NAKED_POSITION) == told


def test_a_report_has_its_sum_where_the_account_was_summed_up():
    assert Report().as_dict()["conservation"] == {}
    assert Report(conserved=a_sum(S.FILLED)).as_dict()["conservation"]


def test_what_is_open_is_left_out_where_the_ledger_does_not_tell(capsys):
    assert not {Metric.OPEN_EXECUTIONS, Metric.EXECUTIONS_LEFT} & written(Report(open=None), capsys).keys()


def test_how_long_a_position_is_unprotected_is_left_out_where_a_look_was_put_off(capsys):
    assert Metric.NAKED_POSITION not in written(Report(put_off=1), capsys)
    assert Report().as_dict()["longest_naked_seconds"] == 0
    assert Report(unprotected_seconds=[5.0, 65.5]).as_dict()["longest_naked_seconds"] == 65.5


def test_records_that_cannot_be_read_are_logged_by_name_and_only_if_there_are_any():
    for unreadable, logged in (({}, 0), ({"SIGNAL#1": "why"}, 1)):
        log = StringIO()
        Report(unreadable=unreadable).record(
            Telemetry("report-unit", mode="simulated", executor="argo", stream=log)
        )

        assert log.getvalue().count('"SIGNAL#1"') == logged
        assert ("records_unreadable" in log.getvalue()) == bool(logged)
