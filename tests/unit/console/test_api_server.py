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
def running():
    with BackgroundServer(ApiServer(echo, seconds=7)) as running:
        yield running


@pytest.fixture
def url(running):
    return running.url


def ask(running, method="GET", *, body=None, **headers):
    """Ask as a program of the user's does, with the token; ``headers`` replace one or, None, leave it out."""
    usual = {"Authorization": f"Bearer {running.server.token}", "Content-Type": "application/json"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    given = {name: value for name, value in (usual | named).items() if value is not None}
    asked = Request(f"{running.url}/any/%0Athing?x=1", data=body, method=method, headers=given)  # noqa: S310 - our own
    try:
        with urlopen(asked) as answer:  # noqa: S310 - our own
            return answer.status, json.load(answer)
    except HTTPError as refused:
        return refused.code, json.load(refused)


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


def test_the_handler_is_asked_and_its_answer_given(running):
    status, body = ask(running, "POST", body=b"{}")

    assert status == 202
    assert (body["event"]["rawPath"], body["event"]["rawQueryString"]) == ("/any/\nthing", "x=1")
    assert 0 < body["left"] <= 7_000


@pytest.mark.parametrize(
    ("headers", "refused_for"),
    [
        ({"Content_Type": "text/plain"}, "Content-Type"),
        ({"Content_Type": "application/x-www-form-urlencoded"}, "Content-Type"),
        ({"Content_Type": "application/json+evil"}, "Content-Type"),
        ({"Host": "evil.example"}, "Host"),
        ({"Host": "localhost.evil.example"}, "Host"),
        ({"Host": "127.0.0.1.evil.example:80"}, "Host"),
        ({"Host": "[::1"}, "Host"),
        ({"Host": "evil@localhost.example"}, "Host"),
        ({"Origin": "https://evil.example"}, "Origin"),
        ({"Origin": "null"}, "Origin"),
        ({"Origin": "http://localhost:1"}, "Origin"),
        ({"Sec_Fetch_Site": "cross-site"}, "Sec-Fetch-Site"),
        ({"Sec_Fetch_Site": "same-site"}, "Sec-Fetch-Site"),
    ],
)
def test_c81_a_page_in_the_browser_reaches_nothing(running, headers, refused_for):
    status, body = ask(running, "POST", body=b"{}", **headers)

    assert status == 403
    assert body["message"].startswith(f"{refused_for}: ")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("token", [None, "", "Bearer", "Bearer x", "Basic x", "Bearer \u00e9"])
def test_c81_writing_needs_the_token_of_this_start(running, method, token):
    status, body = ask(running, method, body=b"{}", Authorization=token)

    assert status == 401
    assert body["message"].startswith("Authorization: ")


@pytest.mark.parametrize("host", ["evil.example", "attacker.localhost.example"])
def test_c81_reading_under_a_foreign_name_is_refused_too(running, host):
    assert ask(running, Host=host)[0] == 403


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]:8080", "127.0.0.1"])
def test_programs_of_the_user_read_without_a_token(running, host):
    assert ask(running, Host=host, Authorization=None, Content_Type=None)[0] == 202


def test_every_start_has_a_token_of_its_own():
    assert ApiServer(echo).token != ApiServer(echo).token


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
