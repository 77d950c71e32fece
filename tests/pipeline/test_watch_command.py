"""`argo watch` as it is called: what can be watched, and how it ends."""

import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import sys
import termios
from time import monotonic

import pytest
from typer.testing import CliRunner

from console.main import app
from simulation.broker.server import BackgroundServer
from tests.pipeline.pipeline import Pipeline, a_broker
from tests.pipeline.trades import fresh
from worlds.containers import served, traded_market
from worlds.embedded_aws import embedded_aws
from worlds.paths import TEMPLATE

_COMMAND = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); from console.main import main; main()"


def test_what_argo_serve_serves_can_be_watched(tmp_path):
    history, configuration, path = traded_market()
    with served(history, configuration, config_path=path, host="127.0.0.1") as running:
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
        pipeline.hold(fresh(pipeline))
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


def read_until(terminal, words, seconds=300.0):
    """Return what is written to a terminal until some words come."""
    seen, give_up = b"", monotonic() + seconds
    while words not in seen:
        assert monotonic() < give_up, seen
        if select.select([terminal], [], [], 0.2)[0]:
            seen += os.read(terminal, 65_536)
    return seen
