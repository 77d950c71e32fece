"""Connections to Alpaca: one per worker thread, with timeouts, an age, and an end that another thread can make."""

import socket
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from argo.adapters.idling import Idling

CONNECT_SECONDS = 3.05
READ_SECONDS = 8.0
"""Timeouts; well below the executor's lease, so that a silent broker leaves time to record it.

They bound each wait for a byte, `REQUEST_SECONDS` all of them together.
"""

REQUEST_SECONDS = CONNECT_SECONDS + READ_SECONDS
"""A request's deadline, from its name being resolved to the last byte of its answer (FAILURES C44)."""

_opening = threading.local()
"""The recorder whose request a thread is sending."""


class _Known:
    """A connection that says to its recorder that it has been opened."""

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]  # urllib3's
        _opening.recorder.opened(self)


class _Plain(_Known, HTTPConnection):
    pass


class _Secure(_Known, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


class Recorder(HTTPAdapter):
    """Sets the timeouts that the SDK lacks and keeps the last response, whatever the SDK makes of it.

    Its one connection is known, so that another thread can end what is under way on it.
    """

    def __init__(self) -> None:
        super().__init__(pool_maxsize=1)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
        self._last: requests.Response | None = None
        self._connection: Callable[[], HTTPConnection | None] = lambda: None
        self._idling = Idling()

    def opened(self, connection: HTTPConnection) -> None:
        self._connection = weakref.ref(connection)

    def is_fresh(self, now: datetime) -> bool:
        """Leave a connection that has idled for too long; True where the next request opens one."""
        idled = self._idling.too_long(now)
        if idled:
            self.leave()
        return idled

    def used(self, now: datetime) -> None:
        self._idling.used(now)

    def leave(self) -> None:
        """Use no connection again that was open until now, to a proxy's or to the broker's own address."""
        self.close()
        self._idling = Idling()

    def abort(self) -> None:
        """End the request under way, from another thread."""
        connection = self._connection()
        if connection is not None and connection.sock is not None:
            with suppress(OSError):  # It ended by itself.
                connection.sock.shutdown(socket.SHUT_RDWR)

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]  # noqa: ANN401 - the base's options
        _opening.recorder = self
        try:
            self._last = super().send(request, **options | {"timeout": (CONNECT_SECONDS, READ_SECONDS)})
        except requests.exceptions.InvalidHeader as error:
            # The answer's: the request has gone, unlike one whose key no header can carry.
            raise requests.ConnectionError(str(error)) from error
        finally:
            del _opening.recorder  # A thread outlives its clients.
        return self._last

    def forget(self) -> None:
        self._last = None

    def response(self) -> requests.Response | None:
        """Return the response since `forget`, if one came."""
        return self._last


class UnderWay:
    """One request under way; whoever waits for it can end it."""

    def __init__(self) -> None:
        self.recorder: Recorder | None = None

    def abort(self) -> None:
        """Let the request fail at once, in the thread that makes it."""
        if self.recorder is not None:
            self.recorder.abort()
