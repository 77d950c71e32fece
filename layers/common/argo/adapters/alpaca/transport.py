"""One request to Alpaca: sent once, with timeouts, its answer kept whole."""

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from argo.adapters.alpaca.answer import Answer
from argo.adapters.alpaca.sdk import APIError, RESTClient
from argo.domain.tables import ConfigurationError

CONNECT_SECONDS = 3.05
READ_SECONDS = 8.0
"""Timeouts; well below the executor's lease, so that a silent broker leaves time to record it."""


class NoAnswer(Exception):
    """The connection failed or timed out: whether the request arrived is not known."""


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
        """Forget the response before a new request."""
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
            NoAnswer: the connection could not be made, broke, or timed out.
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
            raise NoAnswer(f"{type(error).__name__}: {error}") from error
        response = recorder.response()
        if response is None:
            raise NoAnswer("the SDK made no request")
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
