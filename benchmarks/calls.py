"""How many requests an executed signal costs, counted by those who get or send them."""

from collections import Counter
from collections.abc import Mapping

from benchmarks.results import Result
from benchmarks.stand import TEN, Stand

ACCOUNT = "calls"
OTHER_BROKER_BOUND = 0.4
DYNAMODB_BOUND = 4
_POST = "POST /v2/orders"


def run(stand: Stand) -> list[Result]:
    """Count the requests of a batch of ten, per signal."""
    executor = stand.executor(ACCOUNT)
    signals = executor.batch()
    before = Counter(stand.market.requests)
    stand.calls.forget()

    executor.execute(signals)

    sent = Counter(stand.calls.sent)
    came = Counter(stand.market.requests) - before
    others = {path: count for path, count in came.items() if path != _POST}
    dynamodb = {name: count for name, count in sent.items() if name.startswith("dynamodb.")}
    elsewhere = {name: count for name, count in sent.items() if name not in dynamodb}
    return [
        Result("orders", came[_POST] / TEN, f"{_POST} / signal", 1, exactly=True),
        Result(
            "broker requests",
            sum(others.values()) / TEN,
            f"other broker requests / signal: {_listed(others)}",
            OTHER_BROKER_BOUND,
        ),
        Result(
            "ledger requests",
            sum(dynamodb.values()) / TEN,
            f"DynamoDB requests / signal: {_listed(dynamodb)}",
            DYNAMODB_BOUND,
        ),
        Result(
            "other AWS requests",
            sum(elsewhere.values()) / TEN,
            f"SQS and other AWS requests / signal: {_listed(elsewhere)}",
        ),
    ]


def _listed(counts: Mapping[str, int]) -> str:
    names = (f"{name.removeprefix('dynamodb.')} {count}" for name, count in sorted(counts.items()))
    return ", ".join(names) or "none"
