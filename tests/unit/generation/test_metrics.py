"""Every metric of the generator where it is written: each number of an invocation, and no other."""

import pytest

from argo.domain.faults import Ambiguous, Unauthorised
from argo.domain.lists import Unreadable
from argo.domain.metrics import Metric
from argo.domain.symbols import Symbol
from argo.ports import Unavailable
from generation.polling import Overrun
from simulation.ports.clock import SteppedClock
from tests.unit.generation.bars import AAPL, MSFT, OPENING, bars_of
from tests.unit.generation.cycles import run, seconds
from tests.unit.generation.generator import JUMP, QUIET, Above, Generator, Says, a_crossing, weighted
from tests.unit.generation.in_memory import Exchange, Feed

CROSSING = [*QUIET, JUMP]
QUIETLY = {
    Metric.GENERATION_CYCLES: 1,
    Metric.CREDENTIALS_REFUSED: 0,
    Metric.FEED_FAILURES: 0,
    Metric.SIGNALS_GENERATED: 0,
    Metric.SIGNALS_PUBLISHED: 0,
    Metric.SIGNALS_JUDGED: 0,
}
"""Written with every invocation of one cycle."""

TWO_SIGNALS = {Metric.SIGNALS_GENERATED: 2, Metric.SIGNALS_PUBLISHED: 4}
REFUSED, SILENT = Unauthorised("forbidden.", status=401), Ambiguous("no answer")


class Slow:
    """A source that takes more time than it has, on whatever machine."""

    def vote(self, bars):  # noqa: ARG002 - a source's signature
        raise Overrun


def a_generator(**sources):
    """Build a generator of two symbols that both cross, with other sources beside the one that says so."""
    clock = SteppedClock(OPENING)
    feed = Feed({symbol: bars_of(CROSSING, end=OPENING) for symbol in (AAPL, MSFT)}, clock)
    return Generator(feed, clock, sources=weighted(above=Above(100), **sources))


def counted(generator, budget=0.0):
    """Return what one invocation adds to each count."""
    before = generator.journal.telemetry.counts
    run(generator, budget)
    return {metric: count - before.get(metric, 0) for metric, count in generator.journal.telemetry.counts.items()}


def test_a06_signals_and_messages_are_counted_when_they_are_new_and_sent():
    generator = a_generator()

    assert counted(generator) == QUIETLY | TWO_SIGNALS
    assert counted(generator) == QUIETLY


def test_b13_a_cold_start_at_the_same_bar_generates_nothing_anew():
    first = a_crossing()
    run(first)

    assert counted(a_crossing(store=first.store, queues=first.queues)) == QUIETLY


def test_a_message_that_is_sent_later_is_counted_when_it_is_sent():
    generator = a_generator()
    generator.queues["argo"].is_down = True

    assert counted(generator) == QUIETLY | TWO_SIGNALS | {Metric.SIGNALS_PUBLISHED: 2}
    generator.queues["argo"].is_down = False
    assert counted(generator) == QUIETLY | {Metric.SIGNALS_PUBLISHED: 2}


def test_every_cycle_counts_every_symbol_that_it_lacks():
    generator = a_generator()
    generator.feed.held |= {
        Symbol("IBM"): (),
        Symbol("SPY"): (),
        MSFT: bars_of(CROSSING, end=OPENING - seconds(240)),
    }

    found = counted(generator, 10)

    assert found == QUIETLY | {
        Metric.GENERATION_CYCLES: 2,
        Metric.SIGNALS_GENERATED: 1,
        Metric.SIGNALS_PUBLISHED: 2,
        Metric.SYMBOLS_WITHOUT_DATA: 6,
    }


@pytest.mark.parametrize("broken", [Says(ZeroDivisionError("no volume")), Slow()], ids=["raises", "overruns"])
def test_a31_a_source_that_fails_is_counted_for_every_vote_it_costs(broken):
    found = counted(a_generator(broken=broken))

    assert found == QUIETLY | TWO_SIGNALS | {Metric.SOURCE_FAILURES: 2}


@pytest.mark.parametrize(
    ("feed", "hours", "refused", "failed"),
    [
        ([SILENT], [], 0, 1),
        ([], [SILENT], 0, 1),
        ([REFUSED], [], 1, 0),
        ([SILENT], [REFUSED], 1, 1),
        ([REFUSED], [REFUSED], 1, 0),
        ([SILENT], [SILENT], 0, 1),
    ],
)
def test_a34_a_cycle_that_lacks_an_answer_is_counted_once_as_what_kept_it_from_it(feed, hours, refused, failed):
    generator = a_crossing(exchange=Exchange(lambda: OPENING, faults=list(hours)))
    generator.feed.faults = list(feed)

    found = counted(generator)

    assert (found[Metric.CREDENTIALS_REFUSED], found[Metric.FEED_FAILURES]) == (refused, failed)


def test_a33_cycles_that_a_late_one_overlaps_are_counted_as_skipped():
    generator = a_generator()
    generator.feed.takes = [seconds(12)]

    found = counted(generator, 30)

    assert found == QUIETLY | TWO_SIGNALS | {Metric.GENERATION_CYCLES: 4, Metric.CYCLES_SKIPPED: 2}


def test_signals_whose_outcome_becomes_known_are_counted_once():
    generator = a_generator()
    run(generator)
    generator.clock.set(OPENING + seconds(60))
    generator.feed.held = {
        symbol: bars_of([*CROSSING, 10 * JUMP], end=OPENING + seconds(60)) for symbol in (AAPL, MSFT)
    }

    assert counted(generator)[Metric.SIGNALS_JUDGED] == 2
    assert counted(generator)[Metric.SIGNALS_JUDGED] == 0


def test_a_signal_that_was_never_sent_is_counted_as_expired_with_its_reason(capsys):
    generator = a_generator()
    for queue in generator.queues.values():
        queue.is_down = True
    run(generator)
    generator.clock.set(OPENING + seconds(301))

    found = counted(generator)
    capsys.readouterr()
    generator.journal.telemetry.flush()

    assert found[Metric.SIGNALS_EXPIRED] == 4
    assert '"never_sent":4' in capsys.readouterr().out.replace(" ", "")


def test_symbols_without_data_are_counted_with_the_reason(capsys):
    generator = a_generator()
    generator.feed.held[Symbol("IBM")] = ()

    run(generator)
    generator.journal.telemetry.flush()

    assert '"reasons":{"missing":1}' in capsys.readouterr().out.replace(" ", "")


def test_cycles_without_a_ledger_are_counted_beside_those_without_market_data():
    generator = a_generator()
    generator.feed.faults = [SILENT]
    generator.store.faults = [Unavailable("no answer"), Unavailable("no answer")]

    report = run(generator, 15)

    assert (report.cycles, report.failed, report.signals) == (3, 2, 2)
    assert generator.journal.count("AwsUnavailable") == 2


def test_c17_signals_of_the_outbox_that_cannot_be_read_are_counted_and_ten_of_them_named():
    generator = a_generator()
    generator.store.unreadable = [Unreadable(f"signal {number}", "of a later version") for number in range(11)]

    found = counted(generator)

    (told,) = [entry for entry in generator.journal.entries if entry["message"] == "records_unreadable"]
    assert found[Metric.UNREADABLE_RECORDS] == told["records"] == 11
    assert told["named"] == {f"signal {number}": "of a later version" for number in range(10)}
