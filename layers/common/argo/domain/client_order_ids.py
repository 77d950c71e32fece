"""The ids under which the broker knows the orders: derived, so that whoever lost his memory derives them again."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import Field

ExecutorName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,9}$")]
"""The name of an account in argo.toml; at most 10 characters, because every client order id holds it."""

CLIENT_ORDER_ID_LIMIT = 48
"""Alpaca's safe length of a client order id, in characters (reference: orders API)."""


class Leg(StrEnum):
    """Which order of an execution a client order id names."""

    ENTRY = "entry"
    FLIP = "flip"
    EXIT = "exit"
    GUARD = "guard"


_LETTERS = {Leg.ENTRY: "n", Leg.FLIP: "f", Leg.EXIT: "x", Leg.GUARD: "g"}
"""None of them and hexadecimal digits spell another leg's name."""


def client_order_id(executor: str, signal_id: str, leg: Leg = Leg.ENTRY, attempt: int = 1) -> str:
    """Derive the id under which the broker knows an order.

    The executor keeps two accounts apart, the signal id makes a second attempt the same order, the leg
    separates an entry from its exit. Because it is derived, a worker that lost its memory finds the order
    again by look-up, and the broker refuses a second one (FAILURES A12, B02). Only an order that has ended
    without a fill has a next ``attempt``: ``-exit``, ``-exit2``. A number for which that has no room is written in
    hexadecimal behind the leg's letter, ``-x3e8``: there is room for 16 million (FAILURES C06).

    Raises:
        ValueError: the id would exceed the broker's length.
    """
    began = f"argo-{executor}-{signal_id}-"
    derived = f"{began}{leg}{attempt if attempt > 1 else ''}"
    if len(derived) > CLIENT_ORDER_ID_LIMIT:
        derived = f"{began}{_LETTERS[leg]}{attempt:x}"
    if len(derived) > CLIENT_ORDER_ID_LIMIT:
        raise ValueError(f"client order id {derived!r} is longer than {CLIENT_ORDER_ID_LIMIT} characters")
    return derived


@dataclass(frozen=True, slots=True)
class OrderName:
    """What a client order id says: whose order it is, and for which signal."""

    client_order_id: str
    executor: str
    signal_id: str


_ORDER_NAME = re.compile(
    rf"argo-([a-z][a-z0-9_]*)-([0-9a-f]{{24}})-"
    rf"(?:(?:{'|'.join(Leg)})[0-9]*|[{''.join(_LETTERS.values())}][0-9a-f]+)"
)


def order_name(named: str) -> OrderName | None:
    """Read a client order id back; None for one that no Argo derives."""
    found = _ORDER_NAME.fullmatch(named)
    return found and OrderName(named, found[1], found[2])
