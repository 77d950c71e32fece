from itertools import count

import pytest

from console.embedded_aws import embedded_aws
from console.paths import TEMPLATE
from simulation.broker.server import BackgroundServer
from tests.pipeline.stage import Stage, a_broker

_stacks = count()


@pytest.fixture(scope="session")
def aws():
    with embedded_aws() as running:
        yield running


@pytest.fixture
def resources(aws):
    return aws.create_resources(TEMPLATE, f"test-{next(_stacks)}")


@pytest.fixture
def stage(aws, resources):
    with BackgroundServer(a_broker()) as background:
        yield Stage(aws, resources, background)
