from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import pytest

from argo.domain.signal import Side
from argo.domain.symbols import Symbol
from generation.polling import Overrun
from generation.series import bar_series
from generation.sources.base import Opinion
from tests.unit.generation.bars import AAPL, MSFT, OPENING, bars_of
from tests.unit.generation.evaluators import CROSSING, FailsAt, an_evaluator, judged
from tests.unit.generation.generator import JUMP, QUIET, Above, Says, rules
from tests.unit.generation.in_memory import Journal

MINUTE = timedelta(minutes=1)


def test_a31_a_source_that_raises_is_counted_and_named():
    journal = Journal()

    judged(journal=journal, broken=Says(ZeroDivisionError("no volume")), above=Above(100))

    failed = next(entry for entry in journal.entries if entry["message"] == "source_failed")
    assert journal.count("SourceFailures") == 1
    assert (failed["source"], failed["error"]) == ("broken", "ZeroDivisionError('no volume')")


def test_a31_a_source_that_raises_is_named_among_the_reasons_of_the_metric(capsys):
    journal = Journal()

    judged(journal=journal, broken=Says(ZeroDivisionError()), above=Above(100))
    journal.telemetry.flush()

    assert '"broken"' in capsys.readouterr().out


def test_a31_a_source_that_raises_leaves_the_vote_to_the_others():
    signal = judged(broken=Says(ZeroDivisionError()), above=Above(100))

    assert signal is not None
    assert [vote.source for vote in signal.votes] == ["above"]


def test_a31_a_source_that_begins_to_fail_makes_no_signal_by_its_silence():
    signal = judged(bars_of([*QUIET, 105.0, JUMP]), bear=FailsAt(JUMP), above=Above(100))

    assert signal is None


def test_a31_sources_that_all_raise_give_no_signal():
    signal = judged(broken=Says(ZeroDivisionError()), also=Says(RuntimeError()))

    assert signal is None


@pytest.mark.parametrize(
    "answer",
    [
        ZeroDivisionError,
        "buy",
        Opinion("neutral", 80.0),
        Opinion(Side.BUY, 0.75),
        Opinion(Side.BUY, 1.0),
        Opinion(Side.BUY, 101.0),
        Opinion(Side.BUY, -1.0),
        Opinion(Side.BUY, float("nan")),
        Opinion(Side.BUY, None),
    ],
    ids=repr,
)
def test_a31_an_answer_that_is_no_vote_counts_as_a_failure_of_its_source(answer):
    journal = Journal()

    signal = judged(journal=journal, broken=Says(answer), above=Above(100))

    assert signal is not None
    assert [vote.source for vote in signal.votes] == ["above"]
    assert journal.count("SourceFailures") == 1


def test_a_confidence_counts_to_two_places():
    signal = judged(above=Above(100, confidence=85.126))

    assert signal is not None
    assert signal.confidence == Decimal("72.36")  # times 0.85, as the regime is not warm
    assert [vote.confidence for vote in signal.votes] == [Decimal("85.13")]


def test_a31_a_source_may_answer_with_numpys_numbers():
    confidence = bar_series(CROSSING).close[-1] - 25

    signal = judged(above=Above(100, confidence=confidence))

    assert signal is not None
    assert signal.votes[0].confidence == 85


class Slow:
    """Sells, in time or for ever, and does not let itself be stopped by an ordinary exception."""

    def __init__(self, bars_in_time=0):
        self.bars_in_time = bars_in_time

    def vote(self, bars):
        while len(bars) != self.bars_in_time:
            with suppress(Exception):
                sum(range(1000))
        return Opinion(Side.SELL, 85.0)


IMPATIENT = rules(source_seconds="0.02")


def test_a31_a_source_that_overruns_its_time_is_counted_and_named():
    journal = Journal()

    judged(journal=journal, generation=IMPATIENT, slow=Slow(), above=Above(100))

    overran = next(entry for entry in journal.entries if entry["message"] == "source_overran")
    assert (overran["source"], overran["seconds"]) == ("slow", 0.02)
    assert journal.count("SourceFailures") == 1


def test_a31_a_source_that_overruns_its_time_leaves_the_vote_to_the_others():
    signal = judged(generation=IMPATIENT, slow=Slow(), above=Above(100))

    assert signal is not None
    assert [vote.source for vote in signal.votes] == ["above"]


def test_a31_a_source_that_overruns_on_the_bar_before_has_no_voice_on_the_last_one():
    signal = judged(generation=IMPATIENT, bear=Slow(bars_in_time=len(CROSSING)), above=Above(100))

    assert signal is None


def test_a31_a_source_that_overruns_on_one_symbol_is_left_out_on_all():
    evaluator = an_evaluator(generation=IMPATIENT, bear=Slow(bars_in_time=31), above=Above(100))
    market = {AAPL: bar_series(CROSSING), Symbol("MSFT"): bar_series(bars_of([90.0, *QUIET, JUMP]))}

    found = evaluator.signals(market, OPENING)

    assert {signal.symbol for signal in found} == {AAPL, "MSFT"}
    assert all([vote.source for vote in signal.votes] == ["above"] for signal in found)


