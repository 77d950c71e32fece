import re

import pytest
from typer.testing import CliRunner

from argo.domain.execution import TRANSITIONS, ExecutionState
from argo.domain.faults import BrokerFault
from argo.domain.metrics import Metric
from argo.domain.reasons import DenialReason, Obstacle, QuarantineReason, RejectionReason
from console.docs import POLICIES, README, REFERENCE, reference
from console.main import app
from console.policies import policies
from trials.proof import read_record, with_mutants

DOCUMENTED = [*DenialReason, *Obstacle, *QuarantineReason, *RejectionReason, *Metric]


def lines_of(code):
    return [line for line in reference().splitlines() if line.startswith(f"| `{code}` |")]


def test_the_reference_is_what_the_code_says():
    assert REFERENCE.read_text(encoding="utf-8") == reference()


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


def test_the_mutants_stand_in_readme_between_their_marks():
    readme = README.read_text(encoding="utf-8")
    before, _, rest = readme.partition("<details>")
    emptied = before + rest.partition("</details>\n")[2]

    assert with_mutants(emptied, read_record().caught) == readme


def test_a_readme_without_a_place_for_the_mutants_is_an_error():
    with pytest.raises(ValueError, match=r"README\.md has no place for the mutants"):
        with_mutants("# Argo\n", read_record().caught)


def test_the_policies_are_what_the_code_decides():
    assert POLICIES.read_text(encoding="utf-8") == policies()


@pytest.mark.parametrize("fault", BrokerFault.__subclasses__(), ids=lambda fault: fault.__name__)
def test_every_fault_is_in_the_policies_with_its_meaning(fault):
    assert f"| {fault.__doc__.replace('``', '`')} |" in policies()


def test_every_decision_is_in_the_policies():
    broker = policies().partition("## What is decided")[0]

    assert {word for word in re.findall(r"`(\w+)`", broker) if word[0].isupper()} == {
        "Accept", "Reject", "LookUp", "SendAgain", "Wait",
    }  # fmt: skip
