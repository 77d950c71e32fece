"""Requests to Alpaca: with timeouts, off the event loop; an answer that is no success is a fault.

A request is sent once; only a read that met a connection which had died is asked again, on a fresh one.

Of alpaca-py Argo takes the REST client only. The clients above it add models, which cost half the import time,
raise on a status that Alpaca adds after the order was accepted, and need pandas (0.44.0, see docs/decisions.md).
"""

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from functools import partial

import requests
from alpaca.common.exceptions import APIError
from alpaca.common.rest import RESTClient

from argo.adapters.alpaca.connections import REQUEST_SECONDS, Recorder, UnderWay
from argo.adapters.alpaca.outcome import Answer, fault
from argo.adapters.aws.parameters import Credentials
from argo.adapters.clock import SystemClock
from argo.adapters.threads import BlockingCalls
from argo.domain.addresses import normal_form
from argo.domain.faults import Ambiguous, Unauthorised
from argo.domain.tables import ConfigurationError
from argo.ports import Clock


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


class Transport:
    """A REST client per worker thread, because a `requests.Session` is not promised to be thread-safe."""

    def __init__(
        self,
        make_client: Callable[[], RESTClient],
        forget_key: Callable[[], None] | None = None,
        *,
        clock: Clock | None = None,
    ) -> None:
        """Build clients with ``make_client``, one in each thread that calls; see `renew` for ``forget_key``.

        ``clock`` tells how long a connection has idled. It is the wall's: a process that is frozen counts nothing.
        """
        self._make_client = make_client
        self._forget_key = forget_key
        self._clock = clock or SystemClock()
        self._generation = 0
        self._local = threading.local()

    def request(
        self,
        method: str,
        path: str,
        data: Mapping[str, object] | None = None,
        *,
        version: str | None = None,
        under_way: UnderWay | None = None,
    ) -> Answer:
        """Send one request and return the broker's answer, of whatever status; ``under_way`` can end it.

        Raises:
            Ambiguous: the connection could not be made, broke, or timed out: nobody knows if the request arrived.
            ConfigurationError: no request could be made of the key and the address; nothing was sent.
        """
        client, recorder = self._client()
        if under_way is not None:
            under_way.recorder = recorder
        may_be_dead = not recorder.is_fresh(self._clock.now()) and method == "GET"
        ask = partial(client._request, method, path, dict(data or {}), api_version=version)  # noqa: SLF001 - post() has no version
        try:
            try:
                answer = _sent(ask, recorder)
            except _Reset:
                recorder.leave()
                if not may_be_dead:
                    raise
                answer = _sent(ask, recorder)
        except _Reset as reset:
            raise Ambiguous(str(reset)) from reset
        recorder.used(self._clock.now())
        return answer

    def renew(self) -> None:
        """Forget key and clients: the next request reads the key anew, for it may have been replaced."""
        if self._forget_key is not None:
            self._forget_key()
        self._generation += 1

    def _client(self) -> tuple[RESTClient, Recorder]:
        generation = self._generation
        if getattr(self._local, "generation", None) != generation:
            try:
                client = self._make_client()
            except ConfigurationError:
                raise
            except ValueError as error:
                raise ConfigurationError(f"key unusable: {type(error).__name__}") from None
            client._retry = 0  # noqa: SLF001 - no argument turns the retries off
            recorder = Recorder()
            for scheme in ("https://", "http://"):
                client._session.mount(scheme, recorder)  # noqa: SLF001 - no argument sets a timeout
            self._local.client, self._local.recorder, self._local.generation = client, recorder, generation
        return self._local.client, self._local.recorder


class _Reset(Exception):
    """The connection could not be made, or broke before an answer."""


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
        self._transport = Transport(client_maker(credentials, base_url), forget_key, clock=clock)
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
        under_way = UnderWay()
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                return await self._calls.run(
                    self._transport.request, method, path, data, version=version, under_way=under_way
                )
        except TimeoutError as error:
            under_way.abort()
            raise Ambiguous(f"no whole answer within {REQUEST_SECONDS:.0f} s") from error
        except ConfigurationError as error:
            raise Unauthorised(str(error)) from error

    def _raise_fault(self, answer: Answer) -> None:
        found = fault(answer, self._clock.now())
        if isinstance(found, Unauthorised):
            self._transport.renew()
        if found is not None:
            raise found


def _sent(ask: Callable[[], object], recorder: Recorder) -> Answer:
    """Send one request by the SDK and read the response that came, whatever the SDK makes of it."""
    recorder.forget()
    try:
        ask()
    except (APIError, ValueError, TypeError, RecursionError) as error:
        # Error statuses and bodies that are not JSON: the recorded response says which. Without one, the
        # request could not be made; the error's text may quote the key, so only its type is told.
        if recorder.response() is None:
            if isinstance(error, TypeError):
                raise
            raise ConfigurationError(f"key or address unusable: {type(error).__name__}") from None
    except requests.Timeout as error:
        raise Ambiguous(f"{type(error).__name__}: {error}") from error
    except requests.ConnectionError as error:
        raise _Reset(f"{type(error).__name__}: {error}") from error
    except requests.RequestException as error:
        raise Ambiguous(f"{type(error).__name__}: {error}") from error
    response = recorder.response()
    if response is None:
        raise Ambiguous("the SDK made no request")
    return _answer(response)


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
