import pytest

from tests.unit.api.counter import Counter


@pytest.fixture
def counter():
    return Counter()
