"""Stocks in the exchange's hours, crypto round the clock."""

import asyncio
from datetime import timedelta

import pytest

from argo.domain.faults import Ambiguous, Unauthorised
from argo.domain.symbols import Symbol
from generation.cycle import run_cycles
from generation.market import Sessions
from simulation.ports.clock import SteppedClock
from tests.unit.generation.bars import AAPL, OPENING, bars_of
from tests.unit.generation.generator import JUMP, QUIET, Above, Generator, rules, weighted
from tests.unit.generation.in_memory import Exchange, Feed

BTC = Symbol("BTC/USD")
HOUR = timedelta(hours=1)
DAY = [(OPENING, OPENING + 6 * HOUR), (OPENING + 24 * HOUR, OPENING + 30 * HOUR)]
BEFORE, DURING, AFTER = OPENING - HOUR, OPENING + HOUR, OPENING + 7 * HOUR


def tradable(now, *symbols, hours=DAY, **options):
    return asyncio.run(Sessions(Exchange(lambda: now, hours), **options).tradable(symbols, now))


def a_market(now, **options):
    """Return a generator whose stock and whose coin both cross above 100 in the bar that has just closed."""
    clock = SteppedClock(now)
    bars = bars_of([*QUIET, JUMP], end=now)
    options.setdefault("exchange", Exchange(clock.now, DAY))
    return Generator(Feed({AAPL: bars, BTC: bars}, clock), clock, sources=weighted(above=Above(100)), **options)


def run(generator):
    now = generator.clock.now()
    return asyncio.run(run_cycles(generator.wiring, [AAPL, BTC], until=now))


@pytest.mark.parametrize(
    ("now", "expected"),
    [(BEFORE, {BTC}), (OPENING, {AAPL, BTC}), (DURING, {AAPL, BTC}), (OPENING + 6 * HOUR, {BTC}), (AFTER, {BTC})],
)
def test_stocks_are_in_session_in_regular_hours_and_crypto_always(now, expected):
    assert tradable(now, AAPL, BTC) == expected


def test_extended_hours_are_a_choice():
    assert tradable(BEFORE, AAPL, BTC, extended_hours=True) == {AAPL, BTC}


def test_the_exchange_is_asked_once_per_opening_and_closing():
    times = [BEFORE + number * timedelta(minutes=10) for number in range(6 * 33)]
    now = iter(times)
    clock = SteppedClock(times[0])
    exchange = Exchange(clock.now, DAY)
    sessions = Sessions(exchange)

    async def watch():
        found = []
        for time in now:
            clock.set(time)
            found.append(AAPL in await sessions.tradable([AAPL], time))
        return found

    found = asyncio.run(watch())

    assert found == [any(opens <= time < closes for opens, closes in DAY) for time in times]
    assert exchange.asked == 5


def test_an_exchange_is_not_asked_for_crypto_alone():
    exchange = Exchange(lambda: BEFORE, DAY)

    asyncio.run(Sessions(exchange).tradable([BTC], BEFORE))

    assert exchange.asked == 0


def test_outside_regular_hours_a_stock_gives_no_signal_and_a_coin_does():
    generator = a_market(BEFORE)

    report = run(generator)

    assert [signal.symbol for signal in generator.store.signals] == [BTC]
    assert (report.signals, report.closed, report.stale, report.failed) == (1, 1, [], 0)


def test_with_extended_hours_both_do():
    generator = a_market(BEFORE, generation=rules(extended_hours=True))

    run(generator)

    assert {signal.symbol for signal in generator.store.signals} == {AAPL, BTC}


def test_in_regular_hours_both_do():
    generator = a_market(DURING)

    run(generator)

    assert {signal.symbol for signal in generator.store.signals} == {AAPL, BTC}


def test_a_daily_bar_is_judged_when_the_next_session_opens():
    clock = SteppedClock(OPENING - HOUR)
    daily = rules(timeframe="1Day", lifetime_seconds=86_400)
    bars = bars_of([*QUIET, JUMP], end=OPENING - HOUR, timeframe=daily.timeframe)
    generator = Generator(
        Feed({AAPL: bars}, clock),
        clock,
        generation=daily,
        sources=weighted(above=Above(100)),
        exchange=Exchange(clock.now, DAY),
    )

    before = asyncio.run(run_cycles(generator.wiring, [AAPL], until=clock.now()))
    clock.set(OPENING)
    opened = asyncio.run(run_cycles(generator.wiring, [AAPL], until=clock.now()))

    assert (before.signals, opened.signals) == (0, 1)
    assert generator.store.signals[0].created_at == OPENING


def test_without_the_exchanges_hours_no_stock_is_traded_on():
    exchange = Exchange(lambda: DURING, DAY, faults=[Ambiguous("no answer")])
    generator = a_market(DURING, exchange=exchange)

    report = run(generator)

    assert [signal.symbol for signal in generator.store.signals] == [BTC]
    assert report.failed == 1
    assert run(generator).signals == 1


def test_a34_credentials_that_the_exchange_refuses_are_counted():
    exchange = Exchange(lambda: DURING, DAY, faults=[Unauthorised("forbidden.", status=401)])
    generator = a_market(DURING, exchange=exchange)

    run(generator)

    assert generator.journal.count("CredentialsRefused") == 1


class OneFeedFails(Feed):
    """Answers for crypto only."""

    async def bars(self, symbols, timeframe, *, start, end):
        if not symbols[0].is_crypto:
            self.requests.clear()
            raise Ambiguous("no answer")
        return await super().bars(symbols, timeframe, start=start, end=end)


def test_a_feed_that_fails_keeps_nothing_from_the_other():
    generator = a_market(DURING)
    generator.wiring.history.market_data = OneFeedFails(generator.feed.held, generator.clock)

    report = run(generator)

    assert [signal.symbol for signal in generator.store.signals] == [BTC]
    assert (report.failed, report.missing) == (1, [])


def test_stocks_and_crypto_are_one_request_each():
    generator = a_market(DURING)

    run(generator)

    assert sorted(request.symbols for request in generator.feed.requests) == [(AAPL,), (BTC,)]


def test_crypto_is_warmed_up_by_the_clock_and_not_by_sessions():
    generator = a_market(DURING)

    run(generator)

    spans = {request.symbols: request.end - request.start for request in generator.feed.requests}
    assert spans[BTC,] == timedelta(minutes=260) + timedelta(days=1)
    assert spans[AAPL,] > timedelta(days=14)
