from dataclasses import replace
from datetime import timedelta

import pytest

from argo.domain.execution import ExecutionState
from argo.domain.ledger import Claimed, Held, LostLease, Settled, Settlement
from argo.domain.reasons import Obstacle, QuarantineReason
from tests.contract.backends import together
from tests.contract.workers import LEASE, claim, intend, reach, reached, settle
from tests.unit.builders import NOW, a_signal

WORKABLE = {ExecutionState.CLAIMED, ExecutionState.SUBMITTING, ExecutionState.UNKNOWN}
SETTLED = set(ExecutionState) - WORKABLE - {ExecutionState.DEAD_LETTERED}
LATER = NOW + LEASE


def test_a_first_claim_is_fresh_and_lasts_for_the_lease(ledger):
    signal = a_signal()

    granted = ledger.claim(signal, "argo", now=NOW, lease=LEASE)

    assert isinstance(granted, Claimed)
    assert not granted.taken_over
    execution = granted.execution
    assert execution == ledger.execution(signal.signal_id, "argo")
    assert (execution.state, execution.epoch, execution.lease_until) == (ExecutionState.CLAIMED, 1, NOW + LEASE)
    assert execution.client_order_id == f"argo-argo-{signal.signal_id}-entry"
    assert ledger.open_executions("argo", limit=10) == [execution]


def test_a_live_lease_holds_the_execution_until_its_end(ledger):
    claim(ledger)

    second = ledger.claim(a_signal(), "argo", now=LATER - timedelta(microseconds=1), lease=LEASE)

    assert second == Held(NOW + LEASE)


def test_a_lease_that_is_over_is_taken_over_with_the_next_epoch(ledger):
    stalled = claim(ledger)

    granted = ledger.claim(a_signal(), "argo", now=LATER, lease=LEASE)

    assert isinstance(granted, Claimed)
    assert granted.taken_over
    assert (granted.execution.epoch, granted.execution.lease_until) == (stalled.epoch + 1, LATER + LEASE)
    assert granted.execution == ledger.execution(*stalled.key)


def test_only_one_of_two_takes_over(ledger):
    claim(ledger)
    ledger.claim(a_signal(), "argo", now=LATER, lease=LEASE)

    assert ledger.claim(a_signal(), "argo", now=LATER, lease=LEASE) == Held(LATER + LEASE)


@pytest.mark.transaction
@pytest.mark.parametrize("state", sorted(WORKABLE - {ExecutionState.CLAIMED}))
def test_a12_an_order_under_way_is_taken_over_with_its_intent(ledger, state):
    stalled = reach(ledger, state)

    granted = ledger.claim(a_signal(), "argo", now=LATER, lease=LEASE)

    taken = {"epoch": 2, "lease_until": LATER + LEASE, "updated_at": LATER}
    assert granted == Claimed(stalled.model_copy(update=taken), taken_over=True)


@pytest.mark.parametrize("state", [reached(state) for state in sorted(SETTLED)])
def test_a_claim_of_what_is_past_submitting_or_ended_is_settled_whatever_its_lease(ledger, state):
    ended = reach(ledger, state)

    for now in (NOW, LATER):
        assert ledger.claim(a_signal(), "argo", now=now, lease=LEASE) == Settled(ended)


def test_a_dead_lettered_execution_is_claimed_anew_because_its_message_was_redriven(ledger):
    dead = reach(ledger, ExecutionState.DEAD_LETTERED)
    assert ledger.open_executions("argo", limit=10) == []

    granted = ledger.claim(a_signal(), "argo", now=NOW, lease=LEASE)

    assert isinstance(granted, Claimed)
    revived = granted.execution
    assert revived == ledger.execution(*dead.key)
    assert (revived.state, revived.epoch, revived.lease_until) == (ExecutionState.CLAIMED, 2, NOW + LEASE)
    assert revived.history[:-1] == dead.history
    assert ledger.open_executions("argo", limit=10) == [revived]
    assert ledger.claim(a_signal(), "argo", now=NOW, lease=LEASE) == Held(NOW + LEASE)
    with pytest.raises(LostLease):
        settle(ledger, dead, ExecutionState.CLAIMED)


