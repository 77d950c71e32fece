"""The built functions in Lambda containers, against embedded AWS and a simulated broker on this machine."""

import subprocess

import pytest

from tests.sam.containers import ROOT, Containers, tool
from worlds.containers import served, traded_market
from worlds.paths import DOCKER

BUILT = ROOT / ".aws-sam/build/template.yaml"
TOOLS = ("docker", "make", "uv", "sam")


@pytest.fixture(scope="session", autouse=True)
def tools():
    if missing := [name for name in TOOLS if tool(name) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}; `make sam-test` brings all but docker and make")
    answer = subprocess.run(["docker", "info"], capture_output=True, text=True, check=False)  # noqa: S607
    if answer.returncode:
        pytest.skip(f"Docker does not answer: {answer.stderr.strip()}")


@pytest.fixture(scope="session")
def built():
    """Everything as `make build` left it: two builds at once would be in each other's way."""
    assert BUILT.exists(), "nothing is built: make build"


@pytest.fixture(scope="module")
def containers(built, tmp_path_factory):  # noqa: ARG001 - built before they run
    """Functions in containers and what they talk to; every module begins with an empty ledger and new accounts."""
    history, configuration, config_path = traded_market()
    with served(history, configuration, config_path=config_path, host=DOCKER) as running:
        yield Containers(running, configuration, tmp_path_factory.mktemp("sam"))
