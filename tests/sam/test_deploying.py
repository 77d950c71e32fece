"""`make deploy-local` as a test: the built stack, deployed for real onto embedded AWS."""

import pytest

from tests.sam.containers import LOGICAL_NAMES
from worlds.rehearsal import rehearse

pytestmark = pytest.mark.sam


@pytest.mark.usefixtures("built")
def test_a_deployed_stack_trades_by_itself_and_can_be_updated_and_deleted():
    functions = 2 + 2 * len(LOGICAL_NAMES)
    alarms = 8 + 14 * len(LOGICAL_NAMES)
    seen = []

    rehearse(seen.append)

    assert [words.partition(":")[0] for words in seen] == [
        "deployed argo-rehearsal",
        f"{alarms} alarms stand",
        f"{functions} functions are live in version 1, invoked by {functions - 1} sources",
        "the schedule's signal became orders",
        "poison reached the dead-letter queue",
        f"an update reached {functions} log groups",
        f"{functions} functions are live in version 2, invoked by {functions - 1} sources",
        "a signal from outside became an order",
        "argo smoke",
        "argo doctor",
        "a delete left the ledger's table and nothing else",
    ]
