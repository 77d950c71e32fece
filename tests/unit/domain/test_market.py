from datetime import UTC, datetime, timedelta

import pytest

from argo.domain.market import Bar
from argo.domain.signal import Timeframe
from tests.unit.builders import BAR_TIME


@pytest.mark.parametrize("timeframe", Timeframe)
@pytest.mark.parametrize(("microseconds", "closed"), [(-1, False), (0, True), (1, True)])
def test_b14_a_bar_is_closed_when_its_time_is_over(timeframe, microseconds, closed):
    bar = Bar(BAR_TIME, open=100, high=101, low=99, close=100.5, volume=1000)
    now = BAR_TIME + timeframe.duration + timedelta(microseconds=microseconds)

    told = bar.is_closed(timeframe, now)

    assert told is closed


def test_b14_a_bar_that_would_end_after_all_time_is_not_closed():
    bar = Bar(datetime.max.replace(tzinfo=UTC), open=100, high=101, low=99, close=100.5, volume=1000)

    assert not bar.is_closed(Timeframe.DAY, BAR_TIME)


@pytest.mark.parametrize("name", ["open", "high", "low", "close"])
def test_c18_nothing_costs_a_thousand_million(name):
    dearest = dict.fromkeys(("open", "high", "low", "close"), 999_999_999.0) | {"volume": 1.0}

    assert Bar(BAR_TIME, **dearest).is_sound
    assert not Bar(BAR_TIME, **dearest | {name: 1e9}).is_sound
