"""Requests to Alpaca: with timeouts, off the event loop; an answer that is no success is a fault.

A request is sent once; only a read that met a connection which had died is asked again, on a fresh one.

Of alpaca-py Argo takes the REST client only. The clients above it add models, which cost half the import time,
raise on a status that Alpaca adds after the order was accepted, and need pandas (0.44.0, see docs/decisions.md).
"""

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Protocol

import requests
from alpaca.common.exceptions import APIError
from alpaca.common.rest import RESTClient

from argo.adapters.alpaca.connections import REQUEST_SECONDS, Recorder, UnderWay
from argo.adapters.alpaca.outcome import Answer, fault
from argo.adapters.aws.parameters import Credentials, without_key
from argo.adapters.clock import SystemClock
from argo.adapters.threads import BlockingCalls
from argo.domain.addresses import normal_form
from argo.domain.faults import Ambiguous, Unauthorised
from argo.domain.tables import ConfigurationError
from argo.ports import Clock, Unavailable


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


class RenewableKey(Protocol):
    """A key that may be replaced while the process lives; each one that is another has a version of its own."""

    version: int

    def renew(self, version: int, sent_at: datetime) -> bool:
        """Read it anew where that of a version, sent at a time, was refused; tell whether it is another now."""


class Transport:
    """A REST client per worker thread, because a `requests.Session` is not promised to be thread-safe."""

    def __init__(
        self,
        make_client: Callable[[], RESTClient],
        key: RenewableKey | None = None,
        *,
        clock: Clock | None = None,
    ) -> None:
        """Build clients with ``make_client``, one in each thread that calls; anew with a new ``key``.

        ``clock`` tells how long a connection has idled. It is the wall's: a process that is frozen counts nothing.
        """
        self._make_client = make_client
        self._key = key
        self._clock = clock or SystemClock()
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

    @property
    def key_version(self) -> int:
        """Which key the next request goes with at least."""
        return self._key.version if self._key is not None else 0

    def renew_key(self, version: int, sent_at: datetime) -> bool:
        """Read the key anew, that of a version having been refused; tell whether there is another now."""
        return self._key is not None and self._key.renew(version, sent_at)

    def _client(self) -> tuple[RESTClient, Recorder]:
        version = self.key_version
        if getattr(self._local, "version", None) != version:
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
            self._local.client, self._local.recorder, self._local.version = client, recorder, version
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
        key: RenewableKey | None = None,
    ) -> None:
        """Ask at ``base_url`` (with or without ``/v2``).

        ``credentials`` are read with the first request; where there are none, every request is `Unauthorised`,
        an outcome with a reason instead of a function that won't start (FAILURES A02), and where they can't be
        read for now, `NotSent`. A request whose ``key`` is refused is sent once more where it has been replaced.
        """
        self._transport = Transport(client_maker(credentials, base_url), key, clock=clock)
        self._credentials, self._knows_key = credentials, False
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
        send = partial(self._sent_within, method, path, data, version)
        try:
            if not self._knows_key:
                # Outside the request's deadline: whoever waits for the parameter store has sent nothing.
                await self._calls.run(self._credentials)
                self._knows_key = True
            key, sent_at = self._transport.key_version, self._clock.now()
            answer = await send()
            refused = isinstance(fault(answer, self._clock.now()), Unauthorised)
            # Who is not let in has done nothing: an order, too, may be sent once more, with another key.
            if refused and await self._calls.run(self._transport.renew_key, key, sent_at):
                answer = await send()
        except (ConfigurationError, Unavailable) as failure:
            raise without_key(failure) from failure
        return answer

    async def _sent_within(
        self, method: str, path: str, data: Mapping[str, object] | None, version: str | None
    ) -> Answer:
        """Send one request and wait for its answer, for `REQUEST_SECONDS` at most."""
        under_way = UnderWay()
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                return await self._calls.run(
                    self._transport.request, method, path, data, version=version, under_way=under_way
                )
        except TimeoutError as error:
            under_way.abort()
            raise Ambiguous(f"no whole answer within {REQUEST_SECONDS:.0f} s") from error

    def _raise_fault(self, answer: Answer) -> None:
        if (found := fault(answer, self._clock.now())) is not None:
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
