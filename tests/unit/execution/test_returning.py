"""A message that AWS stood in the way of: what is held of its signal is let go of, and nobody else's."""

from datetime import timedelta

import pytest

from argo.domain.execution import ExecutionState
from argo.domain.ledger import LostLease, Settlement
from argo.domain.metrics import Metric
from argo.ports import Unavailable
from execution.backoff import STEADY, backoff, held_for
from tests.unit.builders import a_signal
from tests.unit.one_account import OPENS, OneAccount

SILENCE = Unavailable("no answer")
LEASE = timedelta(seconds=45)
AN_AGE, A_LIFE = timedelta(hours=8), timedelta(days=1)
FOR_EVER = [SILENCE] * 40


def an_old_signal():
    """Return an account, and a signal for it that has waited for hours and may for many more."""
    account, signal = OneAccount(), a_signal(expires_at=OPENS + A_LIFE)
    account.set_time(OPENS + AN_AGE)
    account.put(signal)
    return account, signal


def claims(account, signal, at):
    async def claim():
        await account.ledger.claim(signal, "argo", now=at, lease=LEASE)

    return claim


@pytest.mark.parametrize("receives", [1, STEADY + 1])
def test_a_claim_that_stands_unheard_is_held_for_as_long_as_its_message_is_hidden(receives):
    account, signal = an_old_signal()
    account.meanwhile["claim"] = claims(account, signal, account.clock.now())
    account.faults["claim"] = [SILENCE]

    later = account.deliver(signal, receives)

    found = account.execution(signal)
    assert (found.state, found.obstacle) == (ExecutionState.CLAIMED, "aws_unavailable")
    assert found.lease_until == account.clock.now() + later.delay
    assert (later.delay > timedelta(hours=1)) is (receives > STEADY)
    assert (later.obstacle, account.telemetry.counts[Metric.AWS_UNAVAILABLE]) == ("aws_unavailable", 1)


def test_a_claim_of_another_moment_is_anothers_and_stays_as_it_is():
    account, signal = an_old_signal()
    account.meanwhile["claim"] = claims(account, signal, account.clock.now() - timedelta(microseconds=1))
    account.faults["claim"] = [SILENCE]

    account.deliver(signal)

    found = account.execution(signal)
    assert found.obstacle is None
    assert found.lease_until == account.clock.now() - timedelta(microseconds=1) + LEASE


def test_an_order_whose_end_could_not_be_written_is_of_unknown_fate_and_looked_for_soon():
    account, signal = an_old_signal()
    account.faults["settle"] = list(FOR_EVER)

    later = account.deliver(signal, STEADY + 1)

    found, now = account.execution(signal), account.clock.now()
    limits = account.executor().limits.unavailable
    assert (found.state, found.obstacle) == (ExecutionState.UNKNOWN, "aws_unavailable")
    assert found.lease_until == now + held_for(signal, ExecutionState.UNKNOWN, STEADY + 1, limits, now)
    assert later.delay > timedelta(hours=1)


def test_an_end_that_was_written_unheard_stays_as_it_is():
    account, signal = an_old_signal()

    async def settle():
        found = await account.ledger.execution(signal.signal_id, "argo")
        order = account.orders("entry")[0]
        await account.ledger.settle(
            found, ExecutionState.SUBMITTED, Settlement(order_id=order.id), now=account.clock.now()
        )

    account.meanwhile["settle"] = settle
    account.faults["settle"] = list(FOR_EVER)

    account.deliver(signal)

    found = account.execution(signal)
    assert (found.state, found.obstacle) == (ExecutionState.SUBMITTED, None)


@pytest.mark.parametrize(("method", "fault"), [("execution", SILENCE), ("pause", LostLease())])
def test_a_claim_that_cannot_be_let_go_of_ends_with_its_lease(method, fault):
    account, signal = an_old_signal()
    began = account.clock.now()
    account.meanwhile["claim"] = claims(account, signal, began)
    account.faults["claim"] = [SILENCE]
    account.faults[method] = [fault] * 40

    later = account.deliver(signal)

    assert later.delay == backoff(signal.signal_id, 1, account.executor().limits.unavailable)
    assert account.execution(signal).lease_until == began + LEASE
    took = (account.clock.now() - began).total_seconds()
    assert 2 < took <= 4 if fault is SILENCE else took == 0
