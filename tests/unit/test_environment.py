from pathlib import Path

import pytest

from argo.domain.tables import ConfigurationError
from argo.environment import LAYER_CONFIGURATION, Environment, load_configuration

REPOSITORY = Path(__file__).parents[2]
REQUIRED = {
    "table_name": "ARGO_TABLE_NAME",
    "mode": "ARGO_MODE",
    "executor": "ARGO_EXECUTOR",
    "queue_url": "ARGO_QUEUE_URL",
    "dead_letter_url": "ARGO_DLQ_URL",
    "queue_urls": "ARGO_QUEUE_URLS",
    "trading_url": "APCA_API_BASE_URL",
    "data_url": "APCA_API_DATA_URL",
    "credentials_parameter": "ARGO_CREDENTIALS_PARAMETER",
}
PLAIN = sorted(REQUIRED.keys() - {"mode", "queue_urls"})


@pytest.mark.parametrize("name", PLAIN)
def test_a_variable_is_read_under_its_name(name):
    environment = Environment({REQUIRED[name]: "value"})

    read = getattr(environment, name)

    assert read == "value"


@pytest.mark.parametrize("name", sorted(REQUIRED))
@pytest.mark.parametrize("empty", [False, True])
def test_a02_a_variable_that_is_not_set_is_named(name, empty):
    environment = Environment({REQUIRED[name]: ""} if empty else {})

    with pytest.raises(ConfigurationError) as refused:
        getattr(environment, name)

    assert str(refused.value) == f"the environment variable {REQUIRED[name]} is not set"


@pytest.mark.parametrize("mode", ["live", "paper", "simulated"])
def test_a_known_mode_is_read(mode):
    environment = Environment({"ARGO_MODE": mode})

    read = environment.mode

    assert read == mode


def test_a03_an_unknown_mode_is_refused_with_the_known_ones():
    environment = Environment({"ARGO_MODE": "demo"})

    with pytest.raises(ConfigurationError, match="ARGO_MODE = 'demo': one of live, paper, simulated"):
        _ = environment.mode


def test_queue_urls_are_read_from_json():
    environment = Environment({"ARGO_QUEUE_URLS": '{"argo": "http://q/1", "prop_firm": "http://q/2"}'})

    urls = environment.queue_urls

    assert urls == {"argo": "http://q/1", "prop_firm": "http://q/2"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [("{", "not JSON"), ('["a"]', "not an object"), ('"a"', "not an object"), ('{"argo": 1}', "not an object")],
)
def test_wrong_queue_urls_are_refused_with_their_text(text, problem):
    environment = Environment({"ARGO_QUEUE_URLS": text})

    with pytest.raises(ConfigurationError) as refused:
        _ = environment.queue_urls

    assert str(refused.value).startswith(f"ARGO_QUEUE_URLS = {text!r}: {problem}")


def test_a_local_key_needs_both_its_halves():
    halves = [{"APCA_API_KEY_ID": "id"}, {"APCA_API_SECRET_KEY": "secret"}, {}]

    keys = [Environment(half).local_key for half in halves]

    assert keys == [None, None, None]


def test_a_local_key_is_read():
    environment = Environment({"APCA_API_KEY_ID": "id", "APCA_API_SECRET_KEY": "secret"})

    key = environment.local_key

    assert key == ("id", "secret")


def test_the_configuration_named_by_the_environment_is_loaded():
    environment = Environment({"ARGO_CONFIG": str(REPOSITORY / "argo.toml")})

    configuration = environment.configuration()

    assert "argo" in configuration.accounts


@pytest.mark.parametrize("variables", [{}, {"ARGO_CONFIG": ""}])
def test_without_a_name_the_layers_copy_is_loaded(variables):
    environment = Environment(variables)

    with pytest.raises(ConfigurationError, match=f"^{LAYER_CONFIGURATION}: "):
        environment.configuration()


def test_a_configuration_that_is_not_text_is_refused_with_its_path(tmp_path):
    path = tmp_path / "argo.toml"
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(ConfigurationError, match=r"argo\.toml: "):
        load_configuration(path)


def test_a_wrong_configuration_is_refused_with_its_path(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("watchlist = 3\n", encoding="utf-8")

    with pytest.raises(ConfigurationError) as refused:
        load_configuration(path)

    assert f"{path}: watchlist = 3: " in str(refused.value)
