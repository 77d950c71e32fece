from pathlib import Path

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

from simulation.broker.server import BackgroundServer
from tests.pipeline.emptyable_stack import EmptyableStack
from tests.pipeline.pipeline import Pipeline, a_broker
from worlds.embedded_aws import embedded_aws
from worlds.paths import TEMPLATE

for profile, examples in (("argo", 25), ("deep", 100)):
    settings.register_profile(
        profile,
        max_examples=examples,
        deadline=None,
        derandomize=True,
        print_blob=False,
        suppress_health_check=[HealthCheck.too_slow],  # a busy machine is no defect of a strategy
    )
settings.load_profile("argo")

_UNIT = Path(__file__).parent / "unit"


@pytest.hookimpl(tryfirst=True)  # before they are chosen by their marks
def pytest_collection_modifyitems(items):
    """Measure coverage in unit tests' examples alone: elsewhere it costs as the tests do, and tells of chance."""
    for item in items:
        is_property = is_hypothesis_test(getattr(item, "obj", None))
        if is_property:
            item.add_marker(pytest.mark.prop)
        if is_property or not item.path.is_relative_to(_UNIT):
            item.add_marker(pytest.mark.no_cover)


@pytest.fixture(scope="session")
def aws():
    """One emulator for all tests of a process."""
    with embedded_aws() as running:
        yield running


@pytest.fixture(scope="session")
def stack(aws):
    """A table and queues for one test after the other: to empty them costs a fifth of making them."""
    return EmptyableStack(aws, aws.create_resources(TEMPLATE, "tests"))


@pytest.fixture
def pipeline(aws, stack):
    """A pipeline of its own: an empty ledger, empty queues, a broker without orders."""
    stack.empty()
    with BackgroundServer(a_broker()) as background:
        yield Pipeline(aws, stack.resources, background)
