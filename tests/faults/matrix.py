"""The matrix's axes: what the broker does with the order, and where the worker ends."""

from dataclasses import dataclass

from simulation.broker.server import Fault
from tests.faults.worker_processes import Crash

POST = {"method": "POST", "path": "/v2/orders"}


PORTS = {
    "claim": "ledger",
    "account": "broker",
    "intend": "ledger",
    "submit": "broker",
    "pause": "ledger",
    "order_by_client_id": "broker",
    "settle": "ledger",
}
ANSWERED = (("claim", "account", "intend", "submit", "settle"),)
FOUND = (("claim", "account", "intend", "submit", "pause", "order_by_client_id", "settle"),)
NOT_FOUND = (
    ("claim", "account", "intend", "submit", "pause", "order_by_client_id", "pause"),
    ("claim", "order_by_client_id", "settle", "submit", "settle"),
)
POSTPONED = (("claim", "account", "intend", "submit", "pause"), *ANSWERED)


@dataclass(frozen=True)
class Row:
    """What the broker does with the first order it is sent; ``taken`` whether the order then lives.

    ``effects`` are the calls that leave something behind, of each delivery until the signal has come to its end:
    `test_a_delivery_that_comes_to_its_end` holds them to the code. ``refused``, the reason of a final refusal, is
    the one way not to end with an order.
    """

    says: str
    taken: bool
    effects: tuple[tuple[str, ...], ...]
    faults: tuple[Fault, ...] = ()
    refused: str | None = None

    def __str__(self):
        return f"{self.says}, order {'taken' if self.taken else 'not taken'}"


def _both(says, **fault):
    return [
        Row(says, after, FOUND if after else NOT_FOUND, (Fault(**POST, after=after, **fault),))
        for after in (False, True)
    ]


UNIQUE = {"code": 40010001, "message": "client_order_id must be unique"}
GEOMETRY = {"code": 42210000, "message": "stop_loss.stop_price must be <= base_price - 0.01", "base_price": "100"}
POWER = {"code": 40310000, "message": "insufficient buying power"}

ROWS = [
    Row("2xx", True, ANSWERED),
    *_both("connection dropped", drop=True),
    *_both("504", status=504, body={"message": "upstream timeout"}),
    *_both("502 with HTML", status=502, body="<html>bad gateway</html>"),
    *_both("empty 200", status=200, body=""),
    *_both("301", status=301, body="", headers={"Location": "https://elsewhere.example/v2/orders"}),
    Row("422 duplicate", True, FOUND, (Fault(**POST, after=True, status=422, body=UNIQUE),)),
    Row("422 geometry", False, ANSWERED, (Fault(**POST, status=422, body=GEOMETRY),), "bracket_geometry"),
    Row("403 buying power", False, ANSWERED, (Fault(**POST, status=403, body=POWER),), "buying_power"),
    Row("401", False, POSTPONED, (Fault(**POST, status=401, body={"message": "unauthorized."}),)),
    Row("429", False, POSTPONED, (Fault(**POST, status=429, body={"message": "too many requests."}),)),
]
SAME_WAY = {"504", "502 with HTML", "empty 200", "301", "403 buying power"}
"""Answers that lead the same way as another row's, call by call, so that a worker's end finds nothing new."""
OWN_WAY = [row for row in ROWS if row.says not in SAME_WAY]


def crashes_in(delivery: int) -> list[tuple[Row, Crash]]:
    """Return where a worker can end in a delivery, by row: after each of its effects.

    Before an effect everything is as it was after the one before it, and before the first as if nobody had come.
    """
    return [
        (row, Crash(PORTS[method], method, "after", nth))
        for row in OWN_WAY
        if len(row.effects) > delivery
        for method, nth in _numbered(row.effects[delivery])
    ]


def _numbered(methods):
    return [(method, methods[: index + 1].count(method)) for index, method in enumerate(methods)]
