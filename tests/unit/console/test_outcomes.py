import json
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from argo.domain.conservation import sums
from argo.domain.execution import ExecutionState
from argo.domain.signal import Side
from console.outcomes import as_dict, reasons_table, signals_table, sums_table
from console.screen import output
from tests.unit.console.records import EXECUTORS, a_record, in_state, records

S = ExecutionState
WIDTHS = [80, 132, 144]


def printed(table, width=144):
    screen = Console(file=StringIO(), width=width)
    screen.print(table)
    return screen.file.getvalue()


@pytest.mark.parametrize("state", S)
def test_every_state_is_shown_with_the_signal(state):
    record = a_record({"argo": state, "prop_firm": state})

    text = printed(signals_table([record], EXECUTORS, of=1, width=144))

    assert text.count(str(state)) == 2
    assert all(
        part in text for part in ("2026-03-02 15:01:05", record.signal_id, "AAPL", "buy", "80.0", *EXECUTORS)
    )


@pytest.mark.parametrize("state", S)
def test_in_a_narrow_terminal_nothing_is_cut_off(state):
    execution = in_state(state)

    text = printed(signals_table([a_record({"argo": execution})], ["argo"], of=1, width=80), width=80)

    shown = "".join(text.split())
    assert str(state) in shown
    assert (execution.order_id or "")[:8] in shown
    assert (execution.reason or "") in shown


def test_a01_in_a_narrow_terminal_both_accounts_are_shown():
    record = a_record({"argo": S.SUBMITTED, "prop_firm": S.DENIED})

    text = printed(signals_table([record], EXECUTORS, of=1, width=80), width=80)

    shown = "".join(text.split())
    assert all(part in shown for part in ("argo", "prop_firm", "61e69015"))


@given(st.sampled_from(WIDTHS), st.lists(records, max_size=4))
def test_any_rows_are_printed_within_the_width(width, found):
    accounts = sums(found, EXECUTORS)

    tables = [signals_table(found, EXECUTORS, of=9, width=width), sums_table(accounts), reasons_table(accounts)]

    lines = [line for table in tables if table is not None for line in printed(table, width).splitlines()]
    assert max(len(line) for line in lines) <= width


def test_a01_an_order_is_shown_by_the_start_of_its_id():
    record = a_record({"argo": S.SUBMITTED})

    text = printed(signals_table([record], EXECUTORS, of=1, width=144))

    assert "SUBMITTED 61e69015" in text


def test_a01_a_signal_without_an_order_is_shown_with_its_reason():
    record = a_record({"argo": S.DENIED, "prop_firm": S.REJECTED})

    text = printed(signals_table([record], EXECUTORS, of=1, width=144))

    assert "DENIED confidence_below_minimum" in text
    assert "REJECTED bracket_geometry" in text


def test_a01_an_account_that_has_not_received_a_signal_says_so():
    record = a_record(addressed=["argo"])

    text = printed(signals_table([record], EXECUTORS, of=1, width=144))

    assert "not received yet" in text
    assert "not sent to it" in text


def test_a_closed_position_is_shown_with_its_profit():
    text = printed(signals_table([a_record({"argo": S.CLOSED})], EXECUTORS, of=1, width=144))

    assert "-1,234.50" in text


def test_a_table_says_how_many_signals_it_leaves_out():
    text = printed(signals_table([a_record()], EXECUTORS, of=17, width=144))

    assert "Signals: 1 of 17, newest first" in text


def test_no_signals_are_a_table_too():
    text = printed(signals_table([], EXECUTORS, of=0, width=144))

    assert "Signals: 0 of 0" in text


def test_the_sum_shows_every_count_and_both_rates():
    states = [S.FILLED, S.FILLED, S.DENIED, S.REJECTED, S.EXPIRED, S.DEAD_LETTERED, S.UNKNOWN, S.CLOSED]

    text = printed(sums_table(sums([a_record({"argo": state}) for state in states], ["argo"])))

    shown = {
        line.rsplit(maxsplit=1)[0].strip(): line.split()[-1] for line in text.splitlines() if line.split()[1:]
    }
    assert (
        shown
        | {
            "signals": "8",
            "= with an order": "3",
            "+ denied": "1",
            "+ rejected by the broker": "1",
            "+ expired": "1",
            "+ dead-lettered": "1",
            "+ unresolved": "1",
            "gap (must be 0)": "0",
            "execution rate: orders / (signals - denied)": "42.9%",
            "orders / signals": "37.5%",
            "realised profit, USD": "-1,234.50",
        }
        == shown
    )


def test_without_signals_the_rates_are_dashes():
    text = printed(sums_table(sums([], ["argo"])))

    rates = [line.split()[-1] for line in text.splitlines() if "orders /" in line]
    assert rates == ["-", "-"]


def test_reasons_are_counted_per_account():
    found = [
        a_record({"argo": S.DENIED, "prop_firm": S.DENIED}),
        a_record({"argo": S.FILLED, "prop_firm": S.DENIED}),
    ]

    table = reasons_table(sums(found, EXECUTORS))

    assert table is not None
    line = next(line for line in printed(table).splitlines() if "confidence_below_minimum" in line)
    assert line.split()[1:] == ["1", "2"]


def test_without_reasons_there_is_no_table_of_them():
    table = reasons_table(sums([a_record({"argo": S.FILLED})], ["argo"]))

    assert table is None


@pytest.mark.parametrize("side", Side)
def test_both_sides_are_shown_by_name(side):
    record = a_record(side=side)

    text = printed(signals_table([record], EXECUTORS, of=1, width=144))

    assert f" {side} " in text


def test_where_it_is_no_terminal_the_output_is_wide_enough(capsys):
    screen = output()

    screen.print(
        signals_table([a_record({"argo": S.DENIED, "prop_firm": S.REJECTED})], EXECUTORS, of=1, width=144)
    )

    assert screen.width >= 132
    assert "DENIED confidence_below_minimum" in capsys.readouterr().out


@given(records)
def test_a_record_is_plain_json_with_whole_ids(record):
    shown = json.loads(json.dumps(as_dict(record)))

    assert shown["signal_id"] == record.signal_id
    assert {name: each["order_id"] for name, each in shown["executions"].items()} == {
        name: execution.order_id for name, execution in record.executions.items()
    }
