"""How long a new Lambda environment takes to import and wire the built executor."""

import os
import platform
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.results import Result, alternating

ROOT = Path(__file__).resolve().parents[1]
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
        locked = _locked_versions()
        lambda_python = _environment(there / "lambda", ["boto3"], locked)
        documented_python = _environment(there / "documented", [*_PACKAGES, "pandas"], locked)

        built = partial(
            _seconds,
            lambda_python,
            _EXECUTOR,
            {"PYTHONPATH": f"{layer / 'python'}{os.pathsep}{function}", "ARGO_CONFIG": str(layer / "argo.toml")},
        )
        source = partial(_seconds, Path(sys.executable), _EXECUTOR, {"ARGO_CONFIG": str(ROOT / "argo.toml")})
        documented = partial(_seconds, documented_python, _AS_DOCUMENTED, {})
        return [
            _compared("cold", "import and wire the built executor", built, documented, bound=BOUND),
            _compared("cold, source", "import and wire the executor's source", source, documented),
        ]


def _compared(
    name: str,
    what: str,
    start: Callable[[], float],
    documented: Callable[[], float],
    *,
    bound: float | None = None,
) -> Result:
    """Compare warm with warm: the first run of each reads its files from disk and writes byte code."""
    start(), documented()
    ratio = alternating(start, documented, pairs=PAIRS)
    return Result(name, ratio.median, f"time, {what} / its packages as documented", bound, samples=ratio.samples)


def _seconds(python: Path, code: str, variables: Mapping[str, str]) -> float:
    """Time the code inside a new interpreter, whose own start is not counted."""
    command = [str(python), "-c", _TIMED.format(code=code)]
    return float(_output(command, env=_ENVIRONMENT | dict(variables)))


def _build(logical_id: str, there: Path) -> Path:
    """Build what `sam build` would zip."""
    architecture = "arm64" if platform.machine() in {"aarch64", "arm64"} else "x86_64"
    directory = there / logical_id
    directory.mkdir()
    makefile = f"--makefile={ROOT}/layers/common/{architecture}/Makefile"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    _output(
        ["make", makefile, f"build-{logical_id}", f"ARTIFACTS_DIR={directory}"],
        env=inherited | {"UV": uv()},
        cwd=directory,
    )
    return directory


def _environment(directory: Path, packages: list[str], locked: Mapping[str, str]) -> Path:
    """Make an environment of the locked versions, compiled, and return its interpreter."""
    version = (ROOT / ".python-version").read_text(encoding="utf-8").strip()
    python = directory / "bin" / "python"
    constraints = directory.with_suffix(".txt")
    constraints.write_text("".join(f"{name}=={version}\n" for name, version in locked.items()), encoding="utf-8")
    _output([uv(), "venv", "--quiet", "--python", version, str(directory)], cwd=ROOT)
    install = [uv(), "pip", "install", "--quiet", "--no-config", "--compile-bytecode", "--python", str(python)]
    # Outside the project, whose settings leave pandas out.
    _output([*install, "--constraints", str(constraints), *packages], cwd=directory)
    return python


def _locked_versions() -> dict[str, str]:
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    return {package["name"]: package["version"] for package in lock["package"] if "registry" in package["source"]}


def uv() -> str:
    """Return uv's command: what make found, or what is on the path."""
    return os.environ.get("UV") or shutil.which("uv") or str(ROOT / ".tools" / "bin" / "uv")


def _output(command: list[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> str:
    done = subprocess.run(command, env=env, cwd=cwd, check=False, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stderr[-2_000:]}")
    return done.stdout
