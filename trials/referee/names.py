"""Whose order a client order id names."""

import re
from functools import lru_cache
from typing import NamedTuple

_OURS = re.compile(r"argo-(?P<executor>\w+)-(?P<signal_id>[0-9a-f]{24})-(?P<leg>[a-z]+)\d*")

ENTRIES = frozenset({"entry", "flip"})
"""The legs that open a position."""


class Name(NamedTuple):
    """An order of Argo's: of which account and signal, and which leg."""

    executor: str
    signal_id: str
    leg: str

    @property
    def is_entry(self) -> bool:
        """Tell whether it opens a position."""
        return self.leg in ENTRIES


@lru_cache(maxsize=4_096)
def named(client_order_id: str) -> Name | None:
    """Return what a client order id says, None when it is nobody's but the broker's or a person's."""
    found = _OURS.fullmatch(client_order_id)
    return Name(**found.groupdict()) if found else None
