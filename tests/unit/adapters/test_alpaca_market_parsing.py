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


A_BAR = {"t": "2026-03-02T15:00:00Z"} | dict.fromkeys("ohlcv", 1)


@pytest.mark.parametrize("name", "ohlcv")
@pytest.mark.parametrize("number", [float("nan"), float("inf"), "-inf", "one", None, True, [1], 10**400, -1])
def test_a30_c18_a_bar_with_a_number_that_is_no_price_is_not_sound_and_still_has_its_time(name, number):
    bar = parsing.bar(A_BAR | {name: number})

    assert not bar.is_sound
    assert bar.time == datetime(2026, 3, 2, 15, tzinfo=UTC)


@pytest.mark.parametrize("name", "ohlc")
def test_c18_nothing_costs_nothing(name):
    assert parsing.bar(A_BAR).is_sound
    assert parsing.bar(A_BAR | {"v": 0}).is_sound
    assert not parsing.bar(A_BAR | {name: 0}).is_sound


def test_c18_a_high_below_the_low_is_no_bar():
    assert not parsing.bar(A_BAR | {"h": 2, "l": 3}).is_sound


@pytest.mark.parametrize("raw", [None, [], "bar", {}, A_BAR | {"t": None}, A_BAR | {"t": "2026-03-02T15:00:00"}])
def test_c18_a_bar_that_cannot_be_placed_is_not_sound(raw):
    assert not parsing.bar(raw).is_sound


@pytest.mark.parametrize("bars", [{}, "none", 0, [None]])
def test_c18_what_is_wrong_with_one_symbols_bars_keeps_no_others_back(bars):
    page, _ = parsing.bars_page({"bars": {"AAPL": bars, "MSFT": [A_BAR]}, "next_page_token": None})

    assert [bar.is_sound for bar in page["MSFT"]] == [True]
    assert [bar.is_sound for bar in page["AAPL"]] == [False]


@pytest.mark.parametrize("trade", [None, [], 1, {"p": 0}, {"p": -1}, {"p": None}, {"p": "NaN"}, {"p": "inf"}, {}])
def test_c18_a_trade_without_a_price_keeps_no_other_back(trade):
    assert parsing.latest_prices({"trades": {"AAPL": trade, "MSFT": {"p": 1}}}) == {"MSFT": 1}


@pytest.mark.parametrize(("token", "read"), [(None, None), ("", None), ("x", "x"), (float("nan"), "nan")])
def test_a_pages_token_is_a_text_and_so_equals_itself(token, read):
    assert parsing.bars_page({"bars": None, "next_page_token": token}) == ({}, read)


def test_a_symbol_without_bars_is_absent_and_so_is_one_without_trades():
    assert parsing.bars_page({"bars": {"AAPL": None}, "next_page_token": None}) == ({}, None)
    assert parsing.latest_prices({"trades": None}) == {}
