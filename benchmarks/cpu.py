"""What the executor's own care costs in CPU, next to the SDK calls that nobody could leave out.

The bare calls go one after the other on one thread: no pool, no event loop, no waiting for a lock. That is the
cheapest way there is to make them, so threads and their switching count as the executor's own cost.
"""

import gc
import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from time import process_time
from typing import Any

from alpaca.common.rest import RESTClient
from boto3.dynamodb.types import TypeDeserializer

from benchmarks.results import Result, alternating
from benchmarks.stand import TEN, WARM_UPS, AwsCalls, Stand

ACCOUNT, BARE_ACCOUNT = "handler", "bare"
BOUND = 2.0
PAIRS = 9
_MUST = {"GetItem": 1, "PutItem": TEN, "TransactWriteItems": TEN, "UpdateItem": TEN}
"""Requests that a batch of ten can't do without; what the executor asked beyond them is not replayed."""


@dataclass(frozen=True, slots=True)
class Recording:
    """The calls of one batch, as its account ``bare`` will make them: the same requests, its own items."""

    dynamodb: Sequence[tuple[str, Mapping[str, Any]]]
    orders: Sequence[Mapping[str, Any]]


def run(stand: Stand) -> list[Result]:
    """Divide the CPU time of a batch in the warm executor by that of its bare SDK calls."""
    recorded: deque[Recording] = deque()
    stand.calls.forget()
    executor = stand.executor(ACCOUNT)
    recorded.extend(_recordings(stand.calls))
    bare = _Bare(stand)
    for _ in range(WARM_UPS):
        bare.replay(recorded.popleft())

    def handled() -> float:
        signals = executor.batch()
        stand.calls.forget()
        spent = _cpu_seconds(lambda: executor.execute(signals))
        recorded.extend(_recordings(stand.calls))
        return spent

    def replayed() -> float:
        recording = recorded.popleft()
        return _cpu_seconds(lambda: bare.replay(recording))

    handled()
    ratio = alternating(handled, replayed, pairs=PAIRS)
    what = "CPU time, batch of ten in the warm executor / its bare SDK calls"
    return [Result("cpu", ratio.median, what, BOUND, samples=ratio.samples)]


class _Bare:
    """boto3 and alpaca-py's REST client, without models, retries or threads: the least these requests cost."""

    def __init__(self, stand: Stand) -> None:
        client = stand.aws.client("dynamodb")
        self._operations = {
            "GetItem": client.get_item,
            "PutItem": client.put_item,
            "TransactWriteItems": client.transact_write_items,
            "UpdateItem": client.update_item,
        }
        self._trading = RESTClient(stand.market.url, BARE_ACCOUNT, BARE_ACCOUNT, raw_data=True)

    def replay(self, recording: Recording) -> None:
        for operation, params in recording.dynamodb:
            self._operations[operation](**params)
        self._trading.get("/account")
        self._trading.get("/clock")
        for body in recording.orders:
            self._trading.post("/orders", dict(body))


def _recordings(calls: AwsCalls) -> list[Recording]:
    """Cut what was asked for into batches: each begins with the claims of its signals."""
    of_dynamodb = [(name.removeprefix("dynamodb."), params) for name, params in calls.asked]
    by_operation = {
        operation: [_as_bare(params) for name, params in of_dynamodb if name == operation] for operation in _MUST
    }
    batches = len(by_operation["PutItem"]) // TEN
    return [
        _recording(
            {name: found[nth * _MUST[name] : (nth + 1) * _MUST[name]] for name, found in by_operation.items()}
        )
        for nth in range(batches)
    ]


def _recording(by_operation: Mapping[str, Sequence[Mapping[str, Any]]]) -> Recording:
    asked = chain.from_iterable(((name, params) for params in found) for name, found in by_operation.items())
    orders = [_order_of(intent) for intent in by_operation["TransactWriteItems"]]
    return Recording(tuple(asked), orders)


def _as_bare(params: Mapping[str, Any]) -> dict[str, Any]:
    without_token = {name: value for name, value in params.items() if name != "ClientRequestToken"}
    renamed: dict[str, Any] = json.loads(json.dumps(without_token).replace(ACCOUNT, BARE_ACCOUNT))
    return renamed


def _order_of(intent: Mapping[str, Any]) -> dict[str, Any]:
    values = intent["TransactItems"][0]["Update"]["ExpressionAttributeValues"]
    body: dict[str, Any] = TypeDeserializer().deserialize(values[":order_body"])
    return body


def _cpu_seconds(work: Callable[[], None]) -> float:
    gc.collect()
    started = process_time()
    work()
    return process_time() - started
