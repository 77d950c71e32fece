from datetime import UTC, datetime

import pytest

from argo.adapters.alpaca import parsing


def test_the_exchanges_clock_is_read_in_utc():
    raw = {
        "timestamp": "2026-03-02T10:01:05.123456789-05:00",
        "is_open": True,
        "next_open": "2026-03-03T09:30:00-05:00",
        "next_close": "2026-03-02T16:00:00-05:00",
    }

    clock = parsing.clock(raw)

    assert clock.is_open
    assert clock.now == datetime(2026, 3, 2, 15, 1, 5, 123456, tzinfo=UTC)
    assert clock.next_open == datetime(2026, 3, 3, 14, 30, tzinfo=UTC)
    assert clock.next_close == datetime(2026, 3, 2, 21, tzinfo=UTC)
    assert clock.now.tzinfo is UTC


def test_a_bar_is_read():
    bar = parsing.bar(
        {
            "t": "2026-03-02T15:00:00Z",
            "o": 100,
            "h": 101.5,
            "l": 99.5,
            "c": 100.25,
            "v": 12345,
            "n": 7,
            "vw": 100.1,
        }
    )

    assert bar.time == datetime(2026, 3, 2, 15, tzinfo=UTC)
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == (100.0, 101.5, 99.5, 100.25, 12345.0)


@pytest.mark.parametrize("name", "ohlcv")
@pytest.mark.parametrize("number", [float("nan"), float("inf"), "-inf"])
def test_a30_a_bar_with_a_number_that_is_none_is_no_bar(name, number):
    raw = {"t": "2026-03-02T15:00:00Z"} | dict.fromkeys("ohlcv", 1) | {name: number}

    with pytest.raises(ValueError, match="not finite"):
        parsing.bar(raw)


@pytest.mark.parametrize(("token", "read"), [(None, None), ("", None), ("x", "x"), (float("nan"), "nan")])
def test_a_pages_token_is_a_text_and_so_equals_itself(token, read):
    assert parsing.bars_page({"bars": None, "next_page_token": token}) == ({}, read)
