import asyncio
import contextlib
import gc
import json
import socket
import threading
from datetime import timedelta

import pytest
from alpaca.common.rest import RESTClient
from requests import Session
from urllib3 import HTTPConnectionPool, Timeout

from argo.adapters.alpaca import transport
from argo.adapters.alpaca.broker import AlpacaBroker
from argo.adapters.alpaca.connections import CONNECT_SECONDS, READ_SECONDS
from argo.adapters.alpaca.transport import Transport
from argo.adapters.idling import LONGEST
from argo.adapters.threads import BlockingCalls
from argo.domain.faults import Ambiguous
from simulation.ports.clock import SteppedClock
from tests.contract.faces import GOOD_KEYS
from tests.freezing import FreezingProxy
from tests.fuzz import broker_wire
from tests.fuzz.samples import response
from tests.simulation.trader import TEN_O_CLOCK
from tests.unit.builders import an_entry_plan

HASTE = 100
SECOND = timedelta(seconds=1)


class HastyPool(HTTPConnectionPool):
    """Connections whose time runs a hundred times faster; it keeps the timeouts it was given."""

    given: list[Timeout]

    def urlopen(self, *args, timeout, **options):
        self.given.append(timeout)
        hasty = Timeout(connect=timeout.connect_timeout, read=timeout.read_timeout / HASTE)
        return super().urlopen(*args, timeout=hasty, **options)


class HastySession(Session):
    """A session that opens such connections for whatever adapter is mounted on it."""

    def __init__(self):
        self.given = []
        super().__init__()

    def mount(self, prefix, adapter):
        pool = type("Pool", (HastyPool,), {"given": self.given})
        adapter.poolmanager.pool_classes_by_scheme = {"http": pool, "https": pool}
        super().mount(prefix, adapter)


@pytest.fixture
def silent_broker():
    """An address that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_request_that_cannot_be_sent_does_not_return_the_answer_before_it(face):
    transport = Transport(lambda: RESTClient(face.url, "key", "secret", raw_data=True))
    assert transport.request("GET", "/clock").status == 200

    with pytest.raises(TypeError):
        transport.request("POST", "/orders", {"qty": object()})

    assert face.posts == 0


def test_a12_a_silent_broker_is_given_up_after_the_read_timeout(silent_broker):
    session = HastySession()

    def client():
        made = RESTClient(silent_broker, "key", "secret", raw_data=True)
        made._session = session
        return made

    with session, pytest.raises(Ambiguous, match="ReadTimeout"):
        Transport(client).request("POST", "/orders", {"qty": "1"})

    (given,) = session.given
    assert (given.connect_timeout, given.read_timeout) == (CONNECT_SECONDS, READ_SECONDS)


@pytest.fixture
def told():
    """What a submission comes to when these bytes answer it."""
    with broker_wire.serving() as alpaca:
        yield lambda answer: alpaca.ask("submit", answer)


# urllib3 leaves the socket of such an answer to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_b02_an_order_whose_answer_contradicts_itself_may_have_been_taken(told):
    found = told(response(200, b'{"id": "1"}', (b"Content-Length: 7",)))

    assert type(found) is Ambiguous
    gc.collect()


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"id": "\\ud800"}',
        b'{"id": "\\uDC00", "a": 1}',
        b"\xef\xbb\xbf{}",
        '{"id": "1"}'.encode("utf-16"),
    ],
    ids=["too deep", "half a character", "the other half", "a mark before it", "another encoding"],
)
def test_b02_a_body_that_no_record_can_hold_tells_nothing_of_the_order(told, body):
    assert type(told(response(200, body))) is Ambiguous


def test_a_body_in_utf_8_is_read_so_whatever_its_header_says(told):
    body = json.dumps({"id": "1", "symbol": "é😀"}, ensure_ascii=False).encode()

    assert told(response(200, body, (b"Content-Type: text/html; charset=latin-1",))).symbol == "é😀"


@pytest.fixture
def dripping_broker():
    """An address that answers with a byte now and then, and never comes to an end; tells when it is hung up on."""
    hung_up = threading.Event()

    def drip(server):
        connection, _ = server.accept()
        with connection, contextlib.suppress(OSError):
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Slow: ")
            while not hung_up.wait(0.01):
                connection.sendall(b"x")
        hung_up.set()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=drip, args=(server,), daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", hung_up
        hung_up.set()


@pytest.mark.parametrize("method", ["account", "submit"])
def test_c44_an_answer_that_drips_is_given_up_at_the_deadline(dripping_broker, monkeypatch, method):
    url, hung_up = dripping_broker
    monkeypatch.setattr(transport, "REQUEST_SECONDS", 0.2)
    broker = AlpacaBroker(lambda: GOOD_KEYS, url, clock=SteppedClock(TEN_O_CLOCK), calls=BlockingCalls("drip", 1))
    asked = broker.account() if method == "account" else broker.submit(an_entry_plan().body())

    with pytest.raises(Ambiguous, match="no whole answer within"):
        asyncio.run(asked)

    assert hung_up.wait(300)  # The thread that waited for the rest is free again.


def test_c10_a_read_that_meets_a_dead_connection_is_asked_again_at_once(face):
    with FreezingProxy(face.url) as proxy:
        broker = face.broker(url=proxy.url, threads=1)
        broker.clock()
        proxy.freeze()

        assert broker.clock().is_open

        assert (proxy.reset, proxy.opened) == (1, 2)


def test_c10_an_order_that_meets_one_is_of_unknown_fate_and_is_not_sent_again(face):
    with FreezingProxy(face.url) as proxy:
        broker = face.broker(url=proxy.url, threads=1)
        broker.clock()
        proxy.freeze()

        with pytest.raises(Ambiguous):
            broker.submit(an_entry_plan().body())

        assert (proxy.reset, proxy.opened, face.posts) == (1, 1, 0)


@pytest.mark.parametrize("idled", [LONGEST + SECOND, -LONGEST - SECOND], ids=["later", "earlier"])
def test_c10_a_connection_that_has_idled_is_not_used_for_an_order(face, idled):
    with FreezingProxy(face.url) as proxy:
        broker = face.broker(url=proxy.url, threads=1)
        broker.clock()
        proxy.freeze()
        face.clock.set(face.now + idled)

        assert broker.submit(an_entry_plan().body()).order_id

        assert (proxy.reset, proxy.opened, face.posts) == (0, 2, 1)


def test_a_connection_that_is_in_use_is_kept(face):
    with FreezingProxy(face.url) as proxy:
        broker = face.broker(url=proxy.url, threads=1)
        for _ in range(5):
            broker.clock()
            face.clock.set(face.now + LONGEST)

        assert proxy.opened == 1
