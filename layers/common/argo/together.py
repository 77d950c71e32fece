"""Awaiting several things at the same time."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def together[T](*each: Coroutine[Any, Any, T]) -> list[T]:
    """Await all at the same time and return their results in order.

    One alone, or none, is awaited without a task: most often there is nothing to wait for at the same time.
    """
    if len(each) > 1:
        return list(await asyncio.gather(*each))
    return [await one for one in each]
