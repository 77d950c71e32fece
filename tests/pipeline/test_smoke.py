"""`argo smoke`: what it proves of a signal's way, that it cannot order, and that no figure is the worse for it."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from argo.adapters.clock import SystemClock
from argo.domain.execution import ExecutionState
from argo.domain.metrics import Metric
from argo.domain.profile import Profile
from argo.domain.reasons import DenialReason
from argo.domain.signal import Ending
from argo.records import check_conservation
from console.dry_run import SYMBOL, dry_run, send_through
from execution import gate
from execution.batch import execute_batch
from simulation.ports.event_source import EventSourceMapping
from tests.pipeline.deployed_world import DeployedWorld, a_broker
from tests.pipeline.pipeline import EXECUTORS, PROFILES
from tests.unit.builders import a_signal

SOON = timedelta(seconds=30)
ANYTHING_GOES = Profile(minimum_confidence=0, base_size_percent=10, size_cap_percent=15)


async def through(pipeline, *, serving=EXECUTORS, patience=SOON, counts=None):
    """Send a dry run while executors of some accounts take what is in their queues; ``counts`` takes theirs."""
    pipeline.clock.set(SystemClock().now())
    done = asyncio.Event()

    async def serve(name):
        wiring = pipeline.executor(name)

        async def function(event):
            return await execute_batch(event, wiring, seconds_left=lambda: 30.0)

        consumer = pipeline._adapters[name].queue_at(pipeline.resources.queues[name])
        mapping = EventSourceMapping(consumer, function, on_error=print)
        while not done.is_set():
            await mapping.poll()
            await asyncio.sleep(0.05)
        if counts is not None:
            counts[name] = wiring.ports.telemetry.counts

    servers = [asyncio.create_task(serve(name)) for name in serving]
    queues = {name: pipeline._adapters[name].queue for name in EXECUTORS}
    sent = await send_through(pipeline.ledger, queues, SystemClock(), patience=patience)
    done.set()
    await asyncio.gather(*servers)
    return sent


def test_every_account_denies_it_and_nothing_reaches_the_broker(pipeline):
    signal, verdicts = asyncio.run(through(pipeline))

    assert [(verdict.executor, verdict.passed) for verdict in verdicts] == [("argo", True), ("prop_firm", True)]
    assert {verdict.execution.reason for verdict in verdicts} == {DenialReason.CONFIDENCE_BELOW_MINIMUM}
    assert pipeline.server.requests.total() == 0
    assert pipeline.execution(signal, "argo").order_id is None


def test_an_account_that_takes_everything_denies_it_all_the_same(pipeline):
    for name in EXECUTORS:
        pipeline.profiles[name] = ANYTHING_GOES

    _, verdicts = asyncio.run(through(pipeline))

    assert {verdict.execution.reason for verdict in verdicts} == {DenialReason.CRYPTO_SHORT}
    assert pipeline.server.requests.total() == 0


@pytest.mark.parametrize("profile", [*PROFILES.values(), ANYTHING_GOES])
def test_the_gate_denies_it_before_it_knows_of_any_account(profile):
    assert gate.first_denial(gate.SIGNAL_CHECKS, dry_run(SystemClock().now()), profile) is not None


def test_an_account_that_nobody_serves_fails_and_the_others_do_not(pipeline):
    _, (argo, prop_firm) = asyncio.run(through(pipeline, serving=["argo"], patience=timedelta(seconds=3)))

    assert (argo.passed, prop_firm.passed, prop_firm.execution) == (True, False, None)
    assert str(prop_firm).startswith("prop_firm: no executor took it in 3")


def test_alone_it_is_a_denied_signal_and_no_rate_at_all(pipeline):
    asyncio.run(through(pipeline))

    found = asyncio.run(check_conservation(pipeline.ledger, "argo", now=SystemClock().now()))

    assert (found.total.signals, found.total.denied, found.total.gap) == (1, 1, 0)
    assert (found.total.eligible, found.total.execution_rate, found.total.is_silent) == (0, None, False)
    assert not found.unresolved


def test_beside_an_order_the_execution_rate_stays_what_it_was(pipeline):
    pipeline.set_time(SystemClock().now())
    now = pipeline.clock.now()
    pipeline.execute(a_signal(confidence=90, bar_time=now, created_at=now, expires_at=now + timedelta(minutes=5)))

    asyncio.run(through(pipeline))

    total = asyncio.run(check_conservation(pipeline.ledger, "argo", now=SystemClock().now())).total
    assert (total.signals, total.with_order, total.denied, total.gap) == (2, 1, 1, 0)
    assert total.execution_rate == 1


def test_to_the_alarm_that_compares_counts_it_is_nothing_received(pipeline):
    counts = {}

    asyncio.run(through(pipeline, counts=counts))

    for of_account in counts.values():
        assert of_account[Metric.SIGNALS_RECEIVED] - of_account[Metric.SIGNALS_DENIED] == 0
        assert of_account[Metric.SIGNALS_RECEIVED] == 1


def test_nobody_waits_for_its_bars_and_no_source_is_judged_by_it(pipeline):
    signal, _ = asyncio.run(through(pipeline))

    stored = asyncio.run(pipeline.ledger.signal(signal.signal_id))
    assert (stored.outcome.ending, stored.signal.votes) == (Ending.UNSEEN, ())
    assert asyncio.run(pipeline.ledger.unjudged(limit=10)) == []


def test_it_is_denied_however_late_it_is_delivered(pipeline):
    signal = dry_run(SystemClock().now() - timedelta(hours=23))
    pipeline.clock.set(SystemClock().now())

    pipeline.publish(signal)
    pipeline.poll()

    assert pipeline.execution(signal).state is ExecutionState.DENIED


def test_two_dry_runs_are_two_signals_of_a_coin_that_does_not_exist():
    now = SystemClock().now()
    first, second = dry_run(now), dry_run(now + timedelta(microseconds=1))

    assert first.signal_id != second.signal_id
    assert (first.symbol, first.confidence) == (SYMBOL, Decimal(0))


def test_of_a_stack_that_takes_no_messages_the_command_says_what_to_look_at(aws):
    with a_broker() as background:
        world = DeployedWorld(aws, background)
        for source in ("ExecuteArgoSource", "ExecutePropFirmSource"):
            aws.client("lambda").update_event_source_mapping(UUID=world.physical(source), Enabled=False)

        result = world.invoke("smoke", "--stack", world.name, "--seconds", "1")

    assert result.exit_code == 1
    assert "FAILED  argo: no executor took it in 1 s" in result.stdout
    assert f"argo doctor --stack {world.name}" in result.stdout


def test_a_stack_that_is_not_there_is_named(aws):
    with a_broker() as background:
        result = DeployedWorld(aws, background).invoke("smoke", "--stack", "argo-nowhere")

    assert result.exit_code == 2
    assert "argo doctor --stack argo-nowhere" in result.output
