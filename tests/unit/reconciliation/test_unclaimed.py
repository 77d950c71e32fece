"""Published, and never claimed: counted until it is ended, ended once, and never in an executor's way."""

import asyncio
from datetime import timedelta

import pytest

from argo.domain.execution import ExecutionState
from argo.domain.ledger import Claimed, Held, Settled
from argo.domain.metrics import Metric
from argo.domain.reasons import Obstacle
from argo.records import WINDOW
from reconciliation.run import reconcile
from reconciliation.unclaimed import AFTER_EXPIRY, LONGEST_KEPT
from simulation.ports.ledger import InMemoryLedger
from tests.unit.builders import NOW, a_signal
from tests.unit.reconciliation.in_memory import Exchange, a_wiring

LEASE = timedelta(seconds=45)
SIGNAL = a_signal()
DUE = SIGNAL.expires_at + AFTER_EXPIRY
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def ledger():
    return InMemoryLedger(mode="simulated")


def do(work):
    return asyncio.run(work)


def publish(ledger, signal=SIGNAL, executors=("argo",)):
    do(ledger.put_signal(signal, executors=executors))
    do(ledger.mark_published(signal.signal_id, executors))


def run(ledger, now, telemetry=None):
    return do(reconcile(a_wiring(ledger, Exchange(), now=now, telemetry=telemetry)))


def test_c07_a_signal_whose_message_disappeared_is_counted_until_it_ends_with_its_reason(ledger):
    publish(ledger)

    waiting = run(ledger, DUE - MINUTE)
    ending = run(ledger, DUE)
    ended = run(ledger, DUE + MINUTE)

    execution = ledger.find(SIGNAL.signal_id, "argo")
    assert (execution.state, execution.reason) == (ExecutionState.EXPIRED, Obstacle.NEVER_DELIVERED)
    assert [len(each.conserved.unresolved) for each in (waiting, ending, ended)] == [1, 1, 0]
    assert waiting.conserved.oldest_unresolved_seconds > 600
    assert (ended.conserved.total.expired, ended.conserved.total.gap) == (1, 0)
    assert ended.conserved.total.execution_rate == 0


@pytest.mark.parametrize("later", [WINDOW + MINUTE, DAY, timedelta(days=5), LONGEST_KEPT - DAY])
def test_c07_what_nobody_looked_at_in_time_is_found_however_late(ledger, later):
    publish(ledger)

    for minute in range(16):
        run(ledger, NOW + later + minute * MINUTE)

    execution = ledger.find(SIGNAL.signal_id, "argo")
    assert (execution.state, execution.reason) == (ExecutionState.EXPIRED, Obstacle.NEVER_DELIVERED)


def test_c07_a_signal_that_waits_for_longer_than_the_window_stays_in_the_count(ledger):
    signal = a_signal(expires_at=NOW + timedelta(hours=3))
    publish(ledger, signal)

    for minute in range(0, 170, 10):
        report = run(ledger, NOW + minute * MINUTE)
        assert [each.signal_id for each in report.conserved.unresolved] == [signal.signal_id]
    assert do(ledger.accounted_until("argo")) <= signal.created_at


def test_c07_the_time_that_is_accounted_for_moves_on_over_what_has_ended(ledger):
    publish(ledger)
    run(ledger, DUE)

    run(ledger, NOW + 3 * WINDOW)
    for minute in range(16):
        run(ledger, NOW + 3 * WINDOW + minute * MINUTE)

    assert do(ledger.accounted_until("argo")) > SIGNAL.created_at


def test_c07_what_is_still_in_the_outbox_is_the_generators(ledger):
    do(ledger.put_signal(SIGNAL, executors=["argo"]))

    report = run(ledger, DUE)

    assert ledger.find(SIGNAL.signal_id, "argo") is None
    assert [each.obstacle for each in report.conserved.unresolved] == ["not_sent"]


def test_c07_an_executor_that_has_claimed_first_is_left_to_it(ledger):
    publish(ledger)
    first = do(ledger.claim(SIGNAL, "argo", now=DUE - timedelta(seconds=1), lease=LEASE)).execution

    run(ledger, DUE)

    assert ledger.find(SIGNAL.signal_id, "argo") == first


def test_c07_an_executor_that_comes_second_finds_it_held_and_then_ended(ledger):
    publish(ledger)
    answers = []

    class Meanwhile(InMemoryLedger):
        """An executor receives the message between the reconciler's claim and its end."""

        async def settle(self, *args, **options):
            answers.append(await self.claim(SIGNAL, "argo", now=DUE, lease=LEASE))
            return await super().settle(*args, **options)

    racing = Meanwhile(mode="simulated")
    publish(racing)
    run(racing, DUE)
    answers.append(do(racing.claim(SIGNAL, "argo", now=DUE, lease=LEASE)))

    assert isinstance(answers[0], Held)
    assert isinstance(answers[1], Settled)
    assert racing.find(SIGNAL.signal_id, "argo").reason == Obstacle.NEVER_DELIVERED


def test_c07_a_run_that_ended_in_between_leaves_a_claim_that_the_next_one_ends(ledger):
    publish(ledger)
    claim = do(ledger.claim(SIGNAL, "argo", now=DUE, lease=timedelta(seconds=30)))
    assert isinstance(claim, Claimed)

    run(ledger, DUE + MINUTE)

    execution = ledger.find(SIGNAL.signal_id, "argo")
    assert (execution.state, execution.reason) == (ExecutionState.EXPIRED, Obstacle.WORKER_LOST)


def test_c07_two_accounts_end_each_its_own(ledger):
    publish(ledger, executors=("argo", "prop_firm"))

    run(ledger, DUE)

    assert ledger.find(SIGNAL.signal_id, "prop_firm") is None
    assert ledger.find(SIGNAL.signal_id, "argo").state is ExecutionState.EXPIRED


def test_c07_it_is_counted_with_its_reason(ledger):
    publish(ledger)
    counted = []
    wiring = a_wiring(ledger, Exchange(), now=DUE)
    telemetry = wiring.ports.telemetry
    counts = telemetry.count

    def count(metric, by=1, *, reason=None):
        counted.append((metric, by, reason))
        counts(metric, by, reason=reason)

    telemetry.count = count

    do(reconcile(wiring))

    assert (Metric.SIGNALS_EXPIRED, 1, Obstacle.NEVER_DELIVERED) in counted


class Lagging(InMemoryLedger):
    """Its list of open executions is as it was; its records are as they are."""

    listed = ()

    async def open_executions(self, executor, *, limit=None):
        found = await super().open_executions(executor, limit=limit)
        return type(found)(self.listed or found)


def test_c08_what_the_list_has_of_a_moment_ago_is_not_acted_on():
    ledger = Lagging(mode="simulated")
    publish(ledger)
    stale = do(ledger.claim(SIGNAL, "argo", now=NOW, lease=LEASE)).execution
    taken = do(ledger.claim(SIGNAL, "argo", now=NOW + LEASE, lease=timedelta(minutes=20))).execution
    ledger.listed = [stale]

    run(ledger, SIGNAL.expires_at + MINUTE)

    assert ledger.find(SIGNAL.signal_id, "argo") == taken
