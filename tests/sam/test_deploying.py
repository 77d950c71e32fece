"""`make deploy-local` as a test: the built stack, deployed for real onto embedded AWS."""

import pytest

from console.rehearsal import rehearse

pytestmark = pytest.mark.sam


@pytest.mark.usefixtures("built")
def test_a_deployed_stack_trades_by_itself_and_can_be_updated_and_deleted():
    seen = []

    rehearse(seen.append)

    assert [words.partition(":")[0] for words in seen] == [
        "deployed argo-rehearsal",
        "34 alarms stand",
        "6 functions are live in version 1, invoked by 5 sources",
        "the schedule's signal became orders",
        "poison reached the dead-letter queue",
        "an update reached 6 log groups",
        "6 functions are live in version 2, invoked by 5 sources",
        "a signal from outside became an order",
        "argo smoke",
        "argo doctor",
        "a delete left the ledger's table and nothing else",
    ]
