from itertools import count

import pytest
from hypothesis import HealthCheck, settings

from simulation.broker.server import BackgroundServer
from tests.pipeline.pipeline import Pipeline, a_broker
from worlds.embedded_aws import embedded_aws
from worlds.paths import TEMPLATE

settings.register_profile(
    "argo",
    deadline=None,
    derandomize=True,
    print_blob=False,
    suppress_health_check=[HealthCheck.too_slow],  # a busy machine is no defect of a strategy
)
settings.load_profile("argo")

_stacks = count()


@pytest.fixture(scope="session")
def aws():
    """One emulator for all tests; each makes its own table and queues on it."""
    with embedded_aws() as running:
        yield running


@pytest.fixture
def pipeline(aws):
    """A pipeline of its own: an empty ledger, empty queues, a broker without orders."""
    with BackgroundServer(a_broker()) as background:
        yield Pipeline(aws, aws.create_resources(TEMPLATE, f"test-{next(_stacks)}"), background)
