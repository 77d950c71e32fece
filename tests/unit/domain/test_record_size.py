"""However often something happens to an execution, its record stays small, and its end can be written."""

from collections import deque
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argo.domain import changes
from argo.domain.execution import ExecutionState, Transition
from argo.domain.folding import MOST_FILLS, bounded
from argo.domain.history import counted
from argo.domain.ledger import Release, Settlement
from argo.domain.placements import Exit, Fill
from argo.domain.reasons import Obstacle
from argo.domain.settlement import profit
from argo.domain.signal import Side
from argo.domain.sizes import LARGEST_ITEM, cut
from simulation.ports.ledger import size_of_execution
from simulation.ports.ledger.sizes import size_at_most
from tests.unit.builders import NOW, an_execution
from tests.unit.domain.long_records import (
    MANY,
    WHY,
    anything,
    at,
    guard_attempt,
    held,
    of_length,
    pause,
    refused_exit,
    repeated,
)

LARGEST = 32 * 1024
WORDS = {
    "one reason": lambda _: "asset AAPL is not tradable",
    "500 characters": lambda _: of_length(0, 500),
    "two reasons in turn": lambda number: of_length(number // 2 % 2, 500),
    "twelve reasons in turn": lambda number: of_length(number // 2 % 12, 500),
    "never the same reason": lambda number: of_length(number, 500),
}
STEPS = {"refused exits": (held, refused_exit), "guards": (held, guard_attempt), "pauses": (an_execution, pause)}


def steps_of(execution):
    return sum(step.count for step in execution.history)


def ended(execution):
    state = ExecutionState.CLOSED if execution.state is ExecutionState.FILLED else ExecutionState.EXPIRED
    learnt = Settlement(reason="broker_throttled", release=Release.RESERVATION_AND_SYMBOL)
    return changes.settled(execution, state, learnt, now=at(MANY)).applied_to(execution)


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
@pytest.mark.parametrize(("begin", "step"), STEPS.values(), ids=STEPS)
def test_c05_a_record_stays_small_after_a_thousand_steps_and_its_end_is_written(begin, step, words):
    sizes, last = [], begin()
    for number, execution in enumerate(repeated(begin(), step(words), 1_000)):
        if number % 97 == 0 or number > 950:
            sizes.append(size_of_execution(execution))
        last = execution

    assert max(sizes) <= LARGEST
    assert steps_of(last) == steps_of(begin()) + 1_000
    assert size_of_execution(ended(last)) <= LARGEST
    assert ended(last).history[-1].at == at(MANY)


@settings(max_examples=10, deadline=None)
@given(st.randoms(use_true_random=True), st.sampled_from([1, 2, 12, 10_000]), st.integers(10, 600))
def test_c05_whatever_comes_in_whatever_order_a_record_stays_small(chance, kinds, length):
    step = anything(chance, kinds=kinds, length=length)
    last = deque(repeated(held(), step, 2_000), maxlen=30)

    assert max(map(size_of_execution, last)) <= LARGEST
    assert steps_of(last[-1]) == steps_of(held()) + 2_000


def test_c05_no_step_is_lost_and_the_first_and_the_latest_are_told_as_they_were():
    first = held()
    *_, last = repeated(first, refused_exit(lambda _: "not tradable"))

    assert [step.state for step in last.history[:4]] == ["CLAIMED", "SUBMITTING", "SUBMITTED", "FILLED"]
    assert [step.at for step in last.history[-6:]] == [at(MANY - left) for left in range(6, 0, -1)]
    assert (last.exit.attempt, last.exit.refusals, last.exit.refused_at) == (1, MANY // 2, at(MANY - 1))


def test_c05_equal_steps_are_counted_with_their_first_and_last_time():
    *_, last = repeated(held(), refused_exit(lambda _: "not tradable"))

    _, refused = (step for step in counted(last.history) if "exit" in step.detail)
    assert refused.detail == {"exit": WHY, "refused": "not tradable"}
    assert (refused.count, refused.at, refused.until) == (MANY // 2, at(1), at(MANY - 1))


def test_c05_every_write_changes_the_length_or_is_of_another_revision():
    """A worker of an older version sees by the history's length that somebody has written."""
    lengths = [len(each.history) for each in repeated(held(), refused_exit(lambda n: of_length(n, 500)), 1_000)]
    revisions = [each.revision for each in repeated(held(), refused_exit(lambda n: of_length(n, 500)), 1_000)]

    assert all(before != after for before, after in pairwise(lengths))
    assert len(set(revisions)) == 1_000


def test_c05_workers_that_take_over_again_and_again_are_counted():
    execution = an_execution()
    for number in range(1_000):
        now = at(number)
        execution = changes.taken_over(execution, now=now, lease_until=now)
        paused = changes.paused(execution, Obstacle.BROKER_UNREACHABLE, until=now, now=now)
        execution = paused.applied_to(execution)

    told = counted(execution.history)
    assert (execution.epoch, steps_of(execution)) == (1_001, 1_001)
    assert [(step.count, step.epoch) for step in told] == [(1, 1), (1_000, 1_001)]


def a_record_of_an_older_version(*, kilobytes=399):
    """Return a record as the version before made them: a step for everything, with the whole reason."""
    step = Transition(state=ExecutionState.FILLED, at=NOW, epoch=1, detail={"exit": WHY, "message": "x" * 900})
    execution = held()
    return execution.model_copy(update={"history": (*execution.history, *(step,) * kilobytes)})


@pytest.mark.parametrize(
    "write",
    [
        ended,
        lambda each: changes.exit_recorded(each, Exit(why=WHY, planned_at=NOW), now=NOW).applied_to(each),
        lambda each: pause(WORDS["500 characters"])(each, 1).applied_to(each),
    ],
    ids=["its end", "an exit", "a pause"],
)
def test_c05_a_record_that_an_older_version_has_filled_is_made_small_by_the_next_write(write):
    full = a_record_of_an_older_version()

    written = write(full)

    assert LARGEST_ITEM - 20_000 < size_of_execution(full) < LARGEST_ITEM
    assert size_of_execution(written) <= LARGEST
    assert steps_of(written) == steps_of(full) + 1


def a_fill(number, leg="exit"):
    quantity, price = Decimal("0.000000001") * (number + 1), Decimal(100) + Decimal("0.01") * (number % 7)
    return Fill(order_id=f"{number:036}", leg=leg, quantity=quantity, price=price, at=at(number))


@given(st.integers(1, 300), st.lists(st.sampled_from(["exit", "correction", "stop_loss"]), min_size=1, max_size=3))
def test_c05_fills_of_many_orders_are_few_and_nothing_of_them_is_lost(number, legs):
    fills = (a_fill(0, "entry"), *(a_fill(each, legs[each % len(legs)]) for each in range(1, number)))

    few = bounded(fills, ())

    assert len(few) <= MOST_FILLS
    assert few[0] == fills[0]
    assert profit(few, Side.BUY) == profit(fills, Side.BUY)
    for leg in {fill.leg for fill in fills}:
        of_leg = [[each for each in some if each.leg == leg] for some in (few, fills)]
        assert len({sum(each.quantity for each in some) for some in of_leg}) == 1
    assert bounded(fills, few) == few


@given(st.text(max_size=60), st.integers(3, 100))
def test_a_text_is_cut_to_bytes_and_never_within_a_character(text, most):
    short = cut(text, most)

    assert len(short.encode(errors="surrogatepass")) <= max(most, 0)
    assert text.startswith(short.removesuffix("…")) or short == text


def test_what_is_quickly_said_of_a_size_is_no_less_than_it_is():
    *_, last = repeated(held(), refused_exit(WORDS["never the same reason"]), 300)

    for execution in (an_execution(), held(), last, ended(last)):
        assert size_of_execution(execution) <= size_at_most(execution)
