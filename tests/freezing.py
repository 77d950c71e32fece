"""A proxy between a worker and a service, for what happens to connections while a function is frozen."""

import contextlib
import socket
import struct
import threading
from urllib.parse import urlsplit

_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: closing sends a reset."""


class FreezingProxy:
    """Forwards bytes to an address, and forgets connections when told; a context manager.

    A forgotten connection looks open to both its ends, as after a freeze: the next packet on it is answered with a
    reset, and reaches nobody.

    Attributes:
        url: Where it listens.
        opened: How many connections it has taken.
        reset: How many packets it has answered with a reset.
    """

    def __init__(self, upstream):
        parts = urlsplit(upstream)
        self._upstream = parts.hostname, parts.port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self.opened = self.reset = 0
        self._forgotten = set()
        self._open = set()
        self._lock = threading.Lock()

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        with self._lock:
            left = list(self._open)
        for each in left:
            _end(each)

    def freeze(self):
        """Forget every connection that is open now."""
        with self._lock:
            self._forgotten |= self._open

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                service = socket.create_connection(self._upstream)
                with self._lock:
                    self.opened += 1
                    self._open.add(client)
                threading.Thread(target=self._forward, args=(client, service), daemon=True).start()
                threading.Thread(target=self._answer, args=(service, client), daemon=True).start()

    def _forward(self, client, service):
        with contextlib.suppress(OSError):
            while sent := client.recv(65_536):
                if client in self._forgotten:
                    self.reset += 1
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    break
                service.sendall(sent)
        with self._lock:
            self._open.discard(client)
        client.close()
        _end(service)

    def _answer(self, service, client):
        with contextlib.suppress(OSError):
            while answered := service.recv(65_536):
                client.sendall(answered)
            if client not in self._forgotten:
                client.shutdown(socket.SHUT_WR)
        service.close()


def _end(connection):
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
