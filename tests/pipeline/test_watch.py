"""What `argo watch` reads of a ledger that the handlers wrote, what it costs, and how it ends."""

import asyncio
import fcntl
import io
import json
import os
import pty
import select
import struct
import subprocess
import sys
import termios
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic

import pytest
from rich.console import Console
from typer.testing import CliRunner

from argo.adapters.clock import SystemClock
from argo.adapters.wiring import Adapters
from argo.domain.conservation import sums
from argo.domain.metrics import Metric
from argo.environment import Environment, load_configuration
from argo.records import of_days
from console.deployment import Deployment
from console.main import app
from console.watch.command import View
from console.watch.probes import Probes
from console.watch.reading import Reader
from simulation.broker.server import BackgroundServer
from simulation.ports.clock import SteppedClock
from tests.pipeline.pipeline import EXECUTORS, MINUTE, SYMBOLS, Pipeline, a_broker
from tests.unit.builders import a_signal
from worlds.containers import sample, served
from worlds.embedded_aws import EmbeddedAws, embedded_aws
from worlds.paths import CONFIGURATION, TEMPLATE

DAY = "2026-03-02"
READS = {"Query", "GetItem", "GetQueueAttributes", "GetMetricData"}
LOOK_UPS = 25
_COMMAND = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); from console.main import main; main()"


def later(pipeline, **overrides):
    now = pipeline.clock.now()
    return a_signal(**{"bar_time": now - MINUTE, "created_at": now, "expires_at": now + 5 * MINUTE} | overrides)


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
        later(pipeline),
        later(pipeline, symbol="MSFT", confidence=60),
        later(pipeline, symbol="IBM"),
    )
    pipeline.hold(held)
    pipeline.execute(denied)
    pipeline.store(waits, to="prop_firm")
    pipeline.dead_letter("poison")
    pipeline.pass_time(30 * timedelta(seconds=1))
    view = View("test", pipeline.clock)

    asyncio.run(view.refresh(reader_of(pipeline)))

    text = printed(view.frame(), width)
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
    first = later(pipeline)
    pipeline.hold(first)
    compare()
    slow = later(pipeline, symbol="MSFT", expires_at=pipeline.clock.now() + timedelta(hours=3))
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
    pipeline.publish(later(pipeline, symbol="IBM"), to="prop_firm")
    compare()

    assert len(day[-1].records) == 3
    assert len({str(reading.records) for reading in day}) == len(day) - 1, "time passed once without a change"


def test_at_midnight_a_new_day_begins_and_what_waits_stays_in_sight(pipeline):
    pipeline.set_time(pipeline.clock.now().replace(hour=23, minute=58))
    reader = reader_of(pipeline)
    waits = later(pipeline, symbol="MSFT")
    pipeline.store(waits)
    before = read(reader)

    pipeline.pass_time(4 * MINUTE)
    pipeline.store(later(pipeline))
    after = read(reader)

    assert [len(reading.records) for reading in (before, after)] == [1, 1]
    assert after.records[0].subject.symbol == "AAPL"
    assert after.accounts[0].unresolved[0].signal_id == waits.signal_id
    assert after == read(reader_of(pipeline))


def test_a_quiet_reading_costs_four_requests_per_account_and_one(pipeline):
    reader = reader_of(pipeline)
    for symbol in SYMBOLS[:4]:
        pipeline.hold(later(pipeline, symbol=symbol))
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
    waiting = [later(pipeline, bar_time=now - number * MINUTE) for number in range(3 * LOOK_UPS)]
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
    pipeline.hold(later(pipeline))
    pipeline.store(later(pipeline, symbol="MSFT"))
    reader = reader_of(pipeline)

    with counted(pipeline) as requests:
        read(reader)
        pipeline.pass_time(30 * MINUTE)
        read(reader)

    assert set(requests) <= READS
    assert requests["GetItem"] == 1


