from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from argo.domain.signal import Side, Vote
from generation.consensus import consensus
from tests.unit.generation.generator import rules
from tests.unit.strategies import confidences, sides, votes

NO_MINIMUM = rules().model_copy(update={"minimum_confidence_by_votes": (Decimal(0),)})
PLAIN = NO_MINIMUM.model_copy(update={"agreement_bonus": (Decimal(0),), "confidence_cap": Decimal(100)})
CAP = NO_MINIMUM.confidence_cap
LARGEST_BONUS = max(NO_MINIMUM.agreement_bonus)


def a_vote(confidence: object, side: Side = Side.BUY, weight: object = 1, source: str = "trend") -> Vote:
    return Vote(source=source, side=side, confidence=Decimal(str(confidence)), weight=Decimal(str(weight)))


def confidence_of(ballots, generation=NO_MINIMUM):
    """Return the consensus' confidence; none counts as less than any."""
    agreed = consensus(ballots, generation)
    return Decimal(-1) if agreed is None else agreed.confidence


@st.composite
def unanimous(draw, least=1):
    side = draw(sides)
    ballots = draw(st.lists(votes, min_size=least, max_size=6))
    return [vote.model_copy(update={"side": side}) for vote in ballots]


def test_a28_nobody_voting_is_no_consensus():
    agreed = consensus([], NO_MINIMUM)

    assert agreed is None


@pytest.mark.parametrize("side", ["neutral", "NEUTRAL", "hold", "", None])
def test_a28_a_vote_has_one_of_two_sides(side):
    with pytest.raises(ValidationError, match="side"):
        Vote(source="trend", side=side, confidence=Decimal(80))


@given(st.lists(votes, max_size=6))
def test_a28_the_consensus_takes_a_side_that_somebody_voted_for(ballots):
    agreed = consensus(ballots, NO_MINIMUM)

    assert agreed is None or {agreed.side} == {vote.side for vote in ballots}


@given(confidences, st.integers(1, 5))
def test_a29_a_tie_is_no_signal(confidence, each):
    ballots = [a_vote(confidence, side) for side in Side for _ in range(each)]

    agreed = consensus(ballots, NO_MINIMUM)

    assert agreed is None


def test_a29_two_sixties_give_sixty_and_the_bonus_for_two():
    agreed = consensus([a_vote(60), a_vote(60)], NO_MINIMUM)

    assert agreed is not None
    assert agreed.confidence == 65


def test_a29_one_sure_vote_does_not_carry_a_mean_that_is_too_thin():
    needs_75 = PLAIN.model_copy(update={"minimum_confidence_by_votes": (Decimal(75),)})

    assert consensus([a_vote(90), a_vote(59.98)], needs_75) is None
    assert confidence_of([a_vote(90), a_vote(60)], needs_75) == 75


def test_a29_two_sixties_are_too_thin_for_a_signal():
    agreed = consensus([a_vote(60), a_vote(60)], rules())

    assert agreed is None


@given(unanimous())
def test_a29_before_the_bonus_the_consensus_lies_between_the_votes(ballots):
    found = confidence_of(ballots, PLAIN)

    assert min(vote.confidence for vote in ballots) <= found <= max(vote.confidence for vote in ballots)


@given(unanimous())
def test_a29_the_bonus_is_all_that_is_added(ballots):
    found = confidence_of(ballots)

    bonus = NO_MINIMUM.agreement_bonus[min(len(ballots), 4) - 1]
    assert found == min(confidence_of(ballots, PLAIN) + bonus, CAP)


@given(unanimous())
def test_the_cap_is_never_exceeded(ballots):
    found = confidence_of(ballots)

    assert found <= CAP


def test_the_surest_votes_are_capped_too():
    found = confidence_of([a_vote(99), a_vote(100)])

    assert found == 98


@given(st.lists(votes, max_size=6))
def test_long_and_short_are_judged_alike(ballots):
    turned = [vote.model_copy(update={"side": vote.side.opposite}) for vote in ballots]

    agreed, opposed = consensus(ballots, rules()), consensus(turned, rules())

    assert (agreed is None) == (opposed is None)
    if agreed is not None and opposed is not None:
        assert (agreed.side.opposite, agreed.confidence) == (opposed.side, opposed.confidence)


@given(st.lists(votes, max_size=6).flatmap(lambda ballots: st.tuples(st.just(ballots), st.permutations(ballots))))
def test_the_order_of_the_votes_is_irrelevant(orders):
    first, second = orders

    assert confidence_of(first) == confidence_of(second)


@given(unanimous(), st.data())
def test_raising_an_agreeing_vote_never_lowers_the_confidence(ballots, data):
    chosen = data.draw(st.integers(0, len(ballots) - 1))
    higher = data.draw(confidences.filter(lambda value: value >= ballots[chosen].confidence))
    raised = [*ballots]
    raised[chosen] = ballots[chosen].model_copy(update={"confidence": higher})

    assert confidence_of(raised) >= confidence_of(ballots)


@given(unanimous(least=2), st.data())
def test_a_vote_turned_against_the_others_never_raises_the_confidence(ballots, data):
    chosen = data.draw(st.integers(0, len(ballots) - 1))
    turned = [*ballots]
    turned[chosen] = ballots[chosen].model_copy(update={"side": ballots[chosen].side.opposite})

    assert confidence_of(turned) <= confidence_of(ballots)


@given(unanimous(), votes)
def test_a_vote_against_ends_the_consensus(ballots, against):
    opposed = against.model_copy(update={"side": ballots[0].side.opposite})

    agreed = consensus([*ballots, opposed], NO_MINIMUM)

    assert agreed is None


def test_a_heavier_vote_counts_for_more():
    found = confidence_of([a_vote(60, weight=3), a_vote(80, weight=1)], PLAIN)

    assert found == 65


@pytest.mark.parametrize(
    ("confidences", "mean"),
    [((80, 80, 81), "80.33"), ((80, 81, 81), "80.67"), ((80, "80.01"), "80.00"), (("80.01", "80.02"), "80.02")],
)
def test_a_mean_is_rounded_to_a_hundredth_and_a_half_to_the_even_one(confidences, mean):
    assert confidence_of([a_vote(each) for each in confidences], PLAIN) == Decimal(mean)


@pytest.mark.parametrize(
    ("ballots", "agreed"),
    [
        ([79.99], False),
        ([80], True),
        ([69.99, 69.99], False),
        ([70, 70], True),
        ([64.99] * 3, False),
        ([65] * 3, True),
        ([59.99] * 4, False),
        ([60] * 4, True),
        ([60] * 5, True),
    ],
)
def test_fewer_votes_need_more_confidence(ballots, agreed):
    found = consensus([a_vote(confidence) for confidence in ballots], rules())

    assert (found is not None) == agreed


@given(unanimous())
def test_the_consensus_carries_its_votes(ballots):
    agreed = consensus(ballots, NO_MINIMUM)

    assert agreed is not None
    assert agreed.votes == ballots
