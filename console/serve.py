"""`argo serve`: embedded AWS and a simulated broker that functions in containers can talk to."""

import asyncio
import json
import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Annotated

import typer
from rich.console import Console

from argo.adapters.clock import SystemClock
from argo.adapters.wiring import Adapters
from argo.domain.signal import Signal
from argo.domain.tables import ConfigurationError
from argo.environment import Environment
from console.runs import RunRecord
from execution.message import Malformed, read_signal
from simulation.market.bar_history import BarHistory
from simulation.market.bars import BarsFileError
from worlds.containers import SAMPLE_TO, Served, chosen, served
from worlds.docker import DOCKER, LOOPBACK, sam_command
from worlds.embedded_aws import EmbeddedAwsError
from worlds.paths import PROJECT

SERVED = Path(".argo") / "served"
ENV_VARS = Path(".argo") / "sam-env.json"

_WRONG_INPUT = 2


def serve(
    bars: Annotated[
        Path | None, typer.Option(help="OHLCV file that fits argo.toml; default: the sample's daily bars.")
    ] = None,
    end: Annotated[
        datetime | None,
        typer.Option(
            "--to", formats=["%Y-%m-%d"], help=f"Last exchange date; default of the sample: {SAMPLE_TO}."
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(help=f"Loopback or private address to listen on; `{DOCKER}`: where containers reach it.")
    ] = LOOPBACK,
    state: Annotated[Path, typer.Option(help="Directory for the ledger, begun anew.")] = SERVED,
    env_vars: Annotated[Path, typer.Option(help="File to write for `sam local invoke --env-vars`.")] = ENV_VARS,
    command: Annotated[
        list[str] | None,
        typer.Argument(help="After `--`: serve while this command runs, pointed here; exit with its code."),
    ] = None,
) -> None:
    """Serve AWS and a broker on this machine, for `sam local invoke`, until Ctrl-C.

    The bars are moved in time so that the last has just closed; prices stand still at its close, the market is
    always open. The ledger stays in --state, for `argo signals`; the broker's orders end with it.
    """
    messages = Console(stderr=True)
    for each in (signal.SIGINT, signal.SIGTERM):  # A shell's background job ignores the first unless told.
        signal.signal(each, signal.default_int_handler)
    record = RunRecord(state)
    code = 0
    try:
        tape, local, in_container = chosen(bars, end.date() if end else None)
        shutil.rmtree(record.aws, ignore_errors=True)  # The broker begins anew, so does the ledger.
        with (
            suppress(KeyboardInterrupt),
            served(tape, local, config_path=in_container, host=host, state=record.aws) as running,
            _written(env_vars, running.env_vars),
        ):
            asyncio.run(_publish_samples(running))
            _tell(running, tape, messages, env_vars=env_vars, state=state)
            if command:
                code = _run(command, running)
            else:
                Event().wait()
    except (BarsFileError, ConfigurationError, ValueError, OSError) as error:
        messages.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(_WRONG_INPUT) from error
    except EmbeddedAwsError as error:
        messages.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from error
    raise typer.Exit(code)


def _run(command: Sequence[str], running: Served) -> int:
    """Run the user's command with AWS's variables pointing here, and return its exit code."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    broker = {"APCA_API_BASE_URL": running.broker.url, "APCA_API_DATA_URL": running.broker.url}
    environment = inherited | running.aws.environment | broker
    return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603


@contextmanager
def _written(path: Path, env_vars: Mapping[str, Mapping[str, str]]) -> Iterator[None]:
    """Keep the file while the addresses in it answer, and no longer."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(env_vars, indent=2) + "\n", encoding="utf-8")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _tell(running: Served, tape: BarHistory, messages: Console, *, env_vars: Path, state: Path) -> None:
    sam = sam_command("ExecuteArgoFunction", Path("events/execute-batch.json"), env_vars)
    symbols = ", ".join(tape.symbols)
    for line in (
        f"AWS           {running.aws.url}  table {running.resources.table}",
        f"broker        {running.broker.url}  {tape.timeframe.name} bars to {tape.ends:%Y-%m-%d} of {symbols}",
        f"variables     {env_vars}",
        f"after a sam build:\n  {shlex.join(sam)}",
        f"when it has stopped:\n  argo signals --state {state}",
    ):
        messages.print(line, highlight=False, markup=False, soft_wrap=True)


async def _publish_samples(running: Served) -> None:
    """Store the signals of the sample events, as the generator has before a message is in a queue."""
    resources = running.resources
    variables = {**running.aws.environment, "ARGO_TABLE_NAME": resources.table, "ARGO_MODE": "simulated"}
    ledger = Adapters(Environment(variables), SystemClock()).ledger
    for event in sorted((PROJECT / "events").glob("execute-*.json")):
        for found in _signals_in(event):
            await ledger.put_signal(found, executors={"argo"})
            await ledger.mark_published(found.signal_id, {"argo"})


def _signals_in(event: Path) -> list[Signal]:
    records = json.loads(event.read_text(encoding="utf-8"))["Records"]
    bodies = {record["body"]: read_signal(record["body"]) for record in records}
    return [found for found in bodies.values() if not isinstance(found, Malformed)]