class RaisesAt:
    """Says nothing at any price, and raises at one."""

    def __init__(self, price):
        self.price = price

    def vote(self, bars):
        if bars.price == self.price:
            raise ZeroDivisionError


@pytest.mark.parametrize(
    ("known", "last", "crosses"), [(QUIET, [*QUIET, JUMP], True), ([*QUIET, JUMP], [*QUIET, JUMP, JUMP], False)]
)
def test_a31_what_is_remembered_of_one_symbol_holds_while_a_source_fails_on_another(known, last, crosses):
    evaluator = an_evaluator(raises=RaisesAt(111.0), above=Above(100))
    evaluator.signals({AAPL: bar_series(bars_of(known, end=OPENING - MINUTE))}, OPENING - MINUTE)

    found = evaluator.signals(
        {AAPL: bar_series(bars_of(last)), MSFT: bar_series(bars_of([*QUIET, 111.0]))}, OPENING
    )

    assert ("AAPL" in {signal.symbol for signal in found}) == crosses


def test_a31_a_state_that_lasts_is_no_crossing_while_a_source_fails_and_only_another_symbol_is_remembered():
    evaluator = an_evaluator(raises=RaisesAt(111.0), above=Above(100))
    evaluator.signals({AAPL: bar_series(bars_of(QUIET, end=OPENING - MINUTE))}, OPENING - MINUTE)
    lasts = bar_series(bars_of([*QUIET, JUMP, JUMP]))

    found = evaluator.signals(
        {AAPL: bar_series(CROSSING), MSFT: lasts, Symbol("IBM"): bar_series(bars_of([*QUIET, 111.0]))}, OPENING
    )

    assert {signal.symbol for signal in found} == {AAPL, "IBM"}


class BuysUpTo:
    """Buys up to a price, and raises above it."""

    def __init__(self, price):
        self.price = price

    def vote(self, bars):
        if bars.price > self.price:
            raise ZeroDivisionError
        return Opinion(Side.BUY, 95.0)


def test_a31_what_a_source_had_said_of_the_bar_before_is_forgotten_once_it_fails():
    evaluator = an_evaluator(cheap=BuysUpTo(100), above=Above(100))
    evaluator.signals({AAPL: bar_series(bars_of(QUIET, end=OPENING - MINUTE))}, OPENING - MINUTE)

    (signal,) = evaluator.signals({AAPL: bar_series(CROSSING)}, OPENING)

    assert [vote.source for vote in signal.votes] == ["above"]


def test_a31_a_source_that_fails_on_one_symbol_keeps_its_voice_on_the_others():
    evaluator = an_evaluator(fails=FailsAt(JUMP), above=Above(100))
    market = {AAPL: bar_series(CROSSING), Symbol("MSFT"): bar_series(bars_of([*QUIET, 111.0]))}

    found = evaluator.signals(market, OPENING)

    assert [signal.symbol for signal in found] == [AAPL]


@pytest.mark.parametrize("confidence", [0.0, 1.01, 1.99, 100.0])
def test_a31_every_percentage_from_none_to_all_is_a_vote_and_no_failure(confidence):
    journal = Journal()

    judged(journal=journal, edge=Says(Opinion(Side.BUY, confidence)))

    assert journal.count("SourceFailures") == 0


class BuysUnlessBefore:
    """Buys at every price but the one before the crossing, at which it fails."""

    def __init__(self, failure):
        self.failure = failure

    def vote(self, bars):
        if bars.price == QUIET[-1]:
            raise self.failure
        return Opinion(Side.BUY, 95.0)


fails_somehow = pytest.mark.parametrize("failure", [ZeroDivisionError, Overrun])


@fails_somehow
def test_a31_a_source_that_alone_agrees_and_failed_on_the_bar_before_makes_no_signal(failure):
    assert judged(buys=BuysUnlessBefore(failure)) is None


@fails_somehow
def test_a31_a_source_that_failed_on_the_bar_before_lends_no_vote_to_those_that_agree_with_it(failure):
    signal = judged(buys=BuysUnlessBefore(failure), above=Above(100))

    assert signal is not None
    assert [(vote.source, vote.confidence) for vote in signal.votes] == [("above", 85)]


class Overruns:
    """Takes more time than it has, on whatever machine."""

    def vote(self, bars):  # noqa: ARG002 - a source's signature
        raise Overrun


def test_a31_a_source_that_overruns_its_time_is_named_among_the_reasons_of_the_metric(capsys):
    journal = Journal()

    judged(journal=journal, slow=Overruns(), above=Above(100))
    journal.telemetry.flush()

    assert '"slow"' in capsys.readouterr().out


def test_a31_those_after_a_source_that_overran_are_asked_about_the_bar_before_all_the_same():
    assert judged(bars_of([*QUIET, JUMP, JUMP]), slow=Overruns(), above=Above(100)) is None
