"""How good each source's votes have been: every figure from records, each with its sample size."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from argo.domain.ledger import StoredSignal
from argo.domain.signal import Ending, Regime, SignalOutcome
from console.sources import tables
from console.track_record import track_records
from tests.unit.builders import BAR_TIME, a_signal, a_vote

REALISED = {Ending.TARGET: Decimal("1.5"), Ending.STOP: Decimal(-1), Ending.EXPIRY: Decimal("0.25")}


def ended(ending, regime=Regime.BULL, confidence=80, **votes):
    """Return a judged signal with these votes; ``None`` is one that is not judged."""
    outcome = (
        None
        if ending is None
        else SignalOutcome(ending=ending, at=BAR_TIME, bars=4, price=Decimal(1), realised_r=REALISED.get(ending))
    )
    ballots = tuple(a_vote(source=name, confidence=said) for name, said in votes.items())
    signal = a_signal(regime=regime, confidence=confidence, votes=ballots)
    return StoredSignal(signal, "simulated", frozenset(), frozenset(), outcome=outcome)


def record_of(source, regime, signals):
    return next(each for each in track_records(signals) if (each.source, each.regime) == (source, regime))


MIXED = [
    ended(Ending.TARGET, trend=90),
    ended(Ending.STOP, trend=70),
    ended(Ending.EXPIRY, Regime.CHOP, trend=80, breakout=72),
    ended(Ending.TARGET, Regime.CHOP, breakout=75),
    ended(None, trend=99),
    ended(Ending.UNSEEN, trend=99),
]


@pytest.mark.parametrize(
    ("source", "regime", "samples", "hit_rate", "average_r"),
    [
        ("trend", None, 3, 1 / 3, 0.25),
        ("trend", Regime.BULL, 2, 0.5, 0.25),
        ("trend", Regime.CHOP, 1, 0.0, 0.25),
        ("breakout", None, 2, 0.5, 0.875),
        ("consensus", None, 4, 0.5, 0.5625),
    ],
)
def test_a10_hit_rate_and_average_r_are_computed_from_judged_signals(source, regime, samples, hit_rate, average_r):
    found = record_of(source, regime, MIXED)

    assert found.samples == samples
    assert found.hit_rate == pytest.approx(hit_rate)
    assert found.average_r == pytest.approx(average_r)


def test_brier_is_the_mean_squared_distance_of_confidence_and_truth():
    found = record_of("trend", None, MIXED)

    assert found.brier == pytest.approx(((0.9 - 1) ** 2 + 0.7**2 + 0.8**2) / 3)


def test_calibration_sets_confidence_against_frequency():
    found = record_of("trend", None, [*MIXED, ended(Ending.TARGET, trend=82)])

    assert [
        (each.confidence, each.samples, each.mean_confidence, each.frequency) for each in found.calibration
    ] == [
        ("70-80", 1, 70, 0),
        ("80-90", 2, 81, 0.5),
        ("90-100", 1, 90, 1),
    ]


def test_full_confidence_falls_into_the_last_range():
    found = record_of("trend", None, [ended(Ending.TARGET, trend=100)])

    assert [each.confidence for each in found.calibration] == ["90-100"]


def test_nothing_judged_is_no_record():
    assert track_records([ended(None, trend=90), ended(Ending.UNSEEN, trend=90)]) == []


@given(st.lists(st.tuples(st.sampled_from([*REALISED]), st.sampled_from(Regime), st.integers(2, 100)), min_size=1))
def test_the_regimes_together_are_all_of_them_and_so_are_the_ranges(judged):
    records = track_records([ended(ending, regime, trend=said) for ending, regime, said in judged])

    trend = [each for each in records if each.source == "trend"]
    whole, *parts = trend
    assert whole.regime is None
    assert whole.samples == sum(each.samples for each in parts) == len(judged)
    assert all(sum(bucket.samples for bucket in each.calibration) == each.samples for each in trend)
    assert all(0 <= each.brier <= 1 and 0 <= each.hit_rate <= 1 for each in trend)


def test_every_line_shows_how_many_votes_it_rests_on():
    records = track_records(MIXED)
    screen = Console(width=120, record=True, quiet=False, file=None)
    with screen.capture() as shown:
        screen.print(*tables(records, judged=4, of=6))

    text = shown.get()
    assert "4 of 6 signals have a known outcome" in text
    trend = next(line.split() for line in text.splitlines() if line.strip().startswith("trend"))
    assert trend == ["trend", "all", "3", "1", "1", "1", "33.3%", "+0.25", "0.380"]
