"""Blocking SDK calls off the event loop, bounded."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


class BlockingCalls:
    """A bounded pool of worker threads for blocking calls.

    The pool outlives the event loop of one invocation, so its threads keep their connections; its size is
    the bound on calls under way.
    """

    def __init__(self, name: str, workers: int) -> None:
        """Name the threads and bound them to ``workers`` calls at a time."""
        self._pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix=name)

    async def run[**P, T](self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one blocking call in a worker thread and return what it returns or raise what it raises."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: call(*args, **kwargs))
