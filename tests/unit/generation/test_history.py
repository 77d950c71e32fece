import asyncio
from bisect import bisect_left
from dataclasses import replace
from datetime import timedelta
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo.domain.faults import Ambiguous
from argo.domain.signal import Timeframe
from argo.domain.symbols import AssetClass
from generation.market import History, late_bars, warm_up
from generation.regime import BARS_NEEDED
from generation.series import bar_series
from tests.unit.generation.bars import AAPL, MSFT, ONE_DAY, OPENING, bars_in, bars_of, real_bars, sessions
from tests.unit.generation.in_memory import Feed, Request

MINUTE = timedelta(minutes=1)
LENGTH = 50
CLOSES = [100.0 + number for number in range(200)]


def a_history(feed, length=LENGTH):
    return History(feed, Timeframe.MINUTE, length)


def a_feed(**held):
    return Feed({AAPL: bars_of(CLOSES), MSFT: bars_of(CLOSES), **held})


def extend(history, *times, symbols=(AAPL, MSFT)):
    """Extend at each time, at most once a minute; return the bars that the last answer held."""

    async def each():
        return [await history.extend(symbols, time) for time in times]

    return {symbol: bars_in(series) for symbol, series in asyncio.run(each())[-1].items()}


def minutes_before_the_opening(*minutes):
    return [OPENING - number * MINUTE for number in minutes]


def test_the_first_request_covers_the_warm_up():
    feed = a_feed()

    extend(a_history(feed), OPENING)

    assert feed.requests == [Request((AAPL, MSFT), OPENING - warm_up(Timeframe.MINUTE, LENGTH), OPENING)]


def test_a_session_of_regular_hours_holds_390_minutes():
    spans = [warm_up(Timeframe.MINUTE, bars) for bars in (1, 390, 391)]

    assert spans[0] == spans[1] < spans[2]


def test_later_requests_start_at_the_last_known_bar():
    feed = a_feed()

    extend(a_history(feed), *minutes_before_the_opening(10, 3))

    assert feed.requests[1] == Request((AAPL, MSFT), OPENING - 11 * MINUTE, OPENING - 3 * MINUTE)


def test_later_requests_start_where_the_slowest_symbol_stands():
    feed = a_feed()
    feed.held[MSFT] = feed.held[MSFT][:-8]

    extend(a_history(feed), *minutes_before_the_opening(4, 0))

    assert feed.requests[1].start == feed.held[MSFT][-1].time


def test_all_symbols_are_asked_for_in_one_request():
    feed = a_feed()

    extend(a_history(feed), *minutes_before_the_opening(5, 4, 3, 2, 1))

    assert [request.symbols for request in feed.requests] == [(AAPL, MSFT)] * 5


def test_a_symbol_that_joins_later_is_warmed_up():
    feed = a_feed()
    history = a_history(feed)

    extend(history, OPENING - MINUTE, symbols=[AAPL])
    found = extend(history, OPENING, symbols=[AAPL, MSFT])

    assert feed.requests[1].start == OPENING - warm_up(Timeframe.MINUTE, LENGTH)
    assert [len(bars) for bars in found.values()] == [LENGTH, LENGTH]


def test_a30_a_symbol_without_data_is_absent():
    feed = a_feed()
    del feed.held[MSFT]

    found = extend(a_history(feed), OPENING)

    assert set(found) == {AAPL}


def test_a30_no_data_at_all_is_no_symbol():
    found = extend(a_history(Feed({})), OPENING)

    assert found == {}


class EmptyHanded(Feed):
    """Answers for a symbol with no bars, as market data does whose only bar is still forming."""

    async def bars(self, symbols, timeframe, *, start, end):
        return dict.fromkeys(symbols, ()) | await super().bars(symbols, timeframe, start=start, end=end)


def test_a30_a_symbol_whose_only_bar_is_forming_does_not_stop_the_others():
    feed = EmptyHanded({AAPL: bars_of(CLOSES), MSFT: bars_of([100.0], end=OPENING + MINUTE)})

    found = extend(a_history(feed), OPENING - MINUTE, OPENING)

    assert set(found) == {AAPL}


def test_a_symbol_without_data_does_not_make_every_request_a_warm_up():
    feed = a_feed()
    del feed.held[MSFT]

    extend(a_history(feed), *minutes_before_the_opening(2, 1, 0))

    cold, *later = [request.end - request.start for request in feed.requests]
    assert cold == warm_up(Timeframe.MINUTE, LENGTH)
    assert max(later) <= timedelta(days=2)


def test_a_symbol_whose_data_comes_late_is_had_from_its_first_bar():
    feed = a_feed()
    late, feed.held[MSFT] = feed.held[MSFT][-5:], ()
    history = a_history(feed)
    extend(history, *minutes_before_the_opening(6, 3))

    feed.held[MSFT] = late
    found = extend(history, OPENING)

    assert list(found[MSFT]) == late


@given(st.lists(st.integers(0, 60), min_size=1, max_size=12).map(lambda minutes: sorted(minutes, reverse=True)))
def test_however_often_it_is_extended_no_bar_comes_twice_and_none_is_missing(minutes):
    feed = a_feed()
    times = minutes_before_the_opening(*minutes)

    found = extend(a_history(feed), *times)

    closed = [bar for bar in bars_of(CLOSES) if bar.is_closed(Timeframe.MINUTE, times[-1])]
    assert list(found[AAPL]) == closed[-LENGTH:]


