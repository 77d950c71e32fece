"""What `make test` tries of many cases: some, the same each time; `make test-deep` tries the others."""

from collections.abc import Iterable

import pytest
from _pytest.mark import ParameterSet
from hypothesis import settings

_DEEP = 100
"""Examples of a property in `make test-deep`."""


def sampled(cases: Iterable[object], every: int) -> list[ParameterSet]:
    """Return cases as parameters: the first and every so many-th is tried always, the others are deep."""
    return [_param(each) if number % every == 0 else deeply(each) for number, each in enumerate(cases)]


def deeply(case: object) -> ParameterSet:
    """Return a case as a parameter that `make test` leaves out; a tuple is a value for each name."""
    given = _param(case)
    return pytest.param(*given.values, marks=(*given.marks, pytest.mark.deep), id=given.id)


def _param(case: object) -> ParameterSet:
    if isinstance(case, ParameterSet):
        return case
    return pytest.param(*case) if type(case) is tuple else pytest.param(case)


def examples(deep: int) -> int:
    """Return how many examples a property has that wants so many in `make test-deep`."""
    return max(1, deep * settings.default.max_examples // _DEEP)
