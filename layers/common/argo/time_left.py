"""Time is asked for before every request to the broker: none is begun that the function may not live to end."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from argo.domain.faults import NotSent
from argo.domain.reasons import Obstacle

LEAST_SECONDS = 12.0
"""What a request may take at worst, a silent broker's deadline, and what is written of it afterwards."""


@dataclass(slots=True)
class TimeLeft:
    """What an invocation has left of its time; ``seconds`` is set by each one that begins."""

    seconds: Callable[[], float] = lambda: LEAST_SECONDS

    async def asked[**P, T](
        self, name: str, method: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Let a port's call through where its worst case fits into the time left (FAILURES C12).

        Raises:
            NotSent: it does not.
        """
        if (left := self.seconds()) < LEAST_SECONDS:
            raise NotSent(f"{left:.1f} s were left for {name}", obstacle=Obstacle.NO_TIME_LEFT)
        return await method(*args, **kwargs)
