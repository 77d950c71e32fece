"""What the warm executor costs: requests per signal, CPU beside its bare SDK calls, ten signals measured in ones.

The bare calls go one after the other on one thread: no pool, no event loop, no waiting for a lock. That is the
cheapest way there is to make them, so threads and their switching count as the executor's own cost.
"""

import gc
import json
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from time import perf_counter, process_time

from alpaca.common.rest import RESTClient
from boto3.dynamodb.types import TypeDeserializer

from benchmarks.harness import TEN, WARM_UPS, Asked, Executor, Harness
from benchmarks.results import Result, compared

ACCOUNTS = ("calls", "handler", "bare", "batch")
_PAIRS = 9
_OTHER_BROKER_BOUND, _DYNAMODB_BOUND, _CPU_BOUND, _BATCH_BOUND = 0.4, 4, 2.0, 1.5
_BROKER_SECONDS = 0.2
_POST = "POST /v2/orders"
_DYNAMODB = "dynamodb."
_MUST = {"GetItem": 1, "PutItem": TEN, "TransactWriteItems": TEN, "UpdateItem": TEN}
"""Requests that a batch of ten can't do without; what the executor asked beyond them is not replayed."""

type Calls = Sequence[Callable[[], object]]


def count_calls(harness: Harness) -> list[Result]:
    """Count the requests that an executed signal costs, by those who get or send them, over a batch of ten."""
    executor = Executor(harness, "calls")
    signals = executor.batch()
    before = harness.broker_requests()
    harness.sent.clear()

    executor.execute(signals)

    came, sent = harness.broker_requests() - before, Counter(harness.sent)
    others = {path: count for path, count in came.items() if path != _POST}
    dynamodb = {name: count for name, count in sent.items() if name.startswith(_DYNAMODB)}
    elsewhere = {name: count for name, count in sent.items() if name not in dynamodb}

    def per_signal(name: str, what: str, counts: Mapping[str, int], bound: float | None = None) -> Result:
        listed = ", ".join(f"{each.removeprefix(_DYNAMODB)} {count}" for each, count in sorted(counts.items()))
        return Result(name, sum(counts.values()) / TEN, f"{what} / signal: {listed or 'none'}", bound)

    return [
        Result("orders", came[_POST] / TEN, f"{_POST} / signal", 1, exactly=True),
        per_signal("broker requests", "other broker requests", others, _OTHER_BROKER_BOUND),
        per_signal("ledger requests", "DynamoDB requests", dynamodb, _DYNAMODB_BOUND),
        per_signal("other AWS requests", "SQS and other AWS requests", elsewhere),
    ]


def compare_cpu(harness: Harness) -> list[Result]:
    """Divide the CPU time of a batch in the warm executor by that of its bare SDK calls."""
    calls_of, recorded = _bare_calls(harness), deque[Calls]()
    harness.asked.clear()
    executor = Executor(harness, "handler")
    for call in calls_of(harness.asked, WARM_UPS):
        call()

    def handled() -> float:
        signals = executor.batch()
        harness.asked.clear()
        spent = _cpu_seconds(lambda: executor.execute(signals))
        recorded.append(calls_of(harness.asked, 1))
        return spent

    def replayed() -> float:
        calls = recorded.popleft()
        return _cpu_seconds(lambda: [call() for call in calls])

    handled()  # A pair may begin with the bare calls.
    what = "CPU time, batch of ten in the warm executor / its bare SDK calls"
    return [compared("cpu", what, handled, replayed, pairs=_PAIRS, bound=_CPU_BOUND)]


def _bare_calls(harness: Harness) -> Callable[[Sequence[Asked], int], Calls]:
    """Return what makes the bare calls of batches: the same requests, as the account ``bare`` on items of its own.

    They go to boto3 and alpaca-py's REST client, without models, retries or threads: the least they can cost.
    """
    client, trading = harness.aws.client("dynamodb"), RESTClient(harness.broker_url, "bare", "bare", raw_data=True)
    operations = {
        "GetItem": client.get_item,
        "PutItem": client.put_item,
        "TransactWriteItems": client.transact_write_items,
        "UpdateItem": client.update_item,
    }
    deserialize = TypeDeserializer().deserialize

    def calls_of(asked: Sequence[Asked], batches: int) -> Calls:
        left = Counter({operation: count * batches for operation, count in _MUST.items()})
        dynamodb, orders = [], []
        for operation, params in ((name.removeprefix(_DYNAMODB), params) for name, params in asked):
            if not left[operation]:
                continue
            left[operation] -= 1
            own = {name: value for name, value in params.items() if name != "ClientRequestToken"}
            own = json.loads(json.dumps(own).replace("handler", "bare"))
            dynamodb.append(partial(operations[operation], **own))
            if operation == "TransactWriteItems":
                intent = own["TransactItems"][0]["Update"]["ExpressionAttributeValues"]
                orders.append(partial(trading.post, "/orders", deserialize(intent[":order_body"])))
        return [*dynamodb, partial(trading.get, "/account"), partial(trading.get, "/clock"), *orders]

    return calls_of


def _cpu_seconds(work: Callable[[], object]) -> float:
    gc.collect()
    started = process_time()
    work()
    return process_time() - started


def compare_batches(harness: Harness) -> list[Result]:
    """Divide the wall time of a batch of ten by that of one, at a broker that answers late: its calls overlap."""
    executor = Executor(harness, "batch")

    def seconds(size: int) -> float:
        signals = executor.batch(size)
        started = perf_counter()
        executor.execute(signals)
        return perf_counter() - started

    what = f"wall time, batch of ten / batch of one, broker {_BROKER_SECONDS * 1_000:.0f} ms late"
    harness.answer_late(_BROKER_SECONDS)
    try:
        ten, one = partial(seconds, TEN), partial(seconds, 1)
        return [compared("batch", what, ten, one, pairs=_PAIRS, bound=_BATCH_BOUND)]
    finally:
        harness.answer_late(0)
