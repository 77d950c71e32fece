from datetime import timedelta
from decimal import Decimal
from functools import cache
from itertools import pairwise

import pytest

from argo.domain.market import Bar
from argo.domain.signal import Regime, Side, Timeframe
from argo.domain.symbols import Symbol
from generation.evaluation import Evaluator, oldest_fresh
from generation.regime import CONFIDENCE_FACTOR
from generation.series import bar_series
from generation.sources.base import Opinion
from generation.sources.registry import BUILT_IN, WeightedSource
from simulation.market.sessions import exchange_date
from tests.unit.generation.bars import AAPL, MSFT, ONE_DAY, OPENING, bars_of, each_series, real_bars
from tests.unit.generation.evaluators import (
    CROSSING,
    DAILY,
    FailsAt,
    an_evaluator,
    judged,
    signal_of,
    signal_of_series,
)
from tests.unit.generation.generator import JUMP, QUIET, Above, Says, rules, weighted
from tests.unit.generation.in_memory import Journal


def is_stale(bar, timeframe, now):
    return bar.time < oldest_fresh(timeframe, now)


def fires(bars, **sources):
    """Return the side of the signal after each bar that follows the quiet ones, None without one."""
    evaluator = an_evaluator(**sources)
    signals = [signal_of(evaluator, bars[:end]) for end in range(len(QUIET) + 1, len(bars) + 1)]
    return [signal and signal.side for signal in signals]


def test_a_crossing_is_a_signal():
    signal = judged(above=Above(100))

    assert signal is not None
    assert (signal.symbol, signal.side, signal.bar_time) == (AAPL, Side.BUY, CROSSING[-1].time)
    assert (signal.created_at, signal.expires_at) == (OPENING, OPENING + timedelta(seconds=300))
    assert [(vote.source, vote.side, vote.confidence) for vote in signal.votes] == [("above", Side.BUY, 85)]


def test_the_entry_price_is_the_last_close():
    signal = judged(above=Above(100))

    assert signal is not None
    assert signal.entry_price == Decimal(str(JUMP))


def test_the_regime_scales_the_confidence():
    signal = judged(above=Above(100))

    assert signal is not None
    assert signal.regime is Regime.NOT_WARM
    assert signal.confidence == 85 * CONFIDENCE_FACTOR[Regime.NOT_WARM]


def test_a_bull_market_keeps_the_confidence():
    bars = bars_of([48.3 + 0.2 * number for number in range(260)])

    signal = judged(bars, above=Above(100))

    assert signal is not None
    assert (signal.regime, signal.confidence) == (Regime.BULL, 85)


def test_a28_a_market_nobody_has_an_opinion_on_gives_no_signal():
    signal = judged(quiet=Says(None), silent=Says(None))

    assert signal is None


def test_a28_sources_that_disagree_give_no_signal():
    signal = judged(above=Above(100), bear=Says(Opinion(Side.SELL, 85)))

    assert signal is None


class Counts(Above):
    """Says as `Above` does, and counts how often it is asked."""

    asked = 0

    def vote(self, bars):
        self.asked += 1
        return super().vote(bars)


def test_a_bar_that_was_asked_about_while_it_was_the_last_is_not_asked_about_again():
    source = Counts(1)
    evaluator = an_evaluator(above=source)

    signal_of(evaluator, CROSSING[:-1])
    first = source.asked
    signal_of(evaluator, CROSSING)

    assert (first, source.asked) == (2, 3)


def test_once_two_sources_disagree_nobody_else_is_asked():
    third = Counts(1)

    assert judged(above=Above(100), bear=Says(Opinion(Side.SELL, 85)), third=third) is None
    assert third.asked == 0


def test_the_bar_before_is_asked_about_as_soon_as_there_is_one():
    source = Counts(1)

    signal_of(an_evaluator(above=source), CROSSING[-2:])

    assert source.asked == 2


def test_a_symbol_of_a_single_bar_is_looked_at_again_without_a_bar_before():
    evaluator = an_evaluator(above=Above(1))

    assert [signal_of(evaluator, CROSSING[-1:]) for _ in range(2)] == [None, None]


