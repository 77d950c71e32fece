"""Who may call a server on this machine: programs of its user, and no page in the user's browser."""

from collections.abc import Collection, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

_NAMES = frozenset({"localhost", "host.docker.internal"})
"""How programs and containers name this machine; a foreign page's own name may lead to it too, but is not one."""

_JSON = "application/json"


def refusal(headers: Mapping[str, str], *, host: str, needs_json: bool) -> str | None:
    """Say why a request may be a foreign page's, or return None (FAILURES C81).

    A page can send requests to this machine, from its own origin or under a name of its own that leads to it.
    Browsers say so by ``Host``, ``Origin`` and ``Sec-Fetch-Site``, and ask first where a body is JSON.

    Args:
        headers: The request's; names in any case if the mapping is of that kind.
        host: The address that the server listens on.
        needs_json: True for a body that acts without a key.
    """
    named = headers.get("Host", "")
    if not _is_here(_host_of(f"//{named}"), host):
        return f"Host: {named!r} is not this machine"
    origin = headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc.lower() != named.lower():
        return f"Origin: {origin!r} is not this server"
    if headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}:
        return "Sec-Fetch-Site: the request is another site's"
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if needs_json and kind != _JSON:
        return f"Content-Type: {kind!r} is not {_JSON}"
    return None


def _host_of(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def _is_here(named: str | None, host: str) -> bool:
    if named is None:
        return False
    try:
        return ip_address(named).is_loopback or ip_address(named) == ip_address(host)
    except ValueError:
        return named in _known(host)


def _known(host: str) -> Collection[str]:
    return {*_NAMES, host}
