"""What became of a signal, judged from the bars after it."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo.domain.lists import Listed
from argo.domain.market import Bar
from argo.domain.signal import Ending, Side, SignalOutcome, Timeframe
from argo.domain.symbols import Symbol
from generation.cycle import run_cycles
from generation.judging import judge, outcome
from generation.market import warm_up
from generation.series import bar_series
from tests.unit.builders import BAR_TIME, a_signal
from tests.unit.generation.bars import AAPL, real_bars
from tests.unit.generation.generator import a_crossing, rules
from tests.unit.generation.in_memory import SignalStore

MINUTE = timedelta(minutes=1)
LIMIT = 5
BUY, SELL = a_signal(), a_signal(side=Side.SELL)
"""Entry 100; the buy's stop is 95 and its target 110, the sell's the other way round at 105 and 90."""


def a_bar(number, low=99.0, high=101.0, opens=100.0, close=100.0):
    return Bar(BAR_TIME + number * MINUTE, open=opens, high=high, low=low, close=close, volume=1.0)


def after(*bars):
    """Return the bar before the signal's, the signal's, and those after it."""
    return bar_series([a_bar(-1), a_bar(0, low=1.0, high=500.0), *bars])


def judged(signal, *bars, limit=LIMIT):
    return outcome(signal, after(*bars), timeframe=Timeframe.MINUTE, limit=limit)


@pytest.mark.parametrize(
    ("signal", "bar", "ending", "price", "realised"),
    [
        (BUY, {"low": 95.0}, Ending.STOP, "95", -1),
        (BUY, {"high": 110.0}, Ending.TARGET, "110", 2),
        (SELL, {"high": 105.0}, Ending.STOP, "105", -1),
        (SELL, {"low": 90.0}, Ending.TARGET, "90", 2),
    ],
)
def test_stop_and_target_are_met_by_touching_them(signal, bar, ending, price, realised):
    found = judged(signal, a_bar(1), a_bar(2, **bar))

    assert found is not None
    assert (found.ending, found.price, found.realised_r) == (ending, Decimal(price), realised)
    assert (found.at, found.bars) == (BAR_TIME + 2 * MINUTE, 2)


@pytest.mark.parametrize("signal", [BUY, SELL])
@pytest.mark.parametrize(("low", "high"), [(95.01, 104.99), (99.0, 101.0)])
def test_a_bar_between_them_decides_nothing(signal, low, high):
    assert judged(signal, a_bar(1, low=low, high=high)) is None


@pytest.mark.parametrize("signal", [BUY, SELL])
def test_the_stop_counts_first_when_one_bar_touches_both(signal):
    found = judged(signal, a_bar(1, low=80.0, high=120.0))

    assert found is not None
    assert (found.ending, found.realised_r) == (Ending.STOP, -1)


@pytest.mark.parametrize(("signal", "opens"), [(BUY, 90.0), (SELL, 110.0)])
def test_a_bar_that_opens_beyond_the_stop_costs_more_than_was_risked(signal, opens):
    found = judged(signal, a_bar(1, opens=opens, low=min(opens, 99.0), high=max(opens, 101.0)))

    assert found is not None
    assert (found.ending, found.price, found.realised_r) == (Ending.STOP, Decimal(str(opens)), -2)


def test_a_bar_that_opens_beyond_the_target_is_paid_at_the_target():
    found = judged(BUY, a_bar(1, opens=130.0, low=128.0, high=131.0))

    assert found is not None
    assert (found.ending, found.price) == (Ending.TARGET, 110)


def test_a_signal_that_meets_neither_runs_out_at_the_last_close():
    bars = [a_bar(number, close=100 + 0.5 * number) for number in range(1, LIMIT + 2)]

    assert judged(BUY, *bars[: LIMIT - 1]) is None
    found = judged(BUY, *bars[:LIMIT])
    assert found == judged(BUY, *bars)

    assert found is not None
    assert (found.ending, found.price, found.bars) == (Ending.EXPIRY, Decimal("102.5"), LIMIT)
    assert found.realised_r == Decimal("0.5")


def test_a_price_is_kept_to_a_coins_smallest_part():
    bars = [a_bar(number, close=100.123456789) for number in range(1, LIMIT + 1)]

    found = judged(BUY, *bars)

    assert (found.price, found.realised_r) == (Decimal("100.123456789"), Decimal("0.0247"))


def test_what_comes_after_its_time_does_not_count():
    quiet = [a_bar(number) for number in range(1, LIMIT + 1)]

    found = judged(BUY, *quiet, a_bar(LIMIT + 1, high=120.0))

    assert found is not None
    assert found.ending is Ending.EXPIRY


def test_a_day_counts_that_begins_an_hour_sooner_than_the_signals_own_did():
    signal = a_signal(timeframe=Timeframe.DAY)
    daily = [replace(a_bar(0), time=BAR_TIME + timedelta(hours=hours)) for hours in (-24, 0, 23)]

    found = outcome(
        signal, bar_series([*daily[:2], replace(daily[2], low=95.0)]), timeframe=Timeframe.DAY, limit=5
    )

    assert found is not None
    assert (found.ending, found.bars) == (Ending.STOP, 1)


def test_the_signals_own_bar_does_not_count():
    assert judged(BUY) is None


def test_a_signal_whose_bars_are_not_held_any_more_is_unseen():
    bars = bar_series([a_bar(number, high=120.0) for number in range(1, 20)])

    found = outcome(BUY, bars, timeframe=Timeframe.MINUTE, limit=LIMIT)

    assert found is not None
    assert found == SignalOutcome(ending=Ending.UNSEEN, at=BAR_TIME, bars=0)


def test_a_signal_of_longer_bars_begins_when_its_own_bar_has_ended():
    hourly = a_signal(
        timeframe=Timeframe.HOUR, created_at=BAR_TIME + 60 * MINUTE, expires_at=BAR_TIME + 90 * MINUTE
    )
    within = [a_bar(number, high=120.0) for number in range(1, 60)]

    assert outcome(hourly, after(*within), timeframe=Timeframe.MINUTE, limit=LIMIT) is None
    found = outcome(hourly, after(*within, a_bar(60, low=94.0)), timeframe=Timeframe.MINUTE, limit=LIMIT)

    assert found is not None
    assert found.ending is Ending.STOP


@given(st.lists(st.tuples(st.floats(85, 100), st.floats(100, 115)), min_size=1, max_size=12), st.integers(0, 12))
def test_later_bars_change_no_outcome(ranges, known):
    bars = [a_bar(number, low=low, high=high) for number, (low, high) in enumerate(ranges, 1)]

    early, late = judged(BUY, *bars[:known]), judged(BUY, *bars)

    assert early is None or early == late


@given(st.lists(st.tuples(st.floats(85, 100), st.floats(100, 115)), min_size=1, max_size=12))
def test_a_market_turned_round_gives_the_other_side_the_same_outcome(ranges):
    bars = [a_bar(number, low=low, high=high) for number, (low, high) in enumerate(ranges, 1)]
    turned = [replace(bar, low=200 - bar.high, high=200 - bar.low) for bar in bars]

    long, short = judged(BUY, *bars), judged(SELL, *turned)

    assert (long and (long.ending, long.realised_r)) == (short and (short.ending, short.realised_r))


def test_an_outcome_is_kept_with_its_signal_and_asked_for_no_more():
    store = SignalStore()
    asyncio.run(store.put_signal(BUY, executors=()))
    market = {AAPL: after(a_bar(1, high=120.0))}

    first, second = (asyncio.run(judge(store, market, rules(), BAR_TIME + 2 * MINUTE, [])) for _ in range(2))

    assert (first, second) == (1, 0)
    assert store[BUY.signal_id].outcome.ending is Ending.TARGET


ALL_BARS, AN_INSTANT = warm_up(BUY.timeframe, rules().history_bars), timedelta(microseconds=1)


@pytest.mark.parametrize(("later", "judged"), [(ALL_BARS, 0), (ALL_BARS + AN_INSTANT, 1)])
def test_a_symbol_that_is_not_watched_any_more_is_given_up_in_the_end(later, judged):
    store = SignalStore()
    asyncio.run(store.put_signal(BUY, executors=()))

    found = asyncio.run(judge(store, {}, rules(), BAR_TIME + later, []))

    assert found == judged
    assert (store[BUY.signal_id].outcome is not None) == bool(judged)


class ManyUnjudged(SignalStore):
    """A work list of any length."""

    async def unjudged(self, *, limit=None):
        self.asked_for = limit
        return Listed()


def test_c08_the_whole_list_is_judged_however_long_it_is():
    store = ManyUnjudged()

    asyncio.run(judge(store, {}, rules(), BAR_TIME, []))

    assert store.asked_for is None


TWO_CYCLES = timedelta(seconds=10)


def test_the_generator_judges_its_own_signals_once_an_invocation_as_time_goes_by():
    generator = a_crossing()
    asyncio.run(run_cycles(generator.wiring, [AAPL], until=generator.clock.now()))
    (signal,) = generator.store.signals
    last = generator.feed.held[AAPL][-1]
    rise = replace(last, time=last.time + MINUTE, open=last.close, low=last.close, high=500.0)
    generator.feed.held[AAPL] = [*generator.feed.held[AAPL], rise]
    generator.clock.set(generator.clock.now() + MINUTE)

    report = asyncio.run(run_cycles(generator.wiring, [AAPL], until=generator.clock.now() + TWO_CYCLES))

    found = generator.store[signal.signal_id].outcome
    assert report.cycles == 2
    assert report.judged == generator.journal.count("SignalsJudged") == 1
    assert (found.ending, found.price) == (Ending.TARGET, signal.target_price)


def test_on_real_bars_outcomes_are_what_a_walk_through_the_bars_finds():
    bars = real_bars()[Symbol("IBM")][:800]
    signals = [
        a_signal(
            symbol=Symbol("IBM"),
            timeframe=Timeframe.DAY,
            bar_time=bar.time,
            created_at=bar.time + timedelta(days=1),
            expires_at=bar.time + timedelta(days=2),
            entry_price=Decimal(str(round(bar.close, 2))),
            stop_price=Decimal(str(round(bar.close * 0.96, 2))),
            target_price=Decimal(str(round(bar.close * 1.06, 2))),
        )
        for bar in bars[:700:9]
    ]

    def walked(signal):
        later = [bar for bar in bars if bar.time > signal.bar_time][:10]
        for bar in later:
            if bar.low <= signal.stop_price:
                return Ending.STOP
            if bar.high >= signal.target_price:
                return Ending.TARGET
        return Ending.EXPIRY

    found = [outcome(signal, bar_series(bars), timeframe=Timeframe.DAY, limit=10) for signal in signals]

    assert [each and each.ending for each in found] == [walked(signal) for signal in signals]
    assert {each.ending for each in found if each} == {Ending.STOP, Ending.TARGET, Ending.EXPIRY}