def test_a30_a_price_of_a_few_ticks_gives_no_signal():
    bars = bar_series(bars_of([*[0.0001] * 30, 0.0002], spread=0.00001))

    assert an_evaluator(above=Above(0.00015)).signals({AAPL: bars}, OPENING) == []


def test_a_signals_volatility_is_that_of_its_bars_to_six_places():
    signal = judged(above=Above(100))

    assert signal is not None
    assert signal.volatility == Decimal("0.022954")


def test_a_consensus_that_is_too_thin_gives_no_signal():
    signal = judged(above=Above(100, confidence=79.99))

    assert signal is None


@pytest.mark.parametrize("length", [1, 2, 14])
def test_a30_without_a_range_to_place_a_stop_by_there_is_no_signal(length):
    signal = judged(CROSSING[-length:], above=Above(100))

    assert signal is None


@pytest.mark.parametrize("failing", [False, True])
def test_b13_what_is_remembered_of_the_bar_before_is_what_it_would_say_again(failing):
    sources = {**BUILT_IN} | ({"fails": FailsAt(-1.0)} if failing else {})
    remembering = an_evaluator(generation=DAILY, **sources)
    bars = real_bars()[Symbol("IBM")][:900]

    found, anew = [], []
    for held, seen_anew in zip(each_series(bars, first=260), each_series(bars, first=260), strict=True):
        now = held.time + ONE_DAY
        found.append(signal_of_series(remembering, held, now))
        anew.append(signal_of_series(an_evaluator(generation=DAILY, **sources), seen_anew, now))

    assert found == anew
    assert sum(signal is not None for signal in found) > 20


def test_a_source_without_a_weight_in_a_regime_has_no_voice_there():
    against = WeightedSource(
        "bear", Decimal(1), Says(Opinion(Side.SELL, 85.0)).vote, {Regime.NOT_WARM: Decimal(0)}
    )
    evaluator = Evaluator(rules(), [*weighted(above=Above(100)), against], Journal().telemetry)

    signal = signal_of(evaluator, CROSSING)

    assert signal is not None
    assert [vote.source for vote in signal.votes] == ["above"]


def test_a_source_without_a_voice_on_one_symbol_has_it_on_the_next():
    climbs = WeightedSource("climbs", Decimal(1), Above(100).vote, {Regime.NOT_WARM: Decimal(0)})
    rising = bars_of([48.3 + 0.2 * number for number in range(260)])

    found = Evaluator(rules(), [climbs], Journal().telemetry).signals(
        {AAPL: bar_series(CROSSING), MSFT: bar_series(rising)}, OPENING
    )

    assert [signal.symbol for signal in found] == [MSFT]


def test_a_source_weighs_what_the_regime_gives_it():
    heavy = WeightedSource("heavy", Decimal(1), Above(100, 95.0).vote, {Regime.NOT_WARM: Decimal(3)})
    evaluator = Evaluator(rules(), [*weighted(above=Above(100, 75.0)), heavy], Journal().telemetry)

    signal = signal_of(evaluator, CROSSING)

    assert signal is not None
    assert signal.confidence == (Decimal(90) + 5) * CONFIDENCE_FACTOR[Regime.NOT_WARM]
    assert {vote.source: vote.weight for vote in signal.votes} == {"above": 1, "heavy": 3}


def test_b13_a_state_that_persists_fires_once():
    found = fires(bars_of([*QUIET, JUMP, JUMP, 112.0, 115.0]), above=Above(100))

    assert found == [Side.BUY, None, None, None]


def test_b13_a_state_that_comes_back_fires_again():
    found = fires(bars_of([*QUIET, JUMP, 90.0, JUMP]), above=Above(100))

    assert found == [Side.BUY, None, Side.BUY]


class Turns:
    """Buys above a price and sells below it."""

    def vote(self, bars):
        return Opinion(Side.BUY if bars.price > 100 else Side.SELL, 85.0)


