"""What a key at Alpaca looks like; nothing here ever tells a secret."""

import json
import re

from argo.adapters.aws.parameters import Credentials
from argo.domain.tables import ConfigurationError

LIVE_URL = "https://api.alpaca.markets"
PAPER_URL = "https://paper-api.alpaca.markets"

_WORLDS = {"AK": "live", "PK": "paper"}
"""How Alpaca's key ids begin."""

_PLACEHOLDER = re.compile(
    r"[<>\[\]{}*…]|\.\.|^x+$|^your|^replace|change.?me|placeholder|key.?id|secret", re.IGNORECASE
)
_SHORTEST = 8


def read_secret(parameter: str, value: str) -> Credentials:
    """Read a parameter's value.

    Raises:
        ConfigurationError: it is not a JSON object with ``key_id`` and ``secret_key``; the value is not quoted.
    """
    try:
        fields = json.loads(value)
        key_id, secret_key = fields["key_id"], fields["secret_key"]
        return Credentials(key_id.strip(), secret_key.strip())
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigurationError(
            f'parameter {parameter} is not a JSON object {{"key_id": "...", "secret_key": "..."}}'
        ) from None


def problem_of(credentials: Credentials) -> str | None:
    """Return what is plainly wrong with a key, by its form alone."""
    for name, value in (("key id", credentials.key_id), ("secret", credentials.secret_key)):
        if not value:
            return f"the {name} is empty"
        if _PLACEHOLDER.search(value):
            return f"the {name} is a placeholder"
        if len(value) < _SHORTEST or not value.isascii() or any(not each.isprintable() for each in value):
            return f"the {name} is no key: {len(value)} characters"
        if " " in value:
            return f"the {name} has a space in it"
    return None


def mismatch(key_id: str, url: str, mode: str) -> str | None:
    """Return why a key, an address and a mode don't belong together; None where they do.

    Alpaca's paper and live worlds have keys of their own, told apart by their beginning. Any other address is
    a broker's that knows no such worlds, and so is any other key.
    """
    address = {LIVE_URL: "live", PAPER_URL: "paper"}.get(url.rstrip("/").removesuffix("/v2"))
    if (address == "live") != (mode == "live"):
        return f"mode {mode} trades at {url}"
    world = _WORLDS.get(key_id[:2])
    if address is not None and world is not None and world != address:
        return f"a {world} key ({key_id[:2]}...) at the {address} address {url}"
    return None
