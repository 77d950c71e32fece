import re

import pytest
from typer.testing import CliRunner

from console.main import app
from trials.faults import Fault
from trials.records import Line
from trials.referee.evidence import Violation
from trials.referee.rules import Rule
from trials.story import breach, story
from trials.trial import run_trial
from trials.world import Plan

SIGNAL, OTHER = "a" * 24, "b" * 24
ORDER, LEG = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"
ENTRY = f"argo-bold-{SIGNAL}-entry"

LINES = [
    Line(1.0, "generate#1", "ledger.put_signal", f"{SIGNAL} buy AAPL", ""),
    Line(1.1, "generate#1", "ledger.put_signal", f"{OTHER} buy MSFT", ""),
    Line(1.2, "generate#1", "queue.send", f"{SIGNAL} {OTHER}", ""),
    Line(2.0, "execute.bold.0#2", "ledger.claim", f"{SIGNAL} buy AAPL", "claimed at epoch 1"),
    Line(2.1, "execute.careful.0#3", "ledger.claim", f"{SIGNAL} buy AAPL", "claimed at epoch 1"),
    Line(2.2, "execute.bold.0#2", "ledger.account", "bold", ""),
    Line(2.3, "execute.bold.0#2", "broker.submit", ENTRY, f"{ENTRY} accepted 0 of 5: {ORDER} {LEG}"),
    Line(2.4, "execute.bold.0#2", "ledger.account", "bold", "killed before"),
    Line(70, "a person", "acts", "careful", "closes AAPL by hand"),
    Line(75, "a person", "acts", "bold", "closes AAPL by hand"),
    Line(80, "reconcile.bold#4", "broker.cancel", LEG, "killed after"),
    Line(99, "reconcile.bold#5", "broker.cancel", LEG, ""),
]


def told(violation, lines=LINES):
    return list(story(violation, lines))


def a_violation(**changes):
    fields = {"at": 90.0, "rule": Rule.GHOST, "about": SIGNAL, "detail": "at bold"} | changes
    return Violation(**fields)


@pytest.fixture
def argo():
    def run(*arguments):
        return CliRunner().invoke(app, ["simulate", *map(str, arguments)], env={"COLUMNS": "300"})

    return run


def test_a_story_has_what_happened_to_the_record_in_order_and_nothing_else():
    assert told(a_violation()) == [
        f"+00:01.000  generate (process 1) writes the signal down  {SIGNAL} buy AAPL",
        f"+00:01.200  generate (process 1) puts the message into the queue  {SIGNAL} {OTHER}",
        f"+00:02.000  execute.bold.0 (process 2) claims the execution  {SIGNAL} buy AAPL  - claimed at epoch 1",
        f"+00:02.300  execute.bold.0 (process 2) sends the order  {ENTRY}  - accepted 0 of 5",
        "+00:02.400  execute.bold.0 (process 2) ledger.account  bold  - and its process ends before that",
        "+01:15.000  a person closes AAPL by hand (bold)",
        "+01:20.000  reconcile.bold (process 4) asks for the order's cancellation  "
        f"a leg of {ENTRY}  - and then its process ends",
        f"+01:30.000  {breach(a_violation())}",
    ]


def test_a_breach_of_both_accounts_affair_tells_of_both():
    lines = told(a_violation(detail=""))

    assert any("execute.careful.0" in line for line in lines)
    assert sum("by hand" in line for line in lines) == 2


def test_a_position_is_told_of_by_the_signals_that_were_ordered_for_its_symbol():
    lines = told(a_violation(rule=Rule.UNPROTECTED, about="bold AAPL", detail="for 250 s"))

    assert any("sends the order" in line for line in lines)
    assert not any("MSFT" in line for line in lines)


def test_a_breach_says_which_rule_and_what_was_found():
    assert breach(a_violation()) == (
        f"BROKEN: every entry that the broker has is on the record. But: {SIGNAL} at bold"
    )


@pytest.mark.deep
def test_a_signal_that_is_marked_before_it_is_sent_has_a_short_story(argo):
    result = argo("--seed", 0, "--signals", 40, "--mutant", "published_before_sent", "--story")

    lines = [line for line in result.stdout.splitlines() if re.match(r"\+\d\d:", line)]
    assert result.exit_code == 1
    assert len(lines) < 10
    assert "writes the signal down" in lines[0]
    assert "notes that it is in the queues" in lines[1]
    assert f"BROKEN: {Rule.LOST.meaning}" in lines[-1]


def test_the_command_of_a_story_breaks_the_same_rule_again(argo):
    told = argo("--seeds", 1, "--signals", 30, "--workers", 1, "--mutant", "order_before_record")
    (again,) = re.findall(r"Again: argo simulate (.*)", told.stdout)

    result = argo(*again.split())

    assert (told.exit_code, result.exit_code) == (1, 1)
    assert Rule.ORDER_WITHOUT_INTENT.meaning in result.stdout


def test_what_broke_no_rule_has_no_story(argo):
    result = argo("--seed", 1, "--signals", 5, "--story")

    assert result.exit_code == 0
    assert "there is no story" in result.stderr


def test_a_trace_file_has_a_line_for_every_event(argo, tmp_path):
    result = argo("--seed", 1, "--signals", 5, "--trace", tmp_path / "trace")

    lines = (tmp_path / "trace").read_text(encoding="utf-8").splitlines()
    assert run_trial(Plan(1, 5)).digest in result.stdout
    assert len(lines) > 50


def test_only_the_faults_that_are_asked_for_strike(argo):
    result = argo("--seed", 0, "--signals", 40, "--only", "out_of_order", "--only", "message_twice")

    (faults,) = [line for line in result.stdout.splitlines() if line.startswith("faults")]
    assert set(re.findall("|".join(Fault), faults)) <= {"out_of_order", "message_twice"}
    assert "out_of_order" in faults


def test_a_mutant_that_does_not_exist_is_refused_by_name(argo):
    result = argo("--mutant", "perfect")

    assert result.exit_code == 2
    assert "--mutant perfect: there is none; order_before_record" in result.stderr