def test_b13_a_change_of_side_fires_without_a_gap():
    found = fires(bars_of([*QUIET, JUMP, JUMP, 90.0, 90.0]), turns=Turns())

    assert found == [Side.BUY, None, Side.SELL, None]


def test_b13_a_generator_that_starts_within_a_state_does_not_fire():
    signal = judged(bars_of([*QUIET, JUMP, JUMP]), above=Above(100))

    assert signal is None


def test_b13_two_looks_at_one_bar_are_one_signal():
    evaluator = an_evaluator(above=Above(100))

    first, second = (signal_of(evaluator, CROSSING, OPENING + timedelta(seconds=5 * look)) for look in (0, 1))

    assert first is not None
    assert second is not None
    assert first.signal_id == second.signal_id


@pytest.mark.parametrize("name", BUILT_IN)
def test_b14_a_source_says_a_bar_earlier_what_it_said_then(name):
    source = BUILT_IN[name]
    bars = real_bars()[Symbol("IBM")]

    for end in range(300, len(bars), 13):
        window = bar_series(bars[end - 260 : end])
        source(window)
        found, known = (source(each) for each in (window.before(), bar_series(bars[end - 260 : end - 1])))
        assert (found and found.side) == (known and known.side)
        assert found is None or found.confidence == pytest.approx(known.confidence, rel=1e-9)


@cache
def signals_on_real_bars(symbol):
    """Play a symbol's daily bars one by one; return the signal after each, by the built-in sources."""
    evaluator = an_evaluator(generation=DAILY, **BUILT_IN)
    return [
        signal_of_series(evaluator, series, series.time + ONE_DAY, symbol)
        for series in each_series(real_bars()[symbol])
    ]


@pytest.mark.parametrize("symbol", ["AAPL", "FB", "GOOG", "IBM", "MSFT"])
def test_b13_on_real_bars_no_side_is_repeated_without_a_gap(symbol):
    signals = signals_on_real_bars(Symbol(symbol))

    assert not [now for before, now in pairwise(signals) if before and now and before.side is now.side]


@pytest.mark.parametrize("symbol", ["AAPL", "GOOG", "IBM", "MSFT"])
def test_b13_on_real_bars_signals_are_rare_and_of_both_sides(symbol):
    found = [signal for signal in signals_on_real_bars(Symbol(symbol)) if signal]

    assert {signal.side for signal in found} == set(Side)
    assert len(real_bars()[Symbol(symbol)]) / 20 < len(found) < len(real_bars()[Symbol(symbol)]) / 8
    assert len({signal.signal_id for signal in found}) == len(found)


def test_a29_on_real_bars_the_confidence_lies_between_the_votes_and_the_bonus():
    found = [signal for signal in signals_on_real_bars(AAPL) if signal]

    for signal in found:
        factor, ballots = CONFIDENCE_FACTOR[signal.regime], [vote.confidence for vote in signal.votes]
        assert min(ballots) * factor - 1 < signal.confidence <= min(max(ballots) + 10, 98) * factor


@pytest.mark.parametrize("timeframe", [each for each in Timeframe if each is not Timeframe.DAY])
@pytest.mark.parametrize(("ages", "stale"), [(0, False), (3, False), (3.001, True), (100, True)])
def test_a30_a_bar_three_bars_old_is_stale(timeframe, ages, stale):
    (bar,) = bars_of([100.0], timeframe=timeframe)

    found = is_stale(bar, timeframe, OPENING + ages * timeframe.duration)

    assert found is stale


def test_a30_over_a_night_an_intraday_bar_becomes_stale():
    (bar,) = bars_of([100.0], timeframe=Timeframe.HOUR)

    found = is_stale(bar, Timeframe.HOUR, OPENING + timedelta(hours=17.5))

    assert found


def test_a30_on_real_days_a_daily_bar_is_stale_after_a_closed_week_only():
    bars: list[Bar] = list(real_bars()[Symbol("IBM")])

    stale = [now for before, now in pairwise(bars) if is_stale(before, Timeframe.DAY, now.time)]

    assert [f"{exchange_date(bar.time)}" for bar in stale] == ["2001-09-17"]
