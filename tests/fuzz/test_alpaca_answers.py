import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argo.domain.faults import BrokerFault
from tests.deep import examples
from tests.fuzz import broker_wire, doors
from tests.fuzz.broker_wire import METHODS
from tests.fuzz.mutations import as_json, damaged, odd_texts, places, with_each_odd_value
from tests.fuzz.samples import ANSWERS, PROBLEM, answer_to, response

ONE_OF_EACH = ("account", "clock", "positions", "submit", "asset", "bars", "latest_prices")
STATUSES = (200,) * 8 + (201, 204, 301, 401, 403, 404, 408, 422, 422, 429, 429, 500, 503, 599)
PAGES = [b"", b"<html><h1>502 Bad Gateway</h1></html>", b"null", b"7", b"[]", b"{}", b"\xff\xfe", b"ok"]
HEADERS = st.tuples(
    st.sampled_from(
        [
            *("X-RateLimit-Reset", "X-RateLimit-Remaining", "X-Request-ID", "Content-Type", "Content-Encoding"),
            *("Location", "Set-Cookie", "Retry-After", "Content-Length", "Transfer-Encoding", ""),
        ]
    ),
    odd_texts | st.sampled_from(["gzip", "chunked", "text/html", "application/json; charset=undefined", "0"]),
).map(lambda each: f"{each[0]}: {each[1]}".encode("utf-8", "surrogatepass"))


@pytest.fixture(scope="module")
def wire():
    with broker_wire.serving() as alpaca:
        yield alpaca


@pytest.mark.parametrize("method", METHODS)
def test_what_is_fuzzed_is_understood_as_it_is(wire, method):
    answer = response(200, json.dumps(ANSWERS[method]).encode())

    assert not isinstance(doors.alpaca(answer_to(method, answer), wire), BrokerFault)


@pytest.mark.parametrize(
    ("method", "place"),
    [(method, place) for method in ONE_OF_EACH for place in places(ANSWERS[method])],
    ids=str,
)
def test_an_answer_with_any_odd_value_is_what_the_port_promises_or_one_of_its_faults(wire, method, place):
    for body in with_each_odd_value(ANSWERS[method], place):
        doors.alpaca(answer_to(method, response(200, body)), wire)


@pytest.mark.parametrize("place", places(PROBLEM), ids=str)
def test_a_refusal_with_any_odd_value_is_one_of_the_ports_faults(wire, place):
    for body in with_each_odd_value(PROBLEM, place):
        assert isinstance(doors.alpaca(answer_to("submit", response(422, body)), wire), BrokerFault)


@st.composite
def answers(draw):
    method = draw(st.sampled_from(METHODS + ("submit",) * 6))
    body = draw(as_json(ANSWERS[method]) | as_json(ANSWERS[method]) | as_json(PROBLEM) | st.sampled_from(PAGES))
    raw = response(draw(st.sampled_from(STATUSES)), body, tuple(draw(st.lists(HEADERS, max_size=2))))
    return answer_to(method, raw if draw(st.integers(0, 5)) else draw(damaged(raw)))


# Where an answer's headers contradict each other, urllib3 leaves the socket to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@given(raw=answers())
@settings(max_examples=examples(400))
def test_any_answer_is_what_the_port_promises_or_one_of_its_faults(wire, raw):
    doors.alpaca(raw, wire)
