"""`argo serve`: embedded AWS and a simulated broker that functions in containers can talk to."""

import asyncio
import json
import os
import shlex
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from console.failing import REFUSED, failing, until_interrupted
from worlds.paths import DOCKER, LOOPBACK, PROJECT, SAMPLE_TO

if TYPE_CHECKING:
    from worlds.containers import Served


@failing(ValueError, OSError, emulator=REFUSED)
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
    state: Annotated[Path, typer.Option(help="Directory for the ledger, begun anew.")] = Path(".argo/served"),
    env_vars: Annotated[Path, typer.Option(help="File to write for `sam local invoke --env-vars`.")] = Path(
        ".argo/sam-env.json"
    ),
    command: Annotated[
        list[str] | None,
        typer.Argument(help="After `--`: serve while this command runs, pointed here; exit with its code."),
    ] = None,
) -> None:
    """Serve AWS and a broker on this machine, for `sam local invoke`, until Ctrl-C.

    The bars are moved in time so that the last has just closed; prices stand still at its close, the market is
    always open. The ledger stays in --state, for `argo signals`; the broker's orders end with it.
    """
    from console.ownership import owned_directory, owned_variables
    from console.runs import RunRecord
    from worlds.containers import sam_command, served, traded_market

    record = RunRecord(state)
    history, local, in_container = traded_market(bars, end.date() if end else None)
    with ExitStack() as kept:
        kept.enter_context(until_interrupted())
        kept.enter_context(owned_directory(state, "--state"))
        record.clear()  # The broker begins anew, so does the ledger.
        running = kept.enter_context(served(history, local, config_path=in_container, host=host, state=record.aws))
        kept.enter_context(owned_variables(env_vars, "--env-vars", running.env_vars))
        asyncio.run(_publish_samples(running))
        sam = sam_command("ExecuteArgoFunction", Path("events/execute-batch.json"), env_vars)
        symbols = ", ".join(history.symbols)
        lines = (
            f"AWS           {running.aws.url}  table {running.resources.table}",
            f"broker        {running.broker.url}  {history.timeframe.name} bars to {history.ends:%F} of {symbols}",
            f"variables     {env_vars}",
            f"after a sam build:\n  {shlex.join(sam)}",
            f"when it has stopped:\n  argo signals --state {state}",
        )
        typer.echo("\n".join(lines), err=True)
        if command:
            raise typer.Exit(_run(command, running))
        Event().wait()


def _run(command: Sequence[str], running: "Served") -> int:
    """Run the user's command with AWS's variables pointing here, and return its exit code."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    broker = {"APCA_API_BASE_URL": running.broker.url, "APCA_API_DATA_URL": running.broker.url}
    environment = inherited | running.aws.environment | broker
    return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603


async def _publish_samples(running: "Served") -> None:
    """Store the signals of the sample events, as the generator has before a message is in a queue."""
    from argo.adapters.clock import SystemClock
    from argo.adapters.wiring import Adapters
    from argo.environment import Environment
    from execution.message import Malformed, read_signal

    table = running.resources.table
    variables = {**running.aws.environment, "ARGO_TABLE_NAME": table, "ARGO_MODE": "simulated"}
    ledger = Adapters(Environment(variables), SystemClock()).ledger
    for event in sorted((PROJECT / "events").glob("execute-*.json")):
        for record in json.loads(event.read_text(encoding="utf-8"))["Records"]:
            signal = read_signal(record["body"])
            if not isinstance(signal, Malformed):
                await ledger.put_signal(signal, executors={"argo"})
                await ledger.mark_published(signal.signal_id, {"argo"})
