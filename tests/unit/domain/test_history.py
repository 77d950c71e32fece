"""A history of bounded size, step by step and to the byte."""

import pytest

from argo.domain.execution import ExecutionState, Transition
from argo.domain.history import counted, shortened, step_told
from argo.domain.sizes import size_of
from tests.unit.domain.long_records import at

S = ExecutionState


def a_step(number, state=S.FILLED, **detail):
    return Transition(state=state, at=at(number), epoch=1, detail=detail)


def steps(number, **detail):
    return tuple(a_step(each, **detail) for each in range(number))


def test_48_steps_are_kept_and_49_are_shortened():
    assert shortened(steps(47), a_step(47)) is None
    assert len(shortened(steps(48), a_step(48))) == 4 + 1 + 6


@pytest.mark.parametrize(("letters", "is_kept"), [(1_167, True), (1_168, False)])
def test_13_000_bytes_are_kept_and_more_are_shortened(letters, is_kept):
    """A step takes 130 bytes at most, two more a text, and its texts."""
    history = steps(9, a="x" * 1_167)

    assert (shortened(history, a_step(9, a="x" * letters)) is None) is is_kept


def test_what_a_step_is_told_is_cut_to_500_bytes_and_2000_together():
    assert step_told({"why": "x" * 501})["why"] == "x" * 497 + "…"
    assert list(step_told(dict.fromkeys("abcd", "x" * 499))) == ["a", "b", "c"]
    assert list(step_told(dict.fromkeys("abcd", "x" * 498))) == ["a", "b", "c", "d"]


def test_what_was_told_is_shortened_the_first_steps_least():
    long = {"a": "x" * 500, "b": "y" * 500}

    short = shortened(steps(48, **long), a_step(48, **long))

    assert [step.detail["a"].count("x") for step in short] == [297] * 4 + [147] + [197] * 6
    assert [len(step.detail) for step in short] == [1] * 11
    assert all(size_of(step.detail) < 600 for step in short)


@pytest.mark.parametrize(("letters", "is_whole"), [(595, True), (596, False)])
def test_a_first_steps_text_of_600_bytes_is_whole(letters, is_whole):
    first = a_step(0, a="x" * letters)

    short = shortened((first, *steps(48)), a_step(48))

    assert (short[0] == first) is is_whole


def test_of_many_kinds_the_latest_eight_are_told_and_the_rest_are_one_step_a_state():
    kinds = [
        a_step(4 + number, S.FILLED if number % 2 else S.PARTIALLY_FILLED, why=f"{number}") for number in range(40)
    ]

    latest = [a_step(50 + number) for number in range(6)]
    between = shortened((*steps(4), *kinds, *latest[:-1]), latest[-1])[4:-6]

    told = [step.detail["why"] for step in between if "why" in step.detail]
    various = [step for step in between if step.detail == {"told": "various"}]
    assert told == [f"{number}" for number in range(32, 40)]
    assert [(step.state, step.count, step.at, step.until) for step in various] == [
        (S.PARTIALLY_FILLED, 16, at(4), at(34)),
        (S.FILLED, 16, at(5), at(35)),
    ]


def test_in_one_state_equal_steps_are_counted_whatever_the_answers_number():
    first = a_step(1, why="no", request_id="a").model_copy(update={"epoch": 3, "times": 4})
    again = a_step(2, why="no", request_id="b").model_copy(update={"last": at(9)})

    (both,) = counted([first, again])

    assert (both.count, both.at, both.until, both.epoch) == (5, at(1), at(9), 3)
    assert both.detail["request_id"] == "b"
    assert len(counted([first, a_step(2, why="yes")])) == 2


def test_equal_steps_of_two_stretches_of_a_state_are_two():
    history = [a_step(1), a_step(2, S.UNKNOWN), a_step(3)]

    assert counted(history) == history


def test_what_was_summed_up_once_is_summed_up_again_with_what_has_come_since():
    def of_kinds(first, number):
        return [a_step(first + each, why=f"{first + each}") for each in range(number)]

    once = shortened((*steps(4), *of_kinds(4, 44)), a_step(48))
    twice = shortened((*once, *of_kinds(49, 40)), a_step(100))

    (various,) = (step for step in twice if step.detail == {"told": "various"})
    told = [step.detail["why"] for step in twice[4:-6] if "why" in step.detail]
    assert told == [str(number) for number in range(76, 84)]
    assert sum(step.count for step in twice) == 49 + 41
    assert (various.at, various.until) == (at(4), at(75))
