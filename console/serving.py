"""What `argo serve` does with what is served: samples in the ledger, addresses in a file, a command beside it."""

import json
import os
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer

from argo.adapters.clock import SystemClock
from argo.adapters.wiring import Adapters
from argo.environment import Environment
from execution.message import Malformed, read_signal
from simulation.market.bar_history import BarHistory
from worlds.containers import Served, sam_command
from worlds.paths import PROJECT


def run(command: Sequence[str], running: Served) -> int:
    """Run the user's command with AWS's variables pointing here, and return its exit code."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    broker = {"APCA_API_BASE_URL": running.broker.url, "APCA_API_DATA_URL": running.broker.url}
    environment = inherited | running.aws.environment | broker
    return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603


@contextmanager
def written(path: Path, env_vars: Mapping[str, Mapping[str, str]]) -> Iterator[None]:
    """Keep the file while the addresses in it answer, and no longer."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(env_vars, indent=2) + "\n", encoding="utf-8")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def tell(running: Served, history: BarHistory, *, env_vars: Path, state: Path) -> None:
    """Print where everything is."""
    sam = sam_command("ExecuteArgoFunction", Path("events/execute-batch.json"), env_vars)
    bars = f"{history.timeframe.name} bars to {history.ends:%Y-%m-%d} of {', '.join(history.symbols)}"
    lines = (
        f"AWS           {running.aws.url}  table {running.resources.table}",
        f"broker        {running.broker.url}  {bars}",
        f"variables     {env_vars}",
        f"after a sam build:\n  {shlex.join(sam)}",
        f"when it has stopped:\n  argo signals --state {state}",
    )
    typer.echo("\n".join(lines), err=True)


async def publish_samples(running: Served) -> None:
    """Store the signals of the sample events, as the generator has before a message is in a queue."""
    resources = running.resources
    variables = {**running.aws.environment, "ARGO_TABLE_NAME": resources.table, "ARGO_MODE": "simulated"}
    ledger = Adapters(Environment(variables), SystemClock()).ledger
    for event in sorted((PROJECT / "events").glob("execute-*.json")):
        for record in json.loads(event.read_text(encoding="utf-8"))["Records"]:
            signal = read_signal(record["body"])
            if not isinstance(signal, Malformed):
                await ledger.put_signal(signal, executors={"argo"})
                await ledger.mark_published(signal.signal_id, {"argo"})
