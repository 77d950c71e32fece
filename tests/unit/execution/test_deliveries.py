"""A signal's message as it is delivered: held by another worker, one of several in a batch, past mending."""

import asyncio
from datetime import timedelta

import pytest

from argo.domain.execution import ExecutionState
from argo.domain.lists import Unreadable, UnreadableRecord
from argo.domain.metrics import Metric
from argo.domain.reasons import QuarantineReason
from argo.ports import Unavailable
from execution.backoff import backoff
from execution.flow import Flow
from execution.recording import Later
from tests.unit.builders import a_signal
from tests.unit.one_account import OPENS, OneAccount

LEASE = timedelta(seconds=45)
AN_INSTANT = timedelta(microseconds=1)
NEWER = UnreadableRecord(Unreadable("a record", "of a later version"))


def in_one_batch(account, signal, *, deliveries):
    """Handle messages of one signal in the same batch, one after the other."""
    account.put(signal)

    async def batch():
        flow = Flow(account.executor())
        return [await flow.handle(signal, 1) for _ in range(deliveries)]

    return asyncio.run(batch())


def end_as_malformed(account, signal):
    async def end():
        flow = Flow(account.executor())
        await flow.dead_letter(signal.signal_id, QuarantineReason.MALFORMED, "side = 'up'")

    asyncio.run(end())


def claimed_by_another(account, signal, at=OPENS):
    account.put(signal)
    return asyncio.run(account.ledger.claim(signal, "argo", now=at, lease=LEASE))


@pytest.mark.parametrize("age", [timedelta(), LEASE - AN_INSTANT])
def test_a_message_whose_signal_another_worker_holds_comes_back_once_that_ones_lease_is_over(age):
    account, signal = OneAccount(), a_signal()
    claimed_by_another(account, signal)
    account.set_time(OPENS + age)

    later = account.deliver(signal)

    patience = backoff(signal.signal_id, 1, account.executor().limits.turned_away)
    assert later == Later(max(LEASE - age, patience), "held_by_another_worker")
    assert account.execution(signal).lease_until == OPENS + LEASE
    assert Metric.SIGNALS_RECEIVED not in account.telemetry.counts


def test_each_message_of_a_signal_in_a_batch_claims_at_a_time_of_its_own():
    account, signal = OneAccount(), a_signal()
    account.faults["claim"] = [Unavailable("no answer"), Unavailable("no answer")]
    leases = []

    async def remember():
        found = await account.ledger.execution(signal.signal_id, "argo")
        leases.append(found.lease_until)

    account.meanwhile["positions"] = remember
    in_one_batch(account, signal, deliveries=3)

    assert leases == [OPENS + LEASE + 2 * AN_INSTANT]


def test_a_message_that_is_given_back_lets_go_of_no_claim_of_its_signals_other_message():
    account, signal = OneAccount(), a_signal()
    account.put(signal)

    async def batch():
        flow = Flow(account.executor())

        async def second():
            account.faults["claim"] = [Unavailable("no answer")]
            await flow.handle(signal, 1)

        account.meanwhile["positions"] = second
        return await flow.handle(signal, 1)

    assert asyncio.run(batch()) is None
    assert account.execution(signal).state is ExecutionState.SUBMITTED


def test_an_account_is_read_again_after_aws_was_not_available():
    account, signal = OneAccount(), a_signal()
    account.faults["intend"] = [Unavailable("no answer")]
    account.put(signal)

    async def batch():
        flow = Flow(account.executor())
        before = await flow.reader.state()
        await flow.handle(signal, 1)
        return before is not await flow.reader.state()

    assert asyncio.run(batch())


def test_c17_a_signal_whose_record_cannot_be_read_is_counted_and_left_to_newer_code():
    account, signal = OneAccount(), a_signal()
    account.faults["claim"] = [NEWER]

    later = account.deliver(signal)

    patience = backoff(signal.signal_id, 1, account.executor().limits.backoff)
    assert later == Later(patience, "record_unreadable")
    assert account.telemetry.counts[Metric.UNREADABLE_RECORDS] == 1


@pytest.mark.parametrize("asked", [["claim"], ["claim", "settle"]])
def test_a_signal_whose_message_cannot_be_read_ends_with_the_reason(asked):
    account, signal = OneAccount(), a_signal()
    account.put(signal)
    if "settle" in asked:
        account.faults["settle"] = [Unavailable("no answer")]  # once: an end is worth some seconds

    end_as_malformed(account, signal)

    found = account.execution(signal)
    assert (found.state, found.reason) == (ExecutionState.DEAD_LETTERED, "malformed")
    assert found.detail["problem"] == "side = 'up'"


def test_a_signal_that_the_ledger_does_not_know_has_no_execution_to_end():
    account, signal = OneAccount(), a_signal()

    end_as_malformed(account, signal)

    assert "claim" not in account.asked
    assert not account.ledger.every_execution


@pytest.mark.parametrize("question", ["signal", "claim"])
def test_a_signal_whose_message_and_record_cannot_be_read_stays_as_it_is(question):
    account, signal = OneAccount(), a_signal()
    account.put(signal)
    account.faults[question] = [NEWER]

    end_as_malformed(account, signal)

    assert not account.ledger.every_execution


def held(account, signal):
    claimed_by_another(account, signal)


def submitted(account, signal):
    account.deliver(signal)


def sent_by_a_worker_that_was_lost(account, signal):
    account.faults["submit"] = [SystemError("lost")]
    with pytest.raises(SystemError):
        account.deliver(signal)
    account.pass_time(LEASE.total_seconds())


@pytest.mark.parametrize("stands", [held, submitted, sent_by_a_worker_that_was_lost])
def test_an_execution_that_is_under_way_or_over_is_not_ended_by_a_message_that_cannot_be_read(stands):
    account, signal = OneAccount(), a_signal()
    stands(account, signal)
    before = account.execution(signal)

    end_as_malformed(account, signal)

    found = account.execution(signal)
    assert (found.state, found.reason) == (before.state, before.reason)
    assert "problem" not in found.detail


@pytest.mark.parametrize(("worker", "reason"), [("lost", "worker_lost"), ("none", "expired_before_delivery")])
def test_a_signal_that_expires_without_an_obstacle_names_the_worker_that_had_it(worker, reason):
    account, signal = OneAccount(), a_signal()
    if worker == "lost":
        claimed_by_another(account, signal)
    account.set_time(signal.expires_at)

    account.deliver(signal, 2)

    assert (account.execution(signal).state, account.execution(signal).reason) == ("EXPIRED", reason)
