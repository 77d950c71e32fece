"""The event loop of a function's process."""

import asyncio
from collections.abc import Coroutine
from functools import cache
from typing import Any


def run[T](work: Coroutine[Any, Any, T]) -> T:
    """Run one invocation's work to its end and return its result.

    The loop outlives the invocation, as the process does: what is bound to it stays usable when Lambda thaws.
    """
    return _runner().run(work)


@cache
def _runner() -> asyncio.Runner:
    return asyncio.Runner()
