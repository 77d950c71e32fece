import json
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from typer.testing import CliRunner

from console.api_server import ApiServer, LocalContext, event_of
from console.main import app
from simulation.broker.server import BackgroundServer
from tests.unit.api.counter import sample


def echo(event, context):
    if event["rawPath"] == "/broken":
        raise KeyError("a bug")
    body = json.dumps({"event": event, "left": context.get_remaining_time_in_millis()})
    return {"statusCode": 202, "headers": {"Content-Type": "application/json"}, "body": body}


@pytest.fixture
def url():
    with BackgroundServer(ApiServer(echo, seconds=7)) as running:
        yield running.url


def test_a_request_becomes_the_event_that_api_gateway_sends():
    real = sample("execute")
    made = event_of("POST", real["rawPath"], "", {"Host": "x", "Content-Type": "application/json"}, b"{}")

    assert made.keys() >= real.keys()
    assert made["requestContext"].keys() >= real["requestContext"].keys() - {"authorizer"}
    assert made["headers"] == {"host": "x", "content-type": "application/json"}
    assert (made["body"], made["isBase64Encoded"]) == ("{}", False)
    assert "queryStringParameters" not in made


def test_repeated_parameters_are_joined_and_a_body_that_is_no_text_is_encoded():
    made = event_of("GET", "/", "limit=1&limit=2&day=", {}, b"\xff")

    assert made["queryStringParameters"] == {"limit": "1,2", "day": ""}
    assert (made["body"], made["isBase64Encoded"]) == ("/w==", True)


def test_the_handler_is_asked_and_its_answer_given(url):
    with urlopen(Request(f"{url}/any/%0Athing?x=1", data=b"{}", method="POST")) as answer:  # noqa: S310 - our own
        body = json.load(answer)

    assert answer.status == 202
    assert (body["event"]["rawPath"], body["event"]["rawQueryString"]) == ("/any/\nthing", "x=1")
    assert 0 < body["left"] <= 7_000


def test_a_handler_that_raises_is_a_500_as_on_aws(url, capsys):
    with pytest.raises(HTTPError) as refused:
        urlopen(f"{url}/broken")  # noqa: S310 - our own

    assert (refused.value.code, json.load(refused.value)) == (500, {"message": "Internal Server Error"})
    assert "a bug" in capsys.readouterr().err


def test_it_is_on_loopback_only(url):
    assert url.startswith("http://127.0.0.1:")


def test_the_time_left_is_never_negative():
    assert LocalContext(-1).get_remaining_time_in_millis() == 0


@pytest.mark.parametrize("text", [None, "not json", "{}"])
def test_without_what_a_serve_has_written_it_is_wrong_input(tmp_path, text):
    path = tmp_path / "sam-env.json"
    if text is not None:
        path.write_text(text)

    result = CliRunner().invoke(app, ["api", "--served", str(path)])

    assert result.exit_code == 2
    assert "not what a running `argo serve` has written" in " ".join(result.stderr.split())
