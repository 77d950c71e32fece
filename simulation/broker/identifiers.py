"""Derive ids, so that the same run makes the same ids again."""

from hashlib import sha256
from uuid import UUID


def derived_id(kind: str, *parts: object) -> str:
    """Return a UUID-shaped id of what a thing is: its kind and what tells it from others of the kind."""
    digest = sha256("|".join([kind, *map(str, parts)]).encode()).digest()
    return str(UUID(bytes=digest[:16], version=4))
