"""How long a new Lambda environment takes to import and wire the built executor."""

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.results import Result, compared
from worlds.containers import ARCHITECTURE
from worlds.paths import CONFIGURATION, PROJECT

BOUND = 0.5
PAIRS = 7
_PACKAGES = ("alpaca-py", "aws-lambda-powertools", "boto3", "pydantic")

_TIMED = """
from time import perf_counter
started = perf_counter()
{code}
print(perf_counter() - started)
"""

_EXECUTOR = """
from execution import handler
handler._wiring()
"""

_AS_DOCUMENTED = """
import boto3
import pydantic
from alpaca.data.historical import StockHistoricalDataClient
from alpaca.trading.client import TradingClient
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.batch import AsyncBatchProcessor, EventType
TradingClient("key", "secret", paper=True)
StockHistoricalDataClient("key", "secret")
boto3.client("dynamodb")
boto3.client("sqs")
Logger()
Metrics()
AsyncBatchProcessor(EventType.SQS)
"""

_ENVIRONMENT = {
    "PATH": os.defpath,
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "POWERTOOLS_METRICS_NAMESPACE": "Argo",
    "POWERTOOLS_SERVICE_NAME": "execute",
    "ARGO_TABLE_NAME": "ledger",
    "ARGO_MODE": "paper",
    "ARGO_EXECUTOR": "argo",
    "ARGO_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/000000000000/argo",
    "ARGO_DLQ_URL": "https://sqs.us-east-1.amazonaws.com/000000000000/argo-dlq",
    "ARGO_CREDENTIALS_PARAMETER": "/argo/alpaca",
    "APCA_API_BASE_URL": "https://paper-api.alpaca.markets",
    "APCA_API_DATA_URL": "https://data.alpaca.markets",
}


def run() -> list[Result]:
    """Divide the start of the built executor, and of its source, by that of its packages as documented."""
    with TemporaryDirectory(prefix="argo-cold-") as scratch:
        there = Path(scratch)
        layer, function = _build("CommonLayer", there), _build("ExecuteArgoFunction", there)
        lambda_python = _environment(there / "lambda", ["boto3"])
        documented_python = _environment(there / "documented", [*_PACKAGES, "pandas"])
        built = {"PYTHONPATH": f"{layer}/python{os.pathsep}{function}", "ARGO_CONFIG": f"{layer}/argo.toml"}
        source = {"ARGO_CONFIG": str(CONFIGURATION)}
        of_built = partial(_seconds, lambda_python, _EXECUTOR, built)
        of_source = partial(_seconds, Path(sys.executable), _EXECUTOR, source)
        as_documented = partial(_seconds, documented_python, _AS_DOCUMENTED, {})
        for start in (of_built, of_source, as_documented):
            start()  # The first run of each reads its files from disk and writes byte code.
        what = "time, import and wire the {} / its packages as documented"
        return [
            compared("cold", what.format("built executor"), of_built, as_documented, pairs=PAIRS, bound=BOUND),
            compared("cold, source", what.format("executor's source"), of_source, as_documented, pairs=PAIRS),
        ]


def _seconds(python: Path, code: str, variables: Mapping[str, str]) -> float:
    """Time the code inside a new interpreter, whose own start is not counted."""
    timed = [str(python), "-c", _TIMED.format(code=code)]
    return float(output("python", timed, env=_ENVIRONMENT | dict(variables)))


def _build(logical_id: str, there: Path) -> Path:
    """Build what `sam build` would zip."""
    directory = there / logical_id
    directory.mkdir()
    makefile = f"--makefile={PROJECT}/layers/common/{ARCHITECTURE}/Makefile"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", makefile, f"build-{logical_id}", f"ARTIFACTS_DIR={directory}"]
    output("make", command, env=inherited | {"UV": uv()}, cwd=directory)
    return directory


def _environment(directory: Path, packages: Sequence[str]) -> Path:
    """Make an environment of the locked versions, compiled, and return its interpreter."""
    version = (PROJECT / ".python-version").read_text(encoding="utf-8").strip()
    python = directory / "bin" / "python"
    constraints = directory.with_suffix(".txt")
    lock = tomllib.loads((PROJECT / "uv.lock").read_text(encoding="utf-8"))
    locked = (f"{each['name']}=={each['version']}\n" for each in lock["package"] if "registry" in each["source"])
    constraints.write_text("".join(locked), encoding="utf-8")
    output("uv", [uv(), "venv", "--quiet", "--python", version, str(directory)], cwd=PROJECT)
    install = [uv(), "pip", "install", "--quiet", "--no-config", "--compile-bytecode", "--python", str(python)]
    # Outside the project, whose settings leave pandas out.
    output("uv", [*install, "--constraints", str(constraints), *packages], cwd=directory)
    return python


def uv() -> str:
    """Return uv's command: what make found, or what is on the path."""
    return os.environ.get("UV") or shutil.which("uv") or str(PROJECT / ".tools" / "bin" / "uv")


def output(
    name: str, command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | str | None = None
) -> str:
    """Run a command and return what it printed.

    Raises:
        RuntimeError: it failed; says so by ``name``, with its last words.
    """
    done = subprocess.run(command, env=env, cwd=cwd, check=False, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        raise RuntimeError(f"{name} failed:\n{done.stderr[-2_000:]}")
    return done.stdout
