from dataclasses import replace
from datetime import timedelta
from math import inf, nan

import pytest

from argo.domain.faults import Ambiguous, Throttled, Unauthorised
from argo.domain.signal import Timeframe
from generation.market import warm_up
from simulation.ports.clock import SteppedClock
from tests.unit.generation.bars import AAPL, MSFT, ONE_DAY, OPENING, bars_of, real_bars
from tests.unit.generation.cycles import invoke, run, seconds
from tests.unit.generation.generator import JUMP, QUIET, Above, Generator, a_crossing, rules, weighted
from tests.unit.generation.in_memory import Feed

MINUTE = timedelta(minutes=1)


def test_a_crossing_is_stored_and_sent_to_every_account():
    generator = a_crossing()

    report = run(generator)

    assert (report.cycles, report.signals, report.messages) == (1, 1, 2)
    assert [len(generator.store), *map(len, generator.queues.values())] == [1, 1, 1]
    assert generator.journal.count("SignalsGenerated") == 1
    assert generator.journal.count("SignalsPublished") == 2
    assert "signal_generated" in generator.journal.events


def test_a_bar_is_judged_once_however_many_cycles_see_it():
    generator = a_crossing()

    report = run(generator, 30)

    assert (report.cycles, report.signals, report.messages) == (6, 1, 2)


def test_a_shard_asks_for_its_own_symbols_only():
    generator = a_crossing()
    generator.feed.held[MSFT] = ()
    generator = Generator(generator.feed, generator.clock)

    invoke(generator, {"shard": {"index": 1, "count": 2}, "budget_seconds": 0})

    assert generator.feed.requests[0].symbols == (MSFT,)


def test_a30_a_stale_bar_gives_no_signal():
    generator = a_crossing()
    generator.clock.set(OPENING + 3 * MINUTE + seconds(1))

    report = run(generator)

    assert (report.signals, report.stale) == (0, [AAPL])
    assert len(generator.store) == 0


def test_a30_a_bar_as_old_as_it_may_be_gives_one():
    generator = a_crossing()
    generator.clock.set(OPENING + 3 * MINUTE)

    report = run(generator)

    assert (report.signals, report.stale) == (1, [])


def test_a30_a_symbol_without_a_price_gives_no_signal_and_is_named():
    generator = a_crossing()
    generator.feed.held[MSFT] = ()

    report = run(generator)

    assert report.missing == [MSFT]
    assert [signal.symbol for signal in generator.store.signals] == [AAPL]
    named = next(entry for entry in generator.journal.entries if entry["message"] == "symbols_without_data")
    assert (named["symbols"], named["reason"]) == ([MSFT], "missing")
    assert generator.journal.count("SymbolsWithoutData") == 1


def test_a30_symbols_without_data_are_counted_each_cycle_and_named_when_they_change():
    generator = a_crossing()
    generator.feed.held[MSFT] = ()

    run(generator, 20)

    assert generator.journal.count("SymbolsWithoutData") == 4
    assert generator.journal.events.count("symbols_without_data") == 1


@pytest.mark.parametrize("fault", [Ambiguous("no answer"), Throttled("slow down", until=OPENING)])
def test_market_data_that_fails_once_costs_one_cycle(fault):
    generator = a_crossing()
    generator.feed.faults = [fault]

    report = run(generator, 10)

    assert (report.cycles, report.failed, report.signals) == (2, 1, 1)
    assert "market_data_failed" in generator.journal.events


def test_a34_refused_credentials_are_an_error_and_no_missing_data():
    generator = a_crossing()
    generator.feed.faults = [Unauthorised("forbidden.", status=401)]

    report = run(generator)

    refused = next(entry for entry in generator.journal.entries if entry["message"] == "market_data_refused")
    assert refused["level"] == "ERROR"
    assert refused["detail"] == {"message": "forbidden.", "status": "401"}
    assert (report.failed, report.missing, report.signals) == (1, [], 0)
    assert generator.journal.count("CredentialsRefused") == 1


def test_a34_an_outage_is_a_warning():
    generator = a_crossing()
    generator.feed.faults = [Ambiguous("no answer")]

    run(generator)

    failed = next(entry for entry in generator.journal.entries if entry["message"] == "market_data_failed")
    assert failed["level"] == "WARNING"
    assert generator.journal.count("CredentialsRefused") == 0


def test_the_outbox_is_sent_by_the_next_cycle():
    generator = a_crossing()
    generator.queues["argo"].is_down = True
    first = run(generator)
    generator.queues["argo"].is_down = False

    second = run(generator)

    assert (first.messages, second.messages, second.signals) == (1, 1, 0)
    assert [len(queue) for queue in generator.queues.values()] == [1, 1]


def test_a_message_that_could_not_be_sent_is_named_with_its_account():
    generator = a_crossing()
    generator.queues["prop_firm"].is_down = True

    run(generator)

    unsent = next(entry for entry in generator.journal.entries if entry["message"] == "signals_not_sent")
    assert (unsent["executor"], unsent["reason"]) == ("prop_firm", "InternalError")
    assert unsent["signal_ids"] == [generator.store.signals[0].signal_id]


def test_the_outbox_is_sent_while_market_data_fails():
    generator = a_crossing()
    generator.queues["argo"].is_down = True
    run(generator)
    generator.queues["argo"].is_down = False
    generator.feed.faults = [Ambiguous("no answer")]

    report = run(generator)

    assert (report.failed, report.messages) == (1, 1)