def test_the_history_is_trimmed_to_its_length():
    found = extend(a_history(a_feed(), length=7), *minutes_before_the_opening(3, 0))

    assert [len(bars) for bars in found.values()] == [7, 7]


def test_a_failed_request_leaves_the_history_as_it_was():
    feed = a_feed()
    feed.faults = [None, Ambiguous("no answer"), None]
    history = a_history(feed)

    extend(history, OPENING - 2 * MINUTE)
    with pytest.raises(Ambiguous):
        extend(history, OPENING - MINUTE)
    found = extend(history, OPENING)

    assert list(found[AAPL]) == bars_of(CLOSES)[-LENGTH:]


@pytest.mark.parametrize(
    ("timeframe", "bars", "asset_class", "span"),
    [
        (Timeframe.MINUTE, 390, AssetClass.US_EQUITY, timedelta(days=2 + 14)),
        (Timeframe.MINUTE, 1_950, AssetClass.US_EQUITY, timedelta(days=8 + 14)),
        (Timeframe.DAY, 260, AssetClass.US_EQUITY, timedelta(days=386 + 14)),
        (Timeframe.MINUTE, 60, AssetClass.CRYPTO, timedelta(days=1, hours=1)),
    ],
)
def test_a32_a_warm_up_is_its_sessions_the_closed_days_and_two_weeks_and_of_coins_a_day_more(
    timeframe, bars, asset_class, span
):
    assert warm_up(timeframe, bars, asset_class) == span


@given(st.integers(1, 199))
def test_b14_a_forming_bar_is_never_held(closed):
    feed = a_feed()
    now = feed.held[AAPL][closed].time
    feed.held[AAPL] = [replace(bar, close=1e9) if bar.time >= now else bar for bar in feed.held[AAPL]]

    found = extend(a_history(feed), now, now + 0.99 * MINUTE)

    assert found[AAPL][-1] == bars_of(CLOSES)[closed - 1]


def fewest_sessions(span):
    """Return how many real sessions a span of calendar time holds at least, whichever day it ends on."""
    days = sessions()
    return min(number - bisect_left(days, day - span) for number, day in enumerate(days) if day - span >= days[0])


@pytest.mark.parametrize("length", [10, 60, BARS_NEEDED, 210, 260, 500, 1000, 2500])
def test_a32_a_cold_start_on_any_real_day_finds_the_bars_it_wants(length):
    found = fewest_sessions(warm_up(Timeframe.DAY, length))

    assert found >= length


@pytest.mark.parametrize("length", [210, 260, 1000])
def test_a_warm_up_asks_for_few_bars_more_than_it_wants(length):
    found = fewest_sessions(warm_up(Timeframe.DAY, length))

    assert found <= 1.1 * length


@pytest.mark.parametrize("timeframe", [each for each in Timeframe if each is not Timeframe.DAY])
@pytest.mark.parametrize("length", [210, 260, 5000])
def test_a32_an_intraday_warm_up_holds_the_bars_it_is_asked_for(timeframe, length):
    a_session = ceil(timedelta(hours=6, minutes=30) / timeframe.duration)

    found = fewest_sessions(warm_up(timeframe, length)) * a_session

    assert found >= length


def test_a_daily_history_of_real_bars_has_the_configured_length_once_it_runs():
    aapl = real_bars()[AAPL]
    history = History(Feed({AAPL: aapl}), Timeframe.DAY, 260)

    found = extend(history, *(bar.time + ONE_DAY for bar in aapl[400:420]), symbols=[AAPL])

    assert len(found[AAPL]) == 260
    assert list(found[AAPL]) == list(aapl[160:420])


@given(st.lists(st.integers(1, 9), min_size=1, max_size=30), st.integers(1, 12))
def test_columns_that_grow_in_place_change_nothing_that_an_earlier_series_shows(steps, length):
    bars = bars_of([100.0 + number for number in range(sum(steps) + 1)])
    series, shown = [bar_series(bars[:1])], [bars[:1]]

    for step in steps:
        begin = shown[-1][-1].time
        newer = [bar for bar in bars if bar.time > begin][:step]
        series.append(series[-1].extended(newer, length))
        shown.append([*shown[-1], *newer][-length:])

    assert [bars_in(each) for each in series] == shown


def test_a_source_cannot_write_to_the_bars():
    series = bar_series(bars_of(CLOSES))

    for column in (series.close, series.before().close, series.extended(bars_of([1.0]), LENGTH).close):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 0


def test_symbols_that_stopped_trading_do_not_make_requests_longer():
    feed = a_feed()
    feed.held = {AAPL: bars_of([100.0] * 400), MSFT: bars_of([100.0] * 150, end=OPENING - 250 * MINUTE)}
    history = a_history(feed)
    extend(history, *minutes_before_the_opening(2, 1, 0))

    silent = feed.held[MSFT][-1].time
    assert late_bars(2) * MINUTE < OPENING - silent
    assert [request.start for request in feed.requests[1:]] == [
        OPENING - number * MINUTE - late_bars(2) * MINUTE for number in (2, 1)
    ]


@pytest.mark.parametrize("symbols", [1, 10, 200, 1000, 2000])
def test_what_a_request_looks_back_fits_a_page(symbols):
    assert late_bars(symbols) * symbols <= 10_000


@pytest.mark.parametrize(
    ("symbols", "bars"), [(1, 200), (48, 200), (49, 199), (500, 15), (909, 6), (1000, 5), (2000, 5)]
)
def test_a_request_looks_back_200_bars_or_what_fits_less_five_and_never_less_than_five(symbols, bars):
    assert late_bars(symbols) == bars
