import pytest

from tests.simulation.desk import Desk


@pytest.fixture
def desk():
    return Desk()
