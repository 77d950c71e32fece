import importlib.util
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from argo.adapters.aws.clients import SERVICES
from tests.deep import deeply, sampled
from worlds.paths import TEMPLATE

ROOT = Path(__file__).parents[2]
LIMIT = 25_000_000  # bytes, unzipped, byte code included
MACHINES = {"x86_64": 0x3E, "arm64": 0xB7}  # e_machine of ELF
UNCHECKED = 0b01  # PEP 552

HANDLERS = {
    "GenerateFunction": "generation.handler",
    "ExecuteArgoFunction": "execution.handler",
    "ReconcileArgoFunction": "reconciliation.handler",
    "ApiFunction": "trading_api.handler",
}
IMPORT_THE_LAYER = """
import argo, importlib, pkgutil, sys
for module in pkgutil.walk_packages(argo.__path__, "argo."):
    importlib.import_module(module.name)
assert not getattr(sys.modules.get("pandas"), "__file__", None)
"""

SPEAK_TO_AWS = """
import asyncio, botocore, os, pathlib
from datetime import UTC, datetime
from argo.adapters.wiring import Adapters
from argo.environment import Environment

class Now:
    def now(self): return datetime.now(UTC)

async def speak():
    adapters = Adapters(Environment(os.environ), Now())
    print(pathlib.Path(botocore.__file__).parent)
    print(await adapters.ledger.execution("0" * 24, "argo"))
    print(adapters.credentials().key_id)
    print(await adapters.queue_at(adapters.environment.queue_url).receive())

asyncio.run(speak())
"""

only_on_linux = pytest.mark.skipif(sys.platform != "linux", reason="Lambda's wheels are for Linux")


@pytest.fixture(scope="module")
def layer(build, host_architecture):
    return build("CommonLayer", host_architecture)


@pytest.fixture(scope="module")
def lambda_python(uv, tmp_path_factory):
    """Call with code and directories: run it where nothing is installed; what Lambda has besides is not used."""
    environment = tmp_path_factory.mktemp("lambda") / "venv"
    python = environment / "bin/python"
    version = (ROOT / ".python-version").read_text().strip()
    subprocess.run([uv, "venv", "--python", version, environment, "--quiet"], cwd=ROOT, check=True)  # noqa: S603

    def run(code, *directories, **variables):
        return subprocess.run(  # noqa: S603
            [python, "-W", "error::ImportWarning", "-c", code],
            env=variables
            | {
                "PATH": os.defpath,
                "PYTHONPATH": os.pathsep.join(map(str, directories)),
                "PYTHONDONTWRITEBYTECODE": "1",
                "AWS_DEFAULT_REGION": "us-east-1",
                "POWERTOOLS_METRICS_NAMESPACE": "Argo",
            },
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.mark.parametrize("architecture", sampled(MACHINES, every=2))
def test_the_layer_stays_below_25_megabytes(build, architecture):
    directory = build("CommonLayer", architecture)

    assert sum(path.stat().st_size for path in directory.rglob("*") if path.is_file()) <= LIMIT


@pytest.mark.parametrize("architecture", sampled(MACHINES, every=2))
@pytest.mark.parametrize("name", ["CommonLayer", deeply("GenerateFunction")])
def test_machine_code_is_for_the_chosen_architecture(build, name, architecture):
    libraries = [each for each in build(name, architecture).rglob("*.so*") if each.is_file()]

    assert libraries
    for library in libraries:
        header = library.read_bytes()[:20]
        assert struct.unpack_from("<H", header, 18) == (MACHINES[architecture],), library


@pytest.mark.parametrize("absent", ["pandas", "numpy", "boto3", "s3transfer", "talib", "websockets"])
def test_the_layer_carries_nothing_it_does_not_need(layer, absent):
    assert not (layer / "python" / absent).exists()


def test_the_layers_botocore_knows_the_services_that_argo_calls(layer):
    data = layer / "python/botocore/data"

    assert {each.name for each in data.iterdir() if each.is_dir()} == set(SERVICES)


def test_the_layer_holds_the_settings_where_the_functions_look(layer, template):
    assert template["Parameters"]["ConfigPath"]["Default"] == "/opt/argo.toml"
    assert (layer / "argo.toml").read_bytes() == (ROOT / "argo.toml").read_bytes()


@pytest.mark.parametrize("name", ["CommonLayer", *HANDLERS])
def test_every_module_is_compiled_once_and_for_all(build, host_architecture, name):
    directory = build(name, host_architecture)
    sources = list(directory.rglob("*.py"))

    assert sources
    for source in sources:
        header = Path(importlib.util.cache_from_source(str(source))).read_bytes()[:8]
        assert header == importlib.util.MAGIC_NUMBER + UNCHECKED.to_bytes(4, "little"), source


def test_the_build_machine_is_not_named_in_the_byte_code(layer):
    compiled = list((layer / "python/argo").rglob("*.pyc"))

    assert compiled
    assert not [each for each in compiled if str(layer).encode() in each.read_bytes()]


@only_on_linux
def test_every_module_of_the_layer_starts_without_anything_else(lambda_python, layer):
    imported = lambda_python(IMPORT_THE_LAYER, layer / "python")

    assert imported.returncode == 0, imported.stderr


@only_on_linux
@pytest.mark.parametrize("name", sampled(HANDLERS, every=2))
def test_a_function_starts_with_its_layer_alone(lambda_python, build, layer, host_architecture, name):
    function = build(name, host_architecture)

    imported = lambda_python(f"import {HANDLERS[name]}", function, layer / "python")

    assert imported.returncode == 0, imported.stderr


@only_on_linux
def test_the_layers_own_botocore_speaks_to_each_service(lambda_python, layer, aws):
    resources = aws.create_resources(TEMPLATE, "layer")
    aws.client("ssm").put_parameter(Name="/layer", Type="SecureString", Value='{"key_id": "k", "secret_key": "s"}')

    spoken = lambda_python(
        SPEAK_TO_AWS,
        layer / "python",
        **aws.environment,
        **resources.environment("argo"),
        ARGO_MODE="simulated",
        ARGO_CREDENTIALS_PARAMETER="/layer",
    )

    assert spoken.returncode == 0, spoken.stderr
    assert spoken.stdout.split() == [str(layer / "python/botocore"), "None", "k", "[]"]
