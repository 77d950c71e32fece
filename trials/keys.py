"""The broker's key as a worker has it: from a parameter store on a bad day, read as the adapters read it."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from argo.adapters.aws.parameters import Credentials, StoredKey
from argo.domain.faults import Unauthorised
from argo.domain.tables import ConfigurationError
from argo.ports import Unavailable
from trials.aws_faults import answered
from trials.effects import Call
from trials.faults import Fault, FaultDraws
from trials.workers import Worker
from trials.wrong_policies.policies import WithoutKey


class KeyedRequests:
    """Lets requests to the broker through that have a key; `argo.ports.interposed.Through`.

    One key is read for a worker's process, and anew where the broker refuses it, as `argo.adapters.alpaca` does.
    """

    def __init__(
        self, worker: Worker, draws: FaultDraws, *, without_key: WithoutKey, see_fault: Callable[[Call], None]
    ) -> None:
        """Begin with a key that nobody has read; ``see_fault`` is told of every read that fails."""
        self._worker = worker
        self._draws = draws
        self._without_key = without_key
        self._see_fault = see_fault
        self._key = StoredKey(self._read, worker.clock)

    def __call__[**P, T](
        self, _: str, method: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> Awaitable[T]:
        """Answer a request, or say that there is no key for it."""
        return self._answer(partial(method, *args, **kwargs))

    async def _answer[T](self, request: Callable[[], Awaitable[T]]) -> T:
        try:
            self._key()
            version, sent_at = self._key.version, self._worker.clock.now()
            try:
                return await request()
            except Unauthorised:
                if not self._key.renew(version, sent_at):
                    raise
            return await request()
        except (ConfigurationError, Unavailable) as failure:
            raise self._without_key(failure) from failure

    def _read(self) -> Credentials:
        if self._draws.strikes(Fault.PARAMETERS_THROTTLED):
            self._see_fault(Call(self._worker, "broker", "key", (), {}, -1.0, asyncio.current_task()))
            raise answered("ThrottlingException")
        return Credentials(self._worker.name, "secret")