def test_a_bar_whose_signal_could_not_be_stored_is_looked_at_again():
    generator = a_crossing()
    generator.store.faults = [ConnectionError("throttled")]
    with pytest.raises(ConnectionError):
        run(generator)

    report = run(generator)

    assert (report.signals, report.messages) == (1, 2)


def test_a_bar_that_was_judged_is_not_judged_again():
    generator = a_crossing()
    run(generator)

    report = run(generator)

    assert (report.signals, report.messages) == (0, 0)
    assert generator.wiring.evaluated == {AAPL: (OPENING - MINUTE).timestamp()}


def test_b13_a_cold_start_at_the_same_bar_sends_nothing_twice():
    first = a_crossing()
    run(first)
    second = a_crossing(store=first.store, queues=first.queues)

    report = run(second)

    assert (report.signals, report.messages) == (0, 0)
    assert len(first.store) == len(first.queues["argo"]) == 1
    assert "signal_generated" not in second.journal.events


def played(held, days, **options):
    """Play daily bars: one invocation after each day's bar has closed; return the stored signals."""
    clock = SteppedClock(days[0] + ONE_DAY)
    daily = rules(timeframe="1Day", lifetime_seconds=86_400)
    generator = Generator(Feed(held, clock), clock, generation=daily, **options)
    for day in days:
        clock.set(day + ONE_DAY)
        run(generator)
    return generator


def test_b14_signals_are_the_same_whether_or_not_later_bars_exist():
    held = {symbol: real_bars()[symbol][:600] for symbol in (AAPL, MSFT)}
    days = [bar.time for bar in held[AAPL][300:400]]
    known = {symbol: [bar for bar in bars if bar.time <= days[-1]] for symbol, bars in held.items()}

    truncated, whole = (played(market, days).store.signals for market in (known, held))

    assert truncated
    assert whole == truncated


def test_b14_a_forming_bar_is_never_seen():
    forming = bars_of([*QUIET, 95.0, JUMP], end=OPENING + MINUTE)
    clock = SteppedClock(OPENING)
    generator = Generator(Feed({AAPL: forming}, clock), clock, sources=weighted(above=Above(100)))

    report = run(generator, 60)
    clock.set(OPENING + MINUTE)
    closed = run(generator)

    assert (report.signals, closed.signals) == (0, 1)


def test_a32_a_warm_function_asks_for_little():
    days = [bar.time for bar in real_bars()[AAPL][300:310]]

    generator = played({AAPL: real_bars()[AAPL][:320]}, days)

    cold, *warm = generator.feed.requests
    assert cold.end - cold.start == warm_up(Timeframe.DAY, 260)
    assert max(request.end - request.start for request in warm) <= timedelta(days=6)


UNSOUND = [
    *({name: 0.0} for name in ("open", "high", "low", "close")),
    {"close": -1.0},
    {"close": nan},
    {"low": inf},
    {"high": 1.0, "low": 2.0},
    {"volume": -1.0},
    {"volume": nan},
]


@pytest.mark.parametrize("unsound", UNSOUND)
def test_c18_a_bar_that_cannot_have_been_traded_is_left_out_and_its_symbol_named(unsound):
    generator = a_crossing()
    run(generator)  # There is a signal to be judged.
    jump, now = generator.feed.held[AAPL][-1], generator.clock.now()
    generator.feed.held[AAPL] = [*generator.feed.held[AAPL], replace(jump, time=now, **unsound)]
    generator.feed.held[MSFT] = bars_of([*QUIET, JUMP], end=now + MINUTE)
    generator.clock.set(now + MINUTE)
    fresh = Generator(generator.feed, generator.clock, sources=weighted(above=Above(100)), store=generator.store)

    for each in (generator, fresh):
        report = run(each, 10)

        assert (report.cycles, report.failed, report.refused) == (2, 0, ["AAPL"])
        assert [entry["symbols"] for entry in each.journal.entries if entry.get("reason") == "refused"] == [
            ["AAPL"]
        ]
        assert each.journal.count("SymbolsWithoutData") == 2
    assert {signal.symbol for signal in generator.store.signals} == {AAPL, MSFT}


@pytest.mark.parametrize("unsound", UNSOUND)
def test_c18_a_bar_without_a_price_in_the_history_costs_neither_judging_nor_the_minutes_other_cycles(unsound):
    generator = a_crossing()
    run(generator)
    (signal,) = generator.store.signals
    bars = generator.feed.held[AAPL]
    after = [replace(bars[-1], time=bars[-1].time + number * MINUTE) for number in (1, 2)]
    generator.feed.held[AAPL] = [*bars, replace(after[0], **unsound), replace(after[1], open=JUMP, low=1.0)]
    generator.clock.set(generator.clock.now() + 2 * MINUTE)

    report = run(generator, 15)

    assert (report.cycles, report.judged) == (3, 1)
    assert generator.store[signal.signal_id].outcome.price == signal.stop_price


def test_a30_a_symbol_whose_data_have_come_is_not_named_any_more():
    generator = a_crossing()
    late = bars_of([*QUIET, JUMP])
    generator.feed.held[MSFT] = ()
    asked = generator.feed.bars

    async def bars(*args, **named):
        found = await asked(*args, **named)
        generator.feed.held[MSFT] = late
        return found

    generator.feed.bars = bars

    report = run(generator, 10)

    named = [entry["symbols"] for entry in generator.journal.entries if entry["message"] == "symbols_without_data"]
    assert (report.missing, named) == ([], [["MSFT"]])
