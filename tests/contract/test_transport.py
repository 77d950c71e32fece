import gc
import json
import socket

import pytest
from alpaca.common.rest import RESTClient
from requests import Session
from urllib3 import HTTPConnectionPool, Timeout

from argo.adapters.alpaca.transport import CONNECT_SECONDS, READ_SECONDS, Transport
from argo.domain.faults import Ambiguous
from tests.fuzz import broker_wire
from tests.fuzz.samples import response

HASTE = 100


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
