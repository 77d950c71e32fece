import pytest

from tests.pipeline.market_day import Day


@pytest.fixture
def day(stage):
    return Day(stage)
