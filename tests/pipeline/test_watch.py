"""What `argo watch` reads of a ledger that the handlers wrote, and what it costs."""

import asyncio
import io
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta

import pytest
from rich.console import Console

from argo.adapters.clock import SystemClock
from argo.adapters.wiring import Adapters
from argo.domain.conservation import sums
from argo.domain.metrics import Metric
from argo.environment import Environment, load_configuration
from argo.records import of_days
from console.deployment import Deployment
from console.watch.probes import Probes
from console.watch.reading import Reader
from console.watch.view import View
from simulation.ports.clock import SteppedClock
from tests.pipeline.pipeline import DAY, EXECUTORS, MINUTE, SYMBOLS
from tests.pipeline.trades import fresh
from worlds.embedded_aws import EmbeddedAws, embedded_aws
from worlds.paths import CONFIGURATION

READS = {"Query", "GetItem", "GetQueueAttributes", "GetMetricData"}
LOOK_UPS = 25


def deployment_of(pipeline, aws=None):
    variables = pipeline.variables("argo") | (aws.environment if aws else {})
    return Deployment(pipeline.resources, Adapters(Environment(variables), pipeline.clock), None)


def reader_of(pipeline, aws=None):
    deployment = deployment_of(pipeline, aws)
    probes = Probes(deployment, pipeline.clock, has_metrics=False)
    return Reader(deployment, load_configuration(CONFIGURATION), pipeline.clock, probes)


def read(reader):
    return asyncio.run(reader.read())


def printed(frame, width=140):
    screen = Console(file=io.StringIO(), width=width)
    screen.print(frame)
    return screen.file.getvalue()


@contextmanager
def counted(pipeline):
    """Count the requests to DynamoDB by operation while the block runs."""
    client = pipeline.ledger._table._client
    seen = Counter()

    def count(model, **_):
        seen[model.name] += 1

    client.meta.events.register("before-call.dynamodb", count)
    try:
        yield seen
    finally:
        client.meta.events.unregister("before-call.dynamodb", count)


@pytest.mark.parametrize("width", [80, 140])
def test_a_frame_shows_what_the_handlers_left_in_the_ledger(pipeline, width):
    held, denied, waits = (
        fresh(pipeline),
        fresh(pipeline, symbol="MSFT", confidence=60),
        fresh(pipeline, symbol="IBM"),
    )
    pipeline.hold(held)
    pipeline.execute(denied)
    pipeline.store(waits, to="prop_firm")
    pipeline.dead_letter("poison")
    pipeline.pass_time(30 * timedelta(seconds=1))
    view = View("test", pipeline.clock)

    asyncio.run(view.refresh(reader_of(pipeline)))

    text = printed(view, width)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    funnels = {80: "argo 2 1 1 1 0 0 0 1", 140: "argo 2 1 1 1 0 0 0 0 0 1"}
    assert funnels[width] in lines
    assert "prop_firm IBM buy 30 s - not_received" in "\n".join(lines)
    cells = "".join(text.split())
    assert "take_profitnew,stop_lossnew" in cells
    assert "FILLED" in text
    assert pipeline.execution(held).order_id[:8] in text
    assert "1,000,000.00" in cells
    if width == 140:
        assert "DENIED confidence_below_minimum" in text


def test_later_readings_are_what_a_first_reading_would_be(pipeline):
    reader = reader_of(pipeline)
    day = []

    def compare():
        kept, fresh = read(reader), read(reader_of(pipeline))
        assert kept == fresh
        rows = asyncio.run(of_days(pipeline.ledger, EXECUTORS, [DAY]))
        assert [account.status.summed for account in kept.accounts] == sums(rows, EXECUTORS)
        day.append(kept)

    compare()
    first = fresh(pipeline)
    pipeline.hold(first)
    compare()
    slow = fresh(pipeline, symbol="MSFT", expires_at=pipeline.clock.now() + timedelta(hours=3))
    pipeline.publish(slow)
    compare()
    pipeline.pass_time(20 * MINUTE)
    compare()
    pipeline.poll()
    compare()
    pipeline.set_price("AAPL", first.target_price + 1)
    pipeline.reconcile()
    compare()
    pipeline.pass_time(20 * MINUTE)
    pipeline.publish(fresh(pipeline, symbol="IBM"), to="prop_firm")
    compare()

    assert len(day[-1].records) == 3
    assert len({str(reading.records) for reading in day}) == len(day) - 1, "time passed once without a change"


