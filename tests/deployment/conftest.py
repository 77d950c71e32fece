"""The deployment, read the way AWS would read it."""

import json
import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deployment.session import Session, Stack, names_of, recording
from tests.deployment.story import play
from worlds.containers import served, traded_market
from worlds.paths import TEMPLATE
from worlds.template import read_template

ROOT = Path(__file__).parents[2]
LOGS_POLICY = "AWSLambdaBasicExecutionRole"


@pytest.fixture(scope="session")
def template():
    """template.yaml as written, intrinsic functions in their long form."""
    from samtranslator.yaml_helper import yaml_parse  # noqa: PLC0415 - slow, and not every run needs it

    return json.loads(json.dumps(yaml_parse((ROOT / "template.yaml").read_text())))


class _ManagedPolicies:
    def load(self):
        return {LOGS_POLICY: f"arn:aws:iam::aws:policy/service-role/{LOGS_POLICY}"}


@pytest.fixture(scope="session")
def deployed(template):
    """The plain CloudFormation template that SAM makes of it for prod."""
    return transformed(template)


def transformed(template, *, layer="s3://bucket/layer", **parameters):
    """Return the plain CloudFormation template that SAM makes of one, with parameters of its own."""
    from samtranslator.translator.transform import transform  # noqa: PLC0415

    source = json.loads(json.dumps(template))
    for resource in source["Resources"].values():
        for uri, found in (("CodeUri", "s3://bucket/code"), ("ContentUri", layer)):
            if uri in resource["Properties"]:
                resource["Properties"][uri] = found
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        return transform(source, {"GradualRollout": "true"} | parameters, _ManagedPolicies())


@pytest.fixture(scope="session")
def resources(deployed):
    return deployed["Resources"]


@pytest.fixture(scope="session")
def of_type(resources):
    """Call with a CloudFormation type: its resources' properties by logical id."""

    def select(kind):
        return {name: each["Properties"] for name, each in resources.items() if each["Type"] == kind}

    return select


@pytest.fixture(scope="session")
def session():
    """One small session of all functions; see `tests.deployment.session`."""
    history, configuration, config_path = traded_market()
    template = read_template(TEMPLATE)
    recorded = Session()
    with (
        served(history, configuration, config_path=config_path, host="127.0.0.1") as running,
        recording(recorded, names_of(running, template)),
    ):
        play(Stack(running, template, recorded))
    return recorded


@pytest.fixture(scope="session")
def uv():
    candidates = (os.environ.get("UV"), shutil.which("uv"), str(ROOT / ".tools/bin/uv"))
    return next(each for each in candidates if each and Path(each).is_file())


@pytest.fixture(scope="session")
def host_architecture():
    return {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")


@pytest.fixture(scope="session")
def build(uv, tmp_path_factory):
    """Call with a logical id and an architecture: the directory `sam build` would zip. Each is built once."""
    built = {}

    def make(logical_id, architecture):
        key = (logical_id, architecture)
        if key not in built:
            built[key] = tmp_path_factory.mktemp(f"{logical_id}-{architecture}-")
            subprocess.run(  # noqa: S603
                [  # noqa: S607 - make comes from PATH, as it does for SAM
                    "make",
                    f"--makefile={ROOT}/layers/common/{architecture}/Makefile",
                    f"build-{logical_id}",
                    f"ARTIFACTS_DIR={built[key]}",
                ],
                cwd=built[key],
                env=os.environ | {"UV": uv},
                check=True,
            )
        return built[key]

    return make
