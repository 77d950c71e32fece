"""Bars that cannot have been traded: how long their symbol is named, and what comes of the others."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from argo.domain.signal import Timeframe
from generation.market import History
from tests.unit.generation.bars import AAPL, MSFT, OPENING, bars_of
from tests.unit.generation.in_memory import Feed

MINUTE = timedelta(minutes=1)
CLOSES = [100.0 + number for number in range(40)]


def looks(feed, *times):
    """Return the symbols that are refused after a look at each time, and the last look's bars."""
    history, named = History(feed, Timeframe.MINUTE, 30), []
    for time in times:
        found = asyncio.run(history.extend((AAPL, MSFT), time))
        named.append(set(history.refused))
    return named, found


def a_feed_with(number, **wrong):
    """Return two symbols' bars up to two minutes after the opening; of the first one's, one is wrong."""
    bars = bars_of(CLOSES, end=OPENING + 2 * MINUTE)
    bars[number] = replace(bars[number], **wrong)
    return Feed({AAPL: bars, MSFT: bars_of(CLOSES, end=OPENING + 2 * MINUTE)})


@pytest.mark.parametrize("lacking", [0, 2], ids=["both trade on", "the other trades no more"])
def test_c18_a_symbol_is_refused_until_a_look_whose_new_bars_are_all_sound(lacking):
    feed = a_feed_with(-3, close=-1.0)
    feed.held[MSFT] = feed.held[MSFT][: len(CLOSES) - lacking]

    named, found = looks(feed, *(OPENING + number * MINUTE for number in (-1, 0, 1, 2)))

    assert named == [set(), {AAPL}, {AAPL}, set()]
    assert (len(found[AAPL]), len(found[MSFT])) == (30, 30)
    assert [OPENING.timestamp() - second for second in found[AAPL].seconds[-3:]] == [120, 0, -60]


def test_c18_a_symbol_whose_every_bar_is_wrong_has_none():
    feed = a_feed_with(0)
    feed.held[AAPL] = [replace(bar, close=-1.0) for bar in feed.held[AAPL]]

    named, found = looks(feed, OPENING)

    assert (named, set(found)) == ([{AAPL}], {MSFT})


class EveryBar(Feed):
    """A feed that answers with bars from before the time that it is asked from."""

    async def bars(self, symbols, timeframe, *, start, end):
        return await super().bars(symbols, timeframe, start=start - timedelta(days=99), end=end)


@pytest.mark.parametrize(("wrong", "refused"), [({}, set()), ({"close": -1.0}, {AAPL})])
def test_c18_a_bar_from_before_the_time_asked_for_is_refused_where_it_cannot_have_been_traded(wrong, refused):
    feed = EveryBar(dict(a_feed_with(1, **wrong).held))

    named, _ = looks(feed, OPENING, OPENING + MINUTE)

    assert named[-1] == refused
