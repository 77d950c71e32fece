"""The generator in its container for half a minute: the cycles that fit, and what they ask for."""

import pytest

from tests.sam.containers import event

pytestmark = pytest.mark.sam


@pytest.fixture(scope="module")
def report(containers):
    return containers.invoke("GenerateFunction", event("generate-30s"))


def test_half_a_minute_holds_six_cycles_and_the_report_says_so(report):
    assert report["cycles"] + report["skipped"] == 6
    assert report["cycles"] > 1
    assert report["failed"] == 0


def test_the_signals_of_the_first_cycle_are_not_made_again_by_the_others(containers, report):
    stored = containers.signals_of_today()

    assert report["signals"] == len(stored) >= 2
    assert report["messages"] == sum(len(each.published_to) for each in stored.values()) > 0


def test_each_cycle_asks_for_market_data_once_and_the_exchange_is_asked_once(containers, report):
    requests = containers.requests

    assert requests["GET /v2/stocks/bars"] == report["cycles"]
    assert requests["GET /v2/clock"] == 1
