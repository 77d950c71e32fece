"""The matrix's axes: what the broker does with the order, and where the worker ends."""

from dataclasses import dataclass

from simulation.broker.server import Fault
from tests.faults.worker_processes import Crash

POST = {"method": "POST", "path": "/v2/orders"}


@dataclass(frozen=True)
class Row:
    """What the broker does with the first order it is sent; ``taken`` whether the order then lives.

    ``refused``, the reason of a final refusal, is the one way not to end with an order.
    """

    says: str
    taken: bool
    faults: tuple[Fault, ...] = ()
    refused: str | None = None

    def __str__(self):
        return f"{self.says}, order {'taken' if self.taken else 'not taken'}"


def _both(says, **fault):
    return [Row(says, after, (Fault(**POST, after=after, **fault),)) for after in (False, True)]


UNIQUE = {"code": 40010001, "message": "client_order_id must be unique"}
GEOMETRY = {"code": 42210000, "message": "stop_loss.stop_price must be <= base_price - 0.01", "base_price": "100"}
POWER = {"code": 40310000, "message": "insufficient buying power"}

ROWS = [
    Row("2xx", taken=True),
    *_both("connection dropped", drop=True),
    *_both("504", status=504, body={"message": "upstream timeout"}),
    *_both("502 with HTML", status=502, body="<html>bad gateway</html>"),
    *_both("empty 200", status=200, body=""),
    *_both("301", status=301, body="", headers={"Location": "https://elsewhere.example/v2/orders"}),
    Row("422 duplicate", taken=True, faults=(Fault(**POST, after=True, status=422, body=UNIQUE),)),
    Row("422 geometry", False, (Fault(**POST, status=422, body=GEOMETRY),), "bracket_geometry"),
    Row("403 buying power", False, (Fault(**POST, status=403, body=POWER),), "buying_power"),
    Row("401", taken=False, faults=(Fault(**POST, status=401, body={"message": "unauthorized."}),)),
    Row("429", taken=False, faults=(Fault(**POST, status=429, body={"message": "too many requests."}),)),
]

EFFECTS = (
    ("ledger", "claim"),
    ("broker", "account"),
    ("ledger", "intend"),
    ("broker", "submit"),
    ("broker", "order_by_client_id"),
    ("ledger", "pause"),
    ("ledger", "settle"),
)
CRASHES = [Crash(port, method, when) for port, method in EFFECTS for when in ("before", "after")]