def test_a_reading_that_fails_leaves_the_last_one_in_sight(pipeline):
    view = View("test", pipeline.clock)
    pipeline.hold(later(pipeline))
    asyncio.run(view.refresh(reader_of(pipeline)))
    pipeline.pass_time(timedelta(seconds=15))

    asyncio.run(view.refresh(reader_of(pipeline, EmbeddedAws("http://127.0.0.1:9"))))

    text = printed(view.frame())
    assert "last read 15 s ago: Could not connect" in text
    assert "FILLED" in text
    asyncio.run(view.refresh(reader_of(pipeline)))
    assert "last read" not in printed(view.frame())


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

    assert heartbeat.at == now.replace(second=0) - 6 * MINUTE


def test_metrics_that_cannot_be_read_are_no_reason_not_to_watch(pipeline):
    probes = Probes(deployment_of(pipeline, EmbeddedAws("http://127.0.0.1:9")), pipeline.clock, has_metrics=True)

    heartbeat = asyncio.run(probes.last_cycle())

    assert heartbeat.at is None
    assert heartbeat.note.startswith("not readable: Could not connect")


def test_what_argo_serve_serves_can_be_watched(tmp_path):
    tape, configuration, path = sample()
    with served(tape, configuration, config_path=path, host="127.0.0.1") as running:
        variables = tmp_path / "env.json"
        variables.write_text(json.dumps(running.env_vars), encoding="utf-8")

        result = watch("--served", variables, "--once")

    assert result.exit_code == 0, result.output
    assert "Signals: 0 of 0" in result.stdout
    assert result.stdout.count("prop_firm") >= 3


def watch(*arguments):
    environment = {"COLUMNS": "500", "ARGO_STACK": None}
    return CliRunner().invoke(app, ["watch", *map(str, arguments)], env=environment)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A ledger with one position, kept in a directory."""
    state = tmp_path_factory.mktemp("watched")
    with embedded_aws(state / "aws") as aws, BackgroundServer(a_broker()) as background:
        pipeline = Pipeline(aws, aws.create_resources(TEMPLATE), background)
        pipeline.hold(later(pipeline))
    return state


def test_one_frame_of_a_run_that_is_over(kept):
    result = watch("--state", kept)

    assert result.exit_code == 0, result.output
    assert "over since 2026-03-02 15:01:05 UTC" in result.stdout
    assert "Signals of 2026-03-02 to 2026-03-02" in result.stdout
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize(
    ("option", "said"),
    [("--state", "no run is kept there"), ("--served", "not what a running `argo serve` has written")],
)
def test_without_anything_to_watch_it_says_so(tmp_path, option, said):
    result = watch(option, tmp_path / "nothing")

    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def test_ctrl_c_ends_the_watch_and_gives_the_terminal_back(kept):
    terminal, other_end = pty.openpty()
    fcntl.ioctl(other_end, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    before = termios.tcgetattr(other_end)
    environment = {name: value for name, value in os.environ.items() if name not in {"ARGO_STACK", "COLUMNS"}}
    process = subprocess.Popen(  # noqa: S603 - our own command, in a session whose terminal is the other end
        [sys.executable, "-c", _COMMAND, "watch", "--state", str(kept), "--every", "1"],
        stdin=other_end,
        stdout=other_end,
        stderr=other_end,
        env=environment | {"TERM": "xterm-256color"},
        start_new_session=True,
    )
    try:
        seen = read_until(terminal, b"newest first")
        os.write(terminal, b"\x03")
        seen += read_until(terminal, b"\x1b[?1049l")
        code = process.wait(20)
    finally:
        process.kill()
        process.wait()
    assert code == 0, seen
    assert seen.count(b"\x1b[?1049h") == seen.count(b"\x1b[?1049l") == 1
    assert seen.rindex(b"\x1b[?25h") > seen.rindex(b"\x1b[?25l")
    assert b"Traceback" not in seen
    assert termios.tcgetattr(other_end) == before
    os.close(terminal)
    os.close(other_end)


def read_until(terminal, words, seconds=30.0):
    """Return what is written to a terminal until some words come."""
    seen, give_up = b"", monotonic() + seconds
    while words not in seen:
        assert monotonic() < give_up, seen
        if select.select([terminal], [], [], 0.2)[0]:
            seen += os.read(terminal, 65_536)
    return seen
