"""Published, and never claimed: counted until it is ended, ended once, and never in an executor's way."""

import asyncio
from datetime import timedelta

import pytest

from argo.domain.execution import ExecutionState
from argo.domain.ledger import Claimed, Held, LostLease, Settled
from argo.domain.metrics import Metric
from argo.domain.reasons import Obstacle
from argo.records import WINDOW
from reconciliation.report import Run
from reconciliation.run import reconcile
from reconciliation.unclaimed import AFTER_EXPIRY, LONGEST_KEPT, conserve, end_unclaimed
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


def a_run(ledger, now, *, seconds_left=60.0):
    wiring = a_wiring(ledger, Exchange(), now=now)
    return Run(wiring, wiring.ports.broker, lambda: seconds_left)


def conserved(ledger, now, since=None):
    """Return a run that has summed up, and how far all is accounted for after it."""
    if since is not None:
        do(ledger.account_until("argo", since))
    at_now = a_run(ledger, now)
    do(conserve(at_now))
    return at_now, do(ledger.accounted_until("argo"))


def test_c07_a_new_account_is_looked_at_from_where_a_queue_keeps_messages(ledger):
    publish(ledger)

    conserved(ledger, NOW + LONGEST_KEPT)

    assert ledger.find(SIGNAL.signal_id, "argo").state is ExecutionState.EXPIRED
    assert (timedelta(days=14), timedelta(minutes=15)) == (LONGEST_KEPT, AFTER_EXPIRY)


def test_c07_what_is_accounted_for_is_not_looked_at_again(ledger):
    publish(ledger)

    conserved(ledger, NOW + 3 * DAY, since=NOW + DAY)

    assert ledger.find(SIGNAL.signal_id, "argo") is None


@pytest.mark.parametrize(
    ("moved", "is_kept"), [(timedelta(minutes=10), True), (timedelta(minutes=9, seconds=59), False)]
)
def test_c07_the_time_is_kept_when_it_has_moved_by_ten_minutes(ledger, moved, is_kept):
    begins = NOW - WINDOW
    since = begins - moved
    assert since.date() == begins.date()

    _, until = conserved(ledger, NOW, since=since)

    assert until == (begins if is_kept else since)


def test_c07_the_time_is_kept_over_each_midnight(ledger):
    midnight = NOW.replace(hour=0, minute=0, second=0, microsecond=0)

    _, until = conserved(ledger, NOW, since=midnight - MINUTE)

    assert until == midnight


def test_c07_what_could_not_be_read_before_stays_in_the_report(ledger):
    at_now = a_run(ledger, NOW)
    at_now.report.unreadable = {"SIGNAL#1 EXECUTION#argo": "a later version's"}

    do(conserve(at_now))

    assert at_now.report.unreadable == {"SIGNAL#1 EXECUTION#argo": "a later version's"}


class Found:
    def __init__(self, *unclaimed):
        self.unclaimed = unclaimed


def many(number):
    return [
        a_signal(bar_time=SIGNAL.bar_time - each * MINUTE, created_at=NOW + timedelta(seconds=each % 7))
        for each in range(number)
    ]


def ended_of(ledger, signals, *, seconds_left=60.0):
    for signal in signals:
        publish(ledger, signal)
    do(end_unclaimed(a_run(ledger, DUE + DAY, seconds_left=seconds_left), Found(*signals)))
    return [signal for signal in signals if ledger.find(signal.signal_id, "argo") is not None]


def test_c07_a_hundred_are_ended_at_once_the_oldest_first(ledger, capsys):
    signals = many(103)

    ended = ended_of(ledger, signals)

    oldest_first = sorted(signals, key=lambda each: (each.created_at, each.signal_id))
    assert {each.signal_id for each in ended} == {each.signal_id for each in oldest_first[:100]}
    assert '"signals":3' in capsys.readouterr().out.replace(" ", "")


@pytest.mark.parametrize(("seconds_left", "ended"), [(5.0, 1), (4.9, 0)])
def test_c07_none_is_ended_without_the_time_for_it(ledger, seconds_left, ended):
    assert len(ended_of(ledger, many(1), seconds_left=seconds_left)) == ended


class Blind(InMemoryLedger):
    """An executor claims in between: the record is not there yet when it is asked for."""

    async def execution(self, *_):
        return None


@pytest.mark.parametrize("kind", [InMemoryLedger, Blind])
@pytest.mark.parametrize("lease", [LEASE, 2 * DAY])
def test_c07_what_is_claimed_meanwhile_is_not_ended(kind, lease):
    ledger = kind(mode="simulated")
    publish(ledger)
    claimed = do(ledger.claim(SIGNAL, "argo", now=DUE, lease=lease)).execution

    at_now = a_run(ledger, DUE + DAY)
    do(end_unclaimed(at_now, Found(SIGNAL)))

    left = ledger.find(SIGNAL.signal_id, "argo")
    assert left.state is ExecutionState.CLAIMED
    assert left.epoch == claimed.epoch + (kind is Blind and lease == LEASE)
    assert not at_now.report.moved


def test_c07_a_claim_that_was_lost_before_its_end_holds_for_half_a_minute():
    class Losing(InMemoryLedger):
        async def settle(self, execution, *_, **__):
            raise LostLease(execution.signal_id)

    ledger = Losing(mode="simulated")
    publish(ledger)

    do(end_unclaimed(a_run(ledger, DUE), Found(SIGNAL)))

    assert ledger.find(SIGNAL.signal_id, "argo").lease_until == DUE + timedelta(seconds=30)
