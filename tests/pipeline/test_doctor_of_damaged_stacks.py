"""`argo doctor` with what cannot be put back, or was deployed otherwise: each test has a stack of its own."""

import contextlib
import re
from pathlib import Path

import pytest

from tests.pipeline.damage import (
    no_function,
    no_index,
    no_queue,
    no_schedule,
    no_table,
)
from tests.pipeline.deployed_world import LIVE, DeployedWorld, a_broker
from tests.pipeline.findings import assert_says, broken


@pytest.fixture
def another_world(aws):
    """A deployment of one's own, to ruin."""
    with contextlib.ExitStack() as stack:

        def make(**parameters):
            return DeployedWorld(aws, stack.enter_context(a_broker()), **parameters)

        yield make


@pytest.mark.parametrize(
    ("damage", "check", "seen", "cure"),
    [
        (no_table, "table", r"ResourceNotFound", r"docs/operations\.md, What survives"),
        (no_index, "table", r"no index open_executions", r"REVERT_DRIFT"),
        (no_queue, "queue argo", r"NonExistentQueue|does not exist", r"REVERT_DRIFT"),
        (no_function, "function ReconcileArgoFunction", r"Function not found", r"REVERT_DRIFT"),
        (no_schedule, "schedule ReconcileArgoFunctionEveryMinute", r"does not exist", r"REVERT_DRIFT"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_is_gone_is_named_with_its_cure(another_world, damage, check, seen, cure):
    world = another_world()
    damage(world)

    code, findings = world.doctor()

    assert code == 1
    assert check in broken(findings)
    assert_says(findings[check], seen, cure)


def test_a_paper_key_is_never_shown_to_the_live_address(another_world):
    world = another_world(Mode="live", AlpacaTradingUrl=LIVE)

    code, findings = world.doctor()

    assert code == 1
    assert broken(findings) == {"key and address argo", "key and address prop_firm"}
    assert findings["key and address argo"]["seen"] == f"a paper key (PK...) at the live address {LIVE}"
    assert "argo credentials set argo" in findings["key and address argo"]["cure"]
    assert findings["broker argo"]["level"] == "not looked at"


def test_a_deployment_of_another_checkout_is_named_by_its_files(another_world, changed_configuration):
    older = changed_configuration("interval_seconds = 5", "interval_seconds = 10")
    world = another_world(argo_toml=Path(older))

    code, findings = world.doctor()

    assert (code, findings["versions"]["level"]) == (0, "warning")
    assert re.search(r"in \d+ files? \(argo\.toml", findings["versions"]["seen"])
    assert "make deploy" in findings["versions"]["cure"]