def test_a_dead_lettered_execution_that_is_claimed_anew_has_no_reason_any_more(ledger):
    learnt = Settlement(reason=QuarantineReason.MALFORMED)
    ledger.settle(claim(ledger), ExecutionState.DEAD_LETTERED, learnt, now=NOW)

    assert claim(ledger).reason is None


@pytest.mark.transaction
def test_a_worker_that_was_taken_over_can_write_nothing_any_more(ledger):
    stalled = claim(ledger)
    ledger.claim(a_signal(), "argo", now=LATER, lease=LEASE)
    successors = ledger.execution(*stalled.key)

    with pytest.raises(LostLease):
        settle(ledger, stalled, ExecutionState.DENIED)
    with pytest.raises(LostLease):
        intend(ledger, stalled)

    assert ledger.execution(*stalled.key) == successors
    assert ledger.account("argo").version == 0


def test_a08_two_accounts_claim_the_same_signal_each_for_itself(ledger):
    signal = a_signal()

    one, other = (claim(ledger, signal, executor) for executor in ("argo", "prop_firm"))

    assert ledger.executions(signal.signal_id) == [one, other]
    assert ledger.open_executions("argo", limit=10) == [one]
    assert ledger.open_executions("prop_firm", limit=10) == [other]
    assert ledger.executions("0" * 24) == []
    assert ledger.execution("0" * 24, "argo") is None


def test_ten_deliveries_at_once_claim_a_signal_once(faithful):
    ledger = faithful.ledger()

    claims = together(*(ledger.port.claim(a_signal(), "argo", now=NOW, lease=LEASE) for _ in range(10)))

    fresh = [granted for granted in claims if isinstance(granted, Claimed)]
    assert [granted.taken_over for granted in fresh] == [False]
    assert claims.count(Held(NOW + LEASE)) == 9


def test_ten_redriven_deliveries_at_once_claim_a_dead_letter_once(faithful):
    ledger = faithful.ledger()
    reach(ledger, ExecutionState.DEAD_LETTERED)

    claims = together(*(ledger.port.claim(a_signal(), "argo", now=NOW, lease=LEASE) for _ in range(10)))

    assert [granted.execution.epoch for granted in claims if isinstance(granted, Claimed)] == [2]
    assert claims.count(Held(NOW + LEASE)) == 9


def test_a_lease_that_is_extended_between_look_and_takeover_is_respected(aws, ministack):
    table = ministack.table()
    ledger = ministack.ledger(table)
    stalled = claim(ledger)
    client = aws.client("dynamodb")

    def wake_up(**_):
        ledger.pause(stalled, Obstacle.BROKER_UNREACHABLE, until=LATER + LEASE, now=LATER)

    client.meta.events.register("before-call.dynamodb.UpdateItem", wake_up)
    found = replace(ministack, dynamodb=client).ledger(table).claim(a_signal(), "argo", now=LATER, lease=LEASE)

    assert found == Held(LATER + LEASE)
    assert ledger.execution(*stalled.key).epoch == stalled.epoch


def test_ten_workers_that_find_a_lease_over_take_it_over_once(faithful):
    ledger = faithful.ledger()
    claim(ledger)

    claims = together(*(ledger.port.claim(a_signal(), "argo", now=LATER, lease=LEASE) for _ in range(10)))

    taken = [granted for granted in claims if isinstance(granted, Claimed)]
    assert [(granted.taken_over, granted.execution.epoch) for granted in taken] == [(True, 2)]
    assert claims.count(Held(LATER + LEASE)) == 9
    assert ledger.execution(a_signal().signal_id, "argo").epoch == 2
