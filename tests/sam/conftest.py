"""The built functions in Lambda containers, against embedded AWS and a simulated broker on this machine."""

import shutil
import subprocess

import pytest

from console.serve import DOCKER, sample, served
from tests.sam.containers import Containers, architecture_parameter, sam

REASON = "needs Docker, make, and uv and sam (dependency group sam): make sam-test"


def pytest_configure(config):
    config.addinivalue_line("markers", "sam: runs the built functions in Lambda containers")


@pytest.fixture(scope="session", autouse=True)
def tools():
    missing = [name for name in ("docker", "make") if shutil.which(name) is None]
    if not missing and subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:  # noqa: S607
        missing = ["an answer from Docker"]
    try:
        sam("--version")
    except FileNotFoundError:
        missing.append("sam")
    if missing:
        pytest.skip(f"no {', '.join(missing)}: {REASON}")


@pytest.fixture(scope="session")
def built(tools):
    """Build everything as `sam build` does, for this machine's architecture; its standard error."""
    return sam("build", *architecture_parameter()).stderr


@pytest.fixture(scope="module")
def containers(built, tmp_path_factory):
    """Functions in containers and what they talk to; every module begins with an empty ledger and new accounts."""
    tape, configuration, config_path = sample()
    with served(tape, configuration, config_path=config_path, host=DOCKER) as running:
        yield Containers(running, tmp_path_factory.mktemp("sam"))
