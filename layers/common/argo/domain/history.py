"""An execution's history of bounded size: its first steps and its latest ones, equal ones between them counted.

Whatever happens to an execution, and however often, its record stays a small part of what a table takes (FAILURES
C05). Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from argo.domain.execution import Transition
from argo.domain.sizes import cut_all, size_of

MOST_STEPS = 48
MOST_BYTES = 13_000
"""A history is shortened when the next step would make it longer than this."""

_FIRST, _LATEST, _KINDS = 4, 6, 8
_EACH = 500
_OF_A_STEP, _OF_A_FIRST, _OF_A_COUNTED, _OF_A_LATEST = 2_000, 600, 300, 400
"""Bytes of one text of a step, and of all it was told: when it is written, and once the history is shortened."""

_WITHOUT_DETAIL = 130
"""Bytes of a step that was told nothing, at most."""

_VARIOUS = {"told": "various"}
_OF_ONE_ANSWER = frozenset({"request_id"})


def step_told(told: Mapping[str, str]) -> Mapping[str, str]:
    """Return what a step is told, as far as a record has room for it."""
    return cut_all(told, each=_EACH, together=_OF_A_STEP)


def shortened(history: Sequence[Transition], step: Transition) -> tuple[Transition, ...] | None:
    """Return the whole history with its next step; None where the step can be added to it as it is.

    Until then each step makes it longer. A worker of an older version knows by its length that somebody has
    written, and would take a history whose last step is counted instead for the one that it has read.
    """
    steps = (*history, step)
    if len(steps) <= MOST_STEPS and sum(map(_size_at_most, steps)) <= MOST_BYTES:
        return None
    first, between, latest = steps[:_FIRST], steps[_FIRST:-_LATEST], steps[-_LATEST:]
    return (
        *(_told_in_short(each, _OF_A_FIRST) for each in first),
        *(_told_in_short(each, _OF_A_COUNTED) for each in _summed(between)),
        *(_told_in_short(each, _OF_A_LATEST) for each in latest),
    )


def counted(history: Iterable[Transition]) -> list[Transition]:
    """Return a history as a person reads it: what was told again and again in one state is one step, counted."""
    stretches = (_by_kind(stretch) for _, stretch in groupby(history, key=lambda step: step.state))
    return [step for stretch in stretches for step in stretch]


def _summed(steps: Iterable[Transition]) -> list[Transition]:
    """Count equal steps; of many kinds the latest stay apart, the rest is one step a state."""
    kinds = _by_kind(steps)
    told = sorted((each for each in kinds if each.detail != _VARIOUS), key=lambda step: step.until)
    rest = [each for each in kinds if each.detail == _VARIOUS]
    rest += [each.model_copy(update={"detail": _VARIOUS}) for each in told[:-_KINDS]]
    return sorted([*_by_kind(rest), *told[-_KINDS:]], key=lambda step: step.at)


def _by_kind(steps: Iterable[Transition]) -> list[Transition]:
    kinds: dict[object, Transition] = {}
    for step in steps:
        said = frozenset((name, text) for name, text in step.detail.items() if name not in _OF_ONE_ANSWER)
        known = kinds.get((step.state, said))
        kinds[step.state, said] = step if known is None else _together(known, step)
    return list(kinds.values())


def _together(known: Transition, step: Transition) -> Transition:
    """Return two equal steps as one; its words and its worker are the later's."""
    sum_of_both = {
        "at": min(known.at, step.at),
        "last": max(known.until, step.until),
        "times": known.count + step.count,
        "epoch": max(known.epoch, step.epoch),
    }
    return step.model_copy(update=sum_of_both)


def _size_at_most(step: Transition) -> int:
    """Return no less than a step takes up; it is asked for at every write, of every step."""
    told = step.detail
    return _WITHOUT_DETAIL + 2 * len(told) + len("".join((*told, *told.values())).encode())


def _told_in_short(step: Transition, most: int) -> Transition:
    if size_of(step.detail) <= most:
        return step
    return step.model_copy(update={"detail": cut_all(step.detail, each=most // 2, together=most)})
