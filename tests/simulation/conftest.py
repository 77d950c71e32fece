import pytest

from tests.simulation.trader import Trader


@pytest.fixture
def trader():
    return Trader()
