"""Requests to Alpaca: sent once, with timeouts, off the event loop; an answer that is no success is a fault.

Of alpaca-py Argo takes the REST client only. The clients above it add models, which cost half the import time,
raise on a status that Alpaca adds after the order was accepted, and need pandas (0.44.0, see docs/decisions.md).
"""

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

import requests
from alpaca.common.exceptions import APIError
from alpaca.common.rest import RESTClient
from requests.adapters import HTTPAdapter

from argo.adapters.alpaca.outcome import Answer, fault
from argo.adapters.aws.parameters import Credentials
from argo.adapters.threads import BlockingCalls
from argo.domain.addresses import normal_form
from argo.domain.faults import Ambiguous, Unauthorised
from argo.domain.tables import ConfigurationError
from argo.ports import Clock

CONNECT_SECONDS = 3.05
READ_SECONDS = 8.0
"""Timeouts; well below the executor's lease, so that a silent broker leaves time to record it."""


def client_maker(credentials: Callable[[], Credentials], base_url: str) -> Callable[[], RESTClient]:
    """Return what makes a client of an API at ``base_url``, with or without its ``/v2``.

    The credentials are read when a client is made, not before.

    Raises:
        ConfigurationError: it is no address of an API.
    """
    url = normal_form(base_url)

    def make() -> RESTClient:
        keys = credentials()
        return RESTClient(base_url=url, api_key=keys.key_id, secret_key=keys.secret_key, raw_data=True)

    return make


class _Recorder(HTTPAdapter):
    """Sets the timeouts that the SDK lacks and keeps the last response, whatever the SDK makes of it."""

    _last: requests.Response | None = None

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]  # noqa: ANN401 - the base's options
        try:
            self._last = super().send(request, **options | {"timeout": (CONNECT_SECONDS, READ_SECONDS)})
        except requests.exceptions.InvalidHeader as error:
            # The answer's: the request has gone, unlike one whose key no header can carry.
            raise requests.ConnectionError(str(error)) from error
        return self._last

    def forget(self) -> None:
        self._last = None

    def response(self) -> requests.Response | None:
        """Return the response since `forget`, if one came."""
        return self._last


class Transport:
    """A REST client per worker thread, because a `requests.Session` is not promised to be thread-safe."""

    def __init__(
        self, make_client: Callable[[], RESTClient], forget_key: Callable[[], None] | None = None
    ) -> None:
        """Build clients with ``make_client``, one in each thread that calls; see `renew` for ``forget_key``."""
        self._make_client = make_client
        self._forget_key = forget_key
        self._generation = 0
        self._local = threading.local()

    def request(
        self, method: str, path: str, data: Mapping[str, object] | None = None, *, version: str | None = None
    ) -> Answer:
        """Send one request and return the broker's answer, of whatever status.

        Raises:
            Ambiguous: the connection could not be made, broke, or timed out: nobody knows if the request arrived.
            ConfigurationError: no request could be made of the key and the address; nothing was sent.
        """
        client, recorder = self._client()
        recorder.forget()
        try:
            client._request(method, path, dict(data or {}), api_version=version)  # noqa: SLF001 - post() has no version
        except (APIError, ValueError, TypeError, RecursionError) as error:
            # Error statuses and bodies that are not JSON: the recorded response says which. Without one, the
            # request could not be made; the error's text may quote the key, so only its type is told.
            if recorder.response() is None:
                if isinstance(error, TypeError):
                    raise
                raise ConfigurationError(f"key or address unusable: {type(error).__name__}") from None
        except requests.RequestException as error:
            raise Ambiguous(f"{type(error).__name__}: {error}") from error
        response = recorder.response()
        if response is None:
            raise Ambiguous("the SDK made no request")
        return _answer(response)

    def renew(self) -> None:
        """Forget key and clients: the next request reads the key anew, for it may have been replaced."""
        if self._forget_key is not None:
            self._forget_key()
        self._generation += 1

    def _client(self) -> tuple[RESTClient, _Recorder]:
        generation = self._generation
        if getattr(self._local, "generation", None) != generation:
            try:
                client = self._make_client()
            except ConfigurationError:
                raise
            except ValueError as error:
                raise ConfigurationError(f"key unusable: {type(error).__name__}") from None
            client._retry = 0  # noqa: SLF001 - no argument turns the retries off
            recorder = _Recorder(pool_maxsize=1)
            for scheme in ("https://", "http://"):
                client._session.mount(scheme, recorder)  # noqa: SLF001 - no argument sets a timeout
            self._local.client, self._local.recorder, self._local.generation = client, recorder, generation
        return self._local.client, self._local.recorder


class Api:
    """One of Alpaca's APIs: sends each request once, and raises the faults of `argo.domain.faults` only."""

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
        except ConfigurationError as error:
            raise Unauthorised(str(error)) from error

    def _raise_fault(self, answer: Answer) -> None:
        found = fault(answer, self._clock.now())
        if isinstance(found, Unauthorised):
            self._transport.renew()
        if found is not None:
            raise found


def _answer(response: requests.Response) -> Answer:
    """Read JSON in UTF-8; what is none, is nested too deep, or holds half a character, which no record can."""
    try:
        text = response.content.decode()
        body = json.loads(text)
        if "\\ud" in text.lower():
            json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        body = None
    return Answer(response.status_code, response.headers, body)