def test_at_midnight_a_new_day_begins_and_what_waits_stays_in_sight(pipeline):
    pipeline.set_time(pipeline.clock.now().replace(hour=23, minute=58))
    reader = reader_of(pipeline)
    waits = fresh(pipeline, symbol="MSFT")
    pipeline.store(waits)
    before = read(reader)

    pipeline.pass_time(4 * MINUTE)
    pipeline.store(fresh(pipeline))
    after = read(reader)

    assert [len(reading.records) for reading in (before, after)] == [1, 1]
    assert after.records[0].subject.symbol == "AAPL"
    assert after.accounts[0].unresolved[0].signal_id == waits.signal_id
    assert after == read(reader_of(pipeline))


def test_a_quiet_reading_costs_four_requests_per_account_and_one(pipeline):
    reader = reader_of(pipeline)
    for symbol in SYMBOLS[:4]:
        pipeline.hold(fresh(pipeline, symbol=symbol))
    read(reader)
    pipeline.pass_time(30 * MINUTE)
    read(reader)

    with counted(pipeline) as requests:
        read(reader)

    assert requests == {"Query": 3 * len(EXECUTORS) + 1}


def test_a_thousand_signals_that_nobody_takes_cost_no_more_than_a_few_of_them(pipeline):
    """Each has its turn: the last of them is looked up as well."""
    reader = reader_of(pipeline)
    now = pipeline.clock.now()
    waiting = [fresh(pipeline, bar_time=now - number * MINUTE) for number in range(3 * LOOK_UPS)]
    pipeline.store(*waiting)
    read(reader)
    pipeline.pass_time(timedelta(hours=1))
    seen = []
    pipeline.ledger._table._client.meta.events.register("before-call.dynamodb.GetItem", _note_keys(seen))

    with counted(pipeline) as requests:
        for _ in range(3):
            read(reader)

    assert requests["GetItem"] == 3 * LOOK_UPS
    assert len(set(seen)) == 3 * LOOK_UPS


def _note_keys(seen):
    def note(params, **_):
        seen.append(params["body"] if isinstance(params["body"], str) else params["body"].decode())

    return note


def test_a_watch_only_reads(pipeline):
    pipeline.hold(fresh(pipeline))
    pipeline.store(fresh(pipeline, symbol="MSFT"))
    reader = reader_of(pipeline)

    with counted(pipeline) as requests:
        read(reader)
        pipeline.pass_time(30 * MINUTE)
        read(reader)

    assert set(requests) <= READS
    assert requests["GetItem"] == 1


def test_a_reading_that_fails_leaves_the_last_one_in_sight(pipeline):
    view = View("test", pipeline.clock)
    pipeline.hold(fresh(pipeline))
    asyncio.run(view.refresh(reader_of(pipeline)))
    pipeline.pass_time(timedelta(seconds=15))

    asyncio.run(view.refresh(reader_of(pipeline, EmbeddedAws("http://127.0.0.1:9"))))

    text = printed(view)
    assert "last read 15 s ago: Could not connect" in text
    assert "FILLED" in text
    asyncio.run(view.refresh(reader_of(pipeline)))
    assert "last read" not in printed(view)


@pytest.fixture
def own_aws():
    """An emulator whose metrics no other test has written: they are an account's, not a table's."""
    with embedded_aws() as running:
        yield running


def test_the_generators_heartbeat_is_its_last_minute_with_a_cycle(pipeline, own_aws):
    now = SystemClock().now().replace(second=30, microsecond=0)  # The emulator keeps no metric of another year.
    probes = Probes(deployment_of(pipeline, own_aws), SteppedClock(now), has_metrics=True)
    dimensions = [{"Name": "service", "Value": "generate"}, {"Name": "mode", "Value": "paper"}]
    for minutes_ago, cycles in ((9, 12), (7, 11), (2, 0)):
        measured = {
            "MetricName": str(Metric.GENERATION_CYCLES),
            "Dimensions": dimensions,
            "Timestamp": now - minutes_ago * MINUTE,
            "Value": cycles,
        }
        own_aws.client("cloudwatch").put_metric_data(Namespace="Argo", MetricData=[measured])

    heartbeat = asyncio.run(probes.last_cycle())

    assert heartbeat == now.replace(second=0) - 6 * MINUTE


def test_metrics_that_cannot_be_read_are_no_reason_not_to_watch(pipeline):
    probes = Probes(deployment_of(pipeline, EmbeddedAws("http://127.0.0.1:9")), pipeline.clock, has_metrics=True)

    heartbeat = asyncio.run(probes.last_cycle())

    assert heartbeat.startswith("not readable: Could not connect")
