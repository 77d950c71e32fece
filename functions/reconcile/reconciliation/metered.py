"""A broker whose requests are counted, so that a run stays within its share of the account's rate limit.

What changes nothing is asked once more where a gateway answered in the broker's place: a run that gives up on one
such answer leaves a position as it is for another minute.
"""

from collections.abc import Awaitable, Callable

from argo.domain.faults import Ambiguous
from argo.ports import Broker
from argo.ports.interposed import InterposedBroker
from argo.time_left import TimeLeft

SECOND_TRIES = 5
"""Questions that may be asked again in one run: more of them are an outage."""

_SENT_ONCE = frozenset({"submit", "replace", "cancel"})


class Metered(InterposedBroker):
    """A broker that counts the ``requests`` of one run; a list of more than a page costs one more than that."""

    def __init__(self, broker: Broker, time_left: TimeLeft) -> None:
        """Ask ``time_left`` before every request."""
        super().__init__(broker, self._count)
        self._time_left = time_left
        self.requests = 0
        self.second_tries = SECOND_TRIES

    async def _count[**P, T](
        self, name: str, method: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        self.requests += 1
        try:
            return await self._time_left.asked(name, method, *args, **kwargs)
        except Ambiguous as fault:
            if name in _SENT_ONCE or fault.status is None or not self.second_tries:
                raise
        self.second_tries -= 1
        self.requests += 1
        return await self._time_left.asked(name, method, *args, **kwargs)
