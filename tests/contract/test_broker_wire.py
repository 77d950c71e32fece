"""What only a wire can do to a broker: answers of another form, none at all, keys that are refused."""

import json
from contextlib import suppress
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Barrier, BrokenBarrierError, Thread

import pytest

from argo.adapters.aws.parameters import Credentials
from argo.domain.account import Asset
from argo.domain.faults import Ambiguous, Throttled, Unauthorised
from argo.domain.symbols import Symbol
from argo.domain.tables import ConfigurationError
from tests.contract.backends import together
from tests.simulation.trader import TEN_O_CLOCK
from tests.unit.builders import an_entry_plan

RESTING = an_entry_plan(limit_price="99")


def ask_everything(broker):
    """Return the calls to each of the port's methods, by name."""
    return {
        "account": broker.account,
        "clock": broker.clock,
        "positions": broker.positions,
        "open_orders": broker.open_orders,
        "closed_orders": lambda: broker.closed_orders(Symbol("AAPL"), since=TEN_O_CLOCK),
        "replace": lambda: broker.replace("an-id", stop_price=Decimal(95)),
        "asset": lambda: broker.asset(Symbol("AAPL")),
        "submit": lambda: broker.submit(RESTING.body()),
        "order": lambda: broker.order("an-id"),
        "order_by_client_id": lambda: broker.order_by_client_id("argo-1"),
        "cancel": lambda: broker.cancel("an-id"),
    }


@pytest.mark.parametrize("body", [{"message": "welcome"}, "null", {"orders": []}])
def test_a19_open_orders_of_another_form_are_ambiguous_and_not_none(face, broker, body):
    face.strike(status=200, body=body)

    with pytest.raises(Ambiguous):
        broker.open_orders()


def test_what_the_broker_does_not_affirm_of_an_asset_is_not_so(face, broker):
    face.strike(status=200, body={"symbol": "AAPL", "shortable": "yes", "fractionable": None})

    assert broker.asset(Symbol("AAPL")) == Asset(tradable=False, shortable=False, fractionable=False)


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        ({"status": 500, "body": {"message": "internal"}}, Ambiguous),
        ({"status": 429, "body": {"message": "too many requests."}}, Throttled),
        ({"drop": True}, Ambiguous),
    ],
    ids=["an error", "throttled", "a broken connection"],
)
@pytest.mark.parametrize("question", ["open_orders", "asset"])
def test_a19_no_answer_is_a_fault_and_not_nothing(face, broker, question, fault, raised):
    face.strike(**fault)

    with pytest.raises(raised):
        ask_everything(broker)[question]()


@pytest.fixture
def met_by_eight():
    """An address that answers once eight requests are there."""
    met = Barrier(8)

    class Meeting(BaseHTTPRequestHandler):
        def do_GET(self):
            times = dict.fromkeys(("timestamp", "next_open", "next_close"), "2026-03-02T10:00:00-05:00")
            body = json.dumps(times | {"is_open": True}).encode()
            with suppress(BrokenBarrierError):
                met.wait(60)
            self.send_response(500 if met.broken else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Meeting) as server:
        Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a13_calls_at_once_overlap(face, met_by_eight):
    broker = face.broker(url=met_by_eight)

    clocks = together(*(broker.port.clock() for _ in range(8)))

    assert [clock.is_open for clock in clocks] == [True] * 8


def test_a02_credentials_that_cannot_be_read_are_unauthorised_on_every_method(face):
    def unreadable() -> Credentials:
        raise ConfigurationError("credentials parameter /argo/argo/credentials: AccessDenied")

    for call in ask_everything(face.broker(unreadable)).values():
        with pytest.raises(Unauthorised, match="AccessDenied"):
            call()

    assert face.requests == {}


@pytest.mark.parametrize(
    "keys", [("", ""), ("key", ""), ("key", "secret\n"), ("key", "se\ncret"), ("key", "\N{SNOWMAN}"), ("key", 7)]
)
def test_a02_keys_that_cannot_be_sent_are_unauthorised(face, keys):
    broker = face.broker(lambda: Credentials(*keys))

    for _ in range(2):
        with pytest.raises(Unauthorised):
            broker.submit(RESTING.body())


def test_a34_refused_keys_are_unauthorised_on_every_method(face):
    for call in ask_everything(face.broker(lambda: Credentials("key", "guess"))).values():
        with pytest.raises(Unauthorised):
            call()

    assert face.posts == 1


def test_a_question_is_one_request_also_when_there_is_nothing(face, broker):
    assert broker.open_orders() == []
    assert broker.asset(Symbol("NONE")) is None

    assert face.requests == {"GET /v2/orders": 1, "GET /v2/assets/{symbol}": 1}
