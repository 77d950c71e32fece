"""Properties that say how often they came to their point: one that hardly ever does proves nothing."""

from collections.abc import Callable
from functools import wraps

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

_EXAMPLES = 100
"""Also in `make test`: of few, how many come to their point is chance."""


def given_reaching(least: int, *drawn: st.SearchStrategy) -> Callable[[Callable[..., bool]], Callable[[], None]]:
    """Be `hypothesis.given` for a property that returns whether it came to its asserts.

    In ``least`` of a hundred examples it has to: strategies that do not make the case fail the test. How often
    they do goes by which modules are loaded, whose constants Hypothesis draws too: ``least`` is half of the fewest
    that were seen.
    """

    def decorate(prop: Callable[..., bool]) -> Callable[[], None]:
        came: list[bool] = []

        @settings(max_examples=_EXAMPLES)
        @given(*drawn)
        @wraps(prop)
        def checked(**values: object) -> None:
            came.append(prop(**values))

        def test() -> None:
            came.clear()
            checked()
            reached, examples = sum(came), len(came)
            assert reached * 100 >= least * examples, f"its case was made in {reached} of {examples} examples"

        test.__name__, test.__qualname__, test.__module__ = prop.__name__, prop.__qualname__, prop.__module__
        test.__doc__ = prop.__doc__
        return pytest.mark.no_cover(test)  # As conftest has it for Hypothesis' own.

    return decorate
