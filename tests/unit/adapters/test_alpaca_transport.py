import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from requests.structures import CaseInsensitiveDict

from argo.adapters.alpaca.connections import Recorder
from argo.adapters.alpaca.outcome import Answer
from argo.adapters.alpaca.transport import Transport
from argo.domain.faults import Ambiguous
from argo.domain.tables import ConfigurationError
from tests.unit.builders import an_answer


class Session:
    def __init__(self) -> None:
        self.adapters = {}

    def mount(self, prefix, adapter):
        self.adapters[prefix] = adapter


class Client:
    """The SDK's client as far as it goes before anything reaches a wire."""

    def __init__(self, problem: Exception | None = None) -> None:
        self._session = Session()
        self._retry = 3
        self.problem = problem
        self.sent = []

    def _request(self, method, path, data, *, api_version):
        self.sent.append((method, path, data, api_version))
        if self.problem:
            raise self.problem


@pytest.mark.parametrize("body", [None, [], "text", 7])
def test_a_body_that_is_no_object_has_no_fields(body):
    answer = an_answer(200, body)

    assert answer.fields == {}


def test_an_objects_fields_are_its_own():
    answer = an_answer(200, {"id": "1"})

    assert answer.fields == {"id": "1"}


def test_the_request_id_is_alpacas_header():
    named = Answer(200, CaseInsensitiveDict({"x-request-id": "r-1"}), None)

    ids = [named.request_id, an_answer(200).request_id]

    assert ids == ["r-1", None]


@pytest.mark.parametrize(
    "problem",
    [
        requests.ConnectionError("reset by peer"),
        requests.ConnectTimeout("3.05 s"),
        requests.ReadTimeout("8 s"),
        requests.TooManyRedirects("loop"),
        requests.exceptions.ChunkedEncodingError("broke off"),
    ],
)
def test_b02_a_broken_connection_is_no_answer_and_sent_once(problem):
    client = Client(problem)
    transport = Transport(lambda: client)

    with pytest.raises(Ambiguous, match=type(problem).__name__):
        transport.request("POST", "/orders", {"qty": "1"})

    assert client.sent == [("POST", "/orders", {"qty": "1"}, None)]


def test_a_request_that_was_never_made_is_no_answer():
    transport = Transport(Client)

    with pytest.raises(Ambiguous, match="made no request"):
        transport.request("GET", "/account")


def test_a_programming_error_before_the_request_is_not_hidden():
    transport = Transport(lambda: Client(TypeError("bad data")))

    with pytest.raises(TypeError, match="bad"):
        transport.request("GET", "/account")


def test_a_key_that_no_request_can_carry_is_a_configuration_error_that_does_not_quote_it():
    transport = Transport(lambda: Client(ValueError("header value: 'secret\n'")))

    with pytest.raises(ConfigurationError, match="unusable: ValueError"):
        transport.request("GET", "/account")


def test_a12_the_sdks_own_retries_are_off_and_both_schemes_have_timeouts():
    client = Client(requests.ConnectionError())
    transport = Transport(lambda: client)

    with pytest.raises(Ambiguous):
        transport.request("POST", "/orders")

    assert client._retry == 0
    assert set(client._session.adapters) == {"https://", "http://"}


def test_a_thread_keeps_its_client_and_shares_it_with_no_other():
    made = []

    def make():
        made.append(Client(requests.ConnectionError()))
        return made[-1]

    transport = Transport(make)

    def ask_twice():
        for _ in range(2):
            with pytest.raises(Ambiguous):
                transport.request("GET", "/account")

    ask_twice()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(ask_twice).result()

    assert [len(client.sent) for client in made] == [2, 2]


def test_the_sdk_is_imported_without_pandas_and_leaves_numpy_to_others():
    script = (
        "import sys, argo.adapters.alpaca.transport\n"
        "assert not {'pandas', 'numpy', 'alpaca.trading.stream'} & sys.modules.keys()\n"
        "import numpy\n"
        "assert numpy.array([1.0]).sum() == 1.0\n"
    )

    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)  # noqa: S603

    assert (ended.returncode, ended.stderr) == (0, "")


def test_c10_a_connection_by_way_of_a_proxy_is_left_too():
    recorder = Recorder()
    by_proxy = recorder.proxy_manager_for("http://proxy.example:3128")
    for manager in (recorder.poolmanager, by_proxy):
        manager.connection_from_url("http://broker.example")

    recorder.leave()

    assert [len(manager.pools) for manager in (recorder.poolmanager, by_proxy)] == [0, 0]
