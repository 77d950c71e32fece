"""Alpaca's addresses: one normal form, and which of them belong to a mode."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo.adapters.alpaca.transport import client_maker
from argo.adapters.clock import SystemClock
from argo.domain.addresses import DATA_URL, LIVE_URL, PAPER_URL, data_address, normal_form, trading_address
from argo.domain.tables import ConfigurationError
from argo.environment import Environment
from execution import wiring as executor
from generation import wiring as generator
from reconciliation import wiring as reconciler
from trading_api import wiring as api
from worlds.paths import CONFIGURATION

LOGIN = "me:hush"
SPELLINGS = [
    "https://api.alpaca.markets",
    "https://api.alpaca.markets/",
    "https://api.alpaca.markets/v2",
    "https://API.alpaca.markets",
    "https://api.alpaca.markets:443",
    "http://api.alpaca.markets",
    "https://api.alpaca.markets.",
    "https://api.alpaca.markets/v2/",
    "https://api.alpaca.markets//",
    "https://api.alpaca.markets:0443/",
    "https://api.alpaca.markets:",
    "HTTPS://api.alpaca.markets",
    "https://user@api.alpaca.markets",
    "https://paper-api.alpaca.markets@api.alpaca.markets",
    "https://paper-api.alpaca.markets:x@api.alpaca.markets",
    "https://%61pi.alpaca.markets",
    "https://api.alpaca.markets%2e",
    "https://api.alpaca.markets?x=paper-api.alpaca.markets",
    "https://api.alpaca.markets#paper",
    "https://api\u3002alpaca\u3002markets",
    "https://\uff41pi.alpaca.markets",
    "https://api.alpaca.markets\\@paper-api.alpaca.markets",
    "https://api.alpaca.markets\t",
    "https://api.alpaca\n.markets",
    " https://api.alpaca.markets",
    "http://api.alpaca.markets:80/v2",
    "http://api.alpaca.markets:443",
    "//api.alpaca.markets",
    "api.alpaca.markets",
    "https:///api.alpaca.markets",
    "https://api.alpaca.markets/v1",
]
"""Ways to write the address of live money, and a few that only some libraries read as it."""

WIRINGS = {
    each.__name__.partition(".")[0]: each.from_environment for each in (api, executor, generator, reconciler)
}
EXECUTORS = {
    "ARGO_TABLE_NAME": "table",
    "ARGO_EXECUTOR": "argo",
    "ARGO_QUEUE_URL": "queue",
    "ARGO_DLQ_URL": "dead",
}
VARIABLES = EXECUTORS | {
    "ARGO_MODE": "paper",
    "ARGO_CONFIG": str(CONFIGURATION),
    "ARGO_QUEUE_URLS": '{"argo": "https://queue", "prop_firm": "https://queue"}',
    "APCA_API_BASE_URL": PAPER_URL,
    "APCA_API_DATA_URL": DATA_URL,
    "AWS_DEFAULT_REGION": "us-east-1",
}


@pytest.mark.parametrize("url", SPELLINGS)
@pytest.mark.parametrize("mode", ["paper", "simulated"])
def test_c80_no_spelling_of_the_live_address_belongs_to_another_mode(url, mode):
    with pytest.raises(ConfigurationError, match=f"mode {mode} trades at"):
        trading_address(mode, url)


@pytest.mark.parametrize("url", SPELLINGS)
@pytest.mark.parametrize("name", WIRINGS)
def test_c80_no_function_starts_in_paper_mode_at_a_live_address(url, name):
    environment = Environment(VARIABLES | {"APCA_API_BASE_URL": url})

    with pytest.raises(ConfigurationError, match="APCA_API_BASE_URL: mode paper trades at"):
        WIRINGS[name](environment, SystemClock())


@pytest.mark.parametrize(
    ("mode", "trading", "data"),
    [
        ("live", PAPER_URL, DATA_URL),
        ("live", "http://127.0.0.1:8000", DATA_URL),
        ("simulated", PAPER_URL, "http://127.0.0.1:8000"),
        ("simulated", LIVE_URL, "http://127.0.0.1:8000"),
        ("paper", "http://172.17.0.1:8000", DATA_URL),
        ("paper", "https://broker-api.alpaca.markets", DATA_URL),
        ("paper", "https://api.alpaca.markets.example.com", DATA_URL),
        ("paper", PAPER_URL, "http://data.alpaca.markets"),
        ("paper", PAPER_URL, LIVE_URL),
        ("paper", PAPER_URL, f"https://{LOGIN}@data.alpaca.markets"),
        ("live", LIVE_URL, "https://data.example.com"),
        ("simulated", "http://127.0.0.1:8000", "http://93.184.215.14"),
    ],
)
@pytest.mark.parametrize("name", WIRINGS)
def test_c80_mode_and_addresses_of_two_worlds_start_nothing(mode, trading, data, name):
    addresses = {"ARGO_MODE": mode, "APCA_API_BASE_URL": trading, "APCA_API_DATA_URL": data}

    with pytest.raises(ConfigurationError, match=f"APCA_API_.*: mode {mode} "):
        WIRINGS[name](Environment(VARIABLES | addresses), SystemClock())


@pytest.mark.parametrize(
    ("mode", "trading", "data"),
    [
        ("paper", PAPER_URL, DATA_URL),
        ("paper", f"{PAPER_URL}/v2", f"{DATA_URL}/"),
        ("paper", "http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("live", LIVE_URL, DATA_URL),
        ("live", "https://API.alpaca.markets.:443/v2/", "https://data.sandbox.alpaca.markets"),
        ("simulated", "http://127.0.0.1:8000", "http://[::1]:8000"),
        ("simulated", "http://localhost:8000", "http://localhost:8000"),
        ("simulated", "http://host.docker.internal:8000", "http://172.18.0.1:8000"),
    ],
)
@pytest.mark.parametrize("name", WIRINGS)
def test_mode_and_addresses_of_one_world_start_every_function(mode, trading, data, name):
    addresses = {"ARGO_MODE": mode, "APCA_API_BASE_URL": trading, "APCA_API_DATA_URL": data}

    assert WIRINGS[name](Environment(VARIABLES | addresses), SystemClock())


@pytest.mark.parametrize("url", [LIVE_URL, PAPER_URL, DATA_URL, "http://127.0.0.1:8000", "http://[::1]:8000"])
def test_an_address_in_its_normal_form_stays_as_it_is(url):
    assert normal_form(url) == url
    assert normal_form(f"{url}/v2/") == url


def test_a_schemes_own_port_is_left_out():
    assert normal_form("https://localhost:443") == "https://localhost"
    assert normal_form("http://localhost:80") == "http://localhost"
    assert normal_form("http://localhost:443") == "http://localhost:443"


@given(st.text(min_size=1), st.sampled_from(["paper", "simulated"]))
def test_c80_nothing_that_belongs_to_another_mode_is_the_live_address(text, mode):
    for url in (text, f"https://{text}", f"https://{text}api.alpaca.markets", f"https://api.alpaca.markets{text}"):
        try:
            found = trading_address(mode, url)
        except ConfigurationError:
            continue
        assert found == PAPER_URL or found.startswith(("http://", "https://127.", "https://localhost"))
        assert "//api.alpaca" not in found


@pytest.mark.parametrize(
    "url", ["http://api.alpaca.markets", "http://broker.example.com", "ftp://api.alpaca.markets"]
)
def test_c80_the_adapter_makes_no_client_that_would_send_a_key_in_the_clear(url):
    with pytest.raises(ConfigurationError):
        client_maker(lambda: pytest.fail("the key was read"), url)


def test_a_password_in_an_address_is_not_shown():
    with pytest.raises(ConfigurationError) as caught:
        data_address("paper", f"https://{LOGIN}@data.alpaca.markets")

    assert LOGIN.partition(":")[2] not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://api.alpaca.markets:0",
        "https://",
        "https://[api]",
        "https://api.alpaca.markets/v1",
        "https://é",
        f"{PAPER_URL}\t",
    ],
)
def test_what_is_no_address_of_an_api_has_no_normal_form(url):
    with pytest.raises(ConfigurationError):
        normal_form(url)


@pytest.mark.parametrize("mode", ["paper", "live"])
def test_market_data_on_dockers_bridge_is_a_simulated_brokers(mode):
    url = "http://host.docker.internal:8000"

    assert data_address("simulated", url) == url
    with pytest.raises(ConfigurationError, match="reads market data at"):
        data_address(mode, url)
    with pytest.raises(ConfigurationError, match="it belongs to"):
        data_address("simulated", "https://data.example.com")
