"""One of Alpaca's APIs: requests off the event loop, and answers that are no success as faults."""

from collections.abc import Callable, Mapping

from argo.adapters.alpaca.answer import Answer
from argo.adapters.alpaca.outcome import fault
from argo.adapters.alpaca.sdk import client_maker
from argo.adapters.alpaca.transport import NoAnswer, Transport
from argo.adapters.aws.parameters import Credentials
from argo.adapters.threads import BlockingCalls
from argo.domain.faults import Ambiguous, Unauthorised
from argo.domain.tables import ConfigurationError
from argo.ports import Clock


class Api:
    """Sends each request once and raises the faults of `argo.domain.faults`, nothing else."""

    def __init__(
        self,
        credentials: Callable[[], Credentials],
        base_url: str,
        *,
        clock: Clock,
        calls: BlockingCalls,
        forget_key: Callable[[], None] | None = None,
    ) -> None:
        """Ask at ``base_url`` (with or without ``/v2``).

        ``credentials`` are read with the first request; where they can't be, every request is `Unauthorised`,
        an outcome with a reason instead of a function that won't start (FAILURES A02). A key that is refused is
        forgotten, with ``forget_key`` where it is kept, and read anew for the next request.
        """
        self._transport = Transport(client_maker(credentials, base_url), forget_key)
        self._clock = clock
        self._calls = calls

    async def _ask(
        self, method: str, path: str, data: Mapping[str, object] | None = None, *, version: str | None = None
    ) -> Answer:
        answer = await self._send(method, path, data, version=version)
        self._raise_fault(answer)
        return answer

    async def _send(
        self, method: str, path: str, data: Mapping[str, object] | None = None, *, version: str | None = None
    ) -> Answer:
        try:
            return await self._calls.run(self._transport.request, method, path, data, version=version)
        except NoAnswer as error:
            raise Ambiguous(str(error)) from error
        except ConfigurationError as error:
            raise Unauthorised(str(error)) from error

    def _raise_fault(self, answer: Answer) -> None:
        found = fault(answer, self._clock.now())
        if isinstance(found, Unauthorised):
            self._transport.renew()
        if found is not None:
            raise found
