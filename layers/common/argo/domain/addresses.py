"""Alpaca's addresses, in one normal form, and which of them belong to a mode.

The template's rule, the doctor, the adapter and every function at its start go by this list.
"""

import re
from ipaddress import IPv4Network, IPv6Address, ip_address
from urllib.parse import urlsplit

from argo.domain.tables import ConfigurationError

LIVE_URL = "https://api.alpaca.markets"
PAPER_URL = "https://paper-api.alpaca.markets"
DATA_URL = "https://data.alpaca.markets"
TRADED_AT = {"live": LIVE_URL, "paper": PAPER_URL}
"""Where each mode's orders go; a simulated broker is on this machine."""

DATA_URLS = frozenset({DATA_URL, "https://data.sandbox.alpaca.markets"})

_DOCKER_HOST = "host.docker.internal"
_DOCKER_BRIDGES = IPv4Network("172.16.0.0/12")
_PORTS = {"https": 443, "http": 80}
_LABEL = r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_PLAIN = re.compile(r"[!-~]+")
_NEVER = frozenset('@?#%\\<>"{}|^`')
"""What no address of an API has; in front of an @ stands a host for the eye, and often a password."""


def normal_form(url: str) -> str:
    """Return an address as Argo writes it: ``https://API.alpaca.markets.:443/v2/`` is `LIVE_URL`.

    Raises:
        ConfigurationError: it is no address of an API, or sends what it is given in the clear to another machine.
    """
    if not _PLAIN.fullmatch(url) or _NEVER & set(url):
        raise ConfigurationError("an address is scheme, host and port: no user, query, escapes or other letters")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").removesuffix("."), parts.port
        if "[" in parts.netloc:
            host = f"[{IPv6Address(host)}]"
    except ValueError as error:
        raise ConfigurationError(f"no address: {url}") from error
    if parts.scheme not in _PORTS or not (host.startswith("[") or _HOST.fullmatch(host)) or port == 0:
        raise ConfigurationError(f"no address: {url}")
    if parts.path.strip("/") not in {"", "v2"}:
        raise ConfigurationError(f"{url}: Argo adds the path itself, the address is without one")
    if parts.scheme == "http" and not (_is_loopback(host) or _is_docker(host)):
        raise ConfigurationError(f"{url}: keys go over https only, but to a broker on this machine")
    return f"{parts.scheme}://{host}" + ("" if port in {None, _PORTS[parts.scheme]} else f":{port}")


def trading_address(mode: str, url: str) -> str:
    """Return where a mode trades, in its normal form.

    ``live`` and ``paper`` have one address each, beside a broker on loopback for ``paper``; ``simulated`` has none
    of Alpaca's: loopback, or Docker's bridge, where containers find the machine that they run on.

    Raises:
        ConfigurationError: it is no address, or one of another mode.
    """
    address = _of_mode(mode, url, "trades at")
    host = _host(address)
    if address == TRADED_AT.get(mode) or (_is_loopback(host) and mode != "live"):
        return address
    if mode == "simulated" and _is_docker(host):
        return address
    belongs = TRADED_AT.get(mode, "a simulated broker on this machine")
    raise ConfigurationError(f"mode {mode} trades at {url}: it belongs to {belongs}")


def data_address(mode: str, url: str) -> str:
    """Return where a mode reads market data, in its normal form; reading is the same in all of them.

    Raises:
        ConfigurationError: it is no address, or none of market data.
    """
    address = _of_mode(mode, url, "reads market data at")
    host = _host(address)
    if address in DATA_URLS or _is_loopback(host) or (mode == "simulated" and _is_docker(host)):
        return address
    raise ConfigurationError(f"mode {mode} reads market data at {url}: it belongs to {DATA_URL}")


def _of_mode(mode: str, url: str, does: str) -> str:
    try:
        return normal_form(url)
    except ConfigurationError as error:
        raise ConfigurationError(f"mode {mode} {does} no address of a broker's: {error}") from error


def _host(address: str) -> str:
    return urlsplit(address).hostname or ""


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_ip(host) and ip_address(host.strip("[]")).is_loopback)


def _is_docker(host: str) -> bool:
    return host == _DOCKER_HOST or (_is_ip(host) and ip_address(host.strip("[]")) in _DOCKER_BRIDGES)


def _is_ip(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
