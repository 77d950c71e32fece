import inspect
import re

import pytest
from typer.testing import CliRunner

from argo.domain.execution import TRANSITIONS, ExecutionState
from argo.domain.faults import BrokerFault
from argo.domain.metrics import Metric
from argo.domain.reasons import DenialReason, Obstacle, QuarantineReason, RejectionReason
from console.main import app
from console.policies import policies
from console.reference import reference
from trials.proof import read_record
from trials.wrong_policies import WRONG_POLICIES
from worlds.paths import PROJECT

DOCUMENTED = [*DenialReason, *Obstacle, *QuarantineReason, *RejectionReason, *Metric]


def lines_of(code):
    return [line for line in reference().splitlines() if line.startswith(f"| `{code}` |")]


def test_the_reference_is_what_the_code_says():
    assert (PROJECT / "docs" / "reference.md").read_text(encoding="utf-8") == reference()


def test_the_check_passes_while_the_reference_is_current():
    result = CliRunner().invoke(app, ["docs", "--check"])

    assert (result.exit_code, result.output) == (0, "")


@pytest.mark.parametrize("code", DOCUMENTED, ids=str)
def test_every_reason_and_metric_is_in_the_reference_with_its_meaning(code):
    lines = lines_of(code)

    assert any(line.endswith(f"| {code.meaning} |") for line in lines)


@pytest.mark.parametrize("state", ExecutionState)
def test_every_state_is_in_the_reference_with_all_it_can_become(state):
    (line,) = lines_of(state)

    assert set(re.findall(r"`([A-Z_]+)`", line)) == {state, *TRANSITIONS[state]}
    assert line.endswith("| yes |" if state.has_order else "| no |")


def test_no_cell_breaks_its_table():
    rows = [line for line in reference().splitlines() if line.startswith("|")]

    assert not [code for code in DOCUMENTED if "|" in code.meaning]
    assert {line.count("|") for line in rows} == {3, 4}


def test_the_policies_are_what_the_code_decides():
    assert (PROJECT / "docs" / "policies.md").read_text(encoding="utf-8") == policies()


@pytest.mark.parametrize("fault", BrokerFault.__subclasses__(), ids=lambda fault: fault.__name__)
def test_every_fault_is_in_the_policies_with_its_meaning(fault):
    assert f"| {inspect.getdoc(fault).partition('\n\n')[0].replace('``', '`')} |" in policies()


def test_every_decision_is_in_the_policies():
    broker = policies().partition("## What is decided")[0]

    assert {word for word in re.findall(r"`(\w+)`", broker) if word[0].isupper()} == {
        "Accept", "Reject", "LookUp", "SendAgain", "Wait",
    }  # fmt: skip


def test_readme_says_how_many_wrong_policies_are_caught():
    caught = read_record().caught
    said = (PROJECT / "README.md").read_text(encoding="utf-8")

    last = max(known.seed for known in caught.values())
    assert f"{len(caught)} of {len(WRONG_POLICIES)} wrong policies are caught, the last by seed {last}" in said
