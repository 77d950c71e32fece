import pytest

from tests.pipeline.market_day import Day


@pytest.fixture
def day(pipeline):
    return Day(pipeline)
