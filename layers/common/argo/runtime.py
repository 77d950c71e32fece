"""A function's process: its event loop, and what surrounds each invocation."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from argo.ports import Telemetry


@contextmanager
def invocation(telemetry: Telemetry, context: LambdaContext) -> Iterator[None]:
    """Name the invocation in every log line of it, and write its metrics when it ends, however it does."""
    telemetry.log.append_keys(request_id=context.aws_request_id)
    try:
        yield
    finally:
        telemetry.flush()


def run[T](work: Coroutine[Any, Any, T]) -> T:
    """Run one invocation's work to its end and return its result.

    The loop outlives the invocation, as the process does: what is bound to it stays usable when Lambda thaws.
    """
    return _runner().run(work)


@cache
def _runner() -> asyncio.Runner:
    return asyncio.Runner()
