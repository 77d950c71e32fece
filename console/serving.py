"""What `argo serve` does with what is served: samples in the ledger, addresses in a file, a command beside it."""

import json
import os
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from argo.adapters.clock import SystemClock
from argo.adapters.wiring import Adapters
from argo.domain.signal import Signal
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


def tell(running: Served, tape: BarHistory, *, env_vars: Path, state: Path) -> None:
    """Print where everything is."""
    messages = Console(stderr=True)
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


async def publish_samples(running: Served) -> None:
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
