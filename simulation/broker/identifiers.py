"""Derive ids, so that the same run makes the same ids again."""

from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from uuid import UUID


@lru_cache(maxsize=1_000)
def derived_id(kind: str, *parts: object) -> str:
    """Return a UUID-shaped id of what a thing is: its kind and what tells it from others of the kind."""
    digest = sha256("|".join([kind, *map(str, parts)]).encode()).digest()
    return str(UUID(bytes=digest[:16], version=4))


def order_id(key_id: str, client_order_id: str) -> str:
    """Return the id of an account's order: the same, whichever of several sent at once comes in first."""
    return derived_id("order", key_id, client_order_id)


def request_id(key_id: str, method: str, path: str, asked: str, at: datetime) -> str:
    """Return the id of an answer: who asked what, by body or query, and when.

    No count is in it, so that it does not depend on which of several requests at once came first.
    """
    return sha256("|".join((key_id, method, path, asked, at.isoformat())).encode()).hexdigest()[:32]
