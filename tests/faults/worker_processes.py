"""Workers that really end: forked for one delivery each, by a process of one thread that holds no connection."""

import asyncio
import contextlib
import gc
import io
import json
import multiprocessing
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from botocore.awsrequest import AWSResponse

from argo.adapters.wiring import Adapters
from argo.domain.profile import Profile
from argo.environment import Environment
from argo.ports import GivenPorts, Ports
from execution import wiring as execution_wiring
from execution.batch import execute_batch
from reconciliation import wiring as reconciliation_wiring
from reconciliation.report import Report
from reconciliation.run import reconcile
from simulation.ports.clock import SteppedClock
from tests.interposing import INTERPOSED

ACKNOWLEDGED = 0
GIVEN_BACK = 3
CRASHED = 42
A_TIME = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Crash:
    """End the process before or after a call of a port's method, the ``nth`` one of a delivery."""

    port: str
    method: str
    when: str
    nth: int = 1

    def __str__(self):
        return f"{self.when} {self.method}" + (f" {self.nth}" if self.nth > 1 else "")


@dataclass(frozen=True)
class Delivery:
    """One invocation of an executor with an event, at a time, ending where it is told to.

    ``conflicts``: every so many of its transactions meet another one at DynamoDB; 0 is none.
    """

    environment: dict[str, str]
    profile: Profile
    event: dict[str, Any]
    now: datetime
    crash: Crash | None = None
    conflicts: int = 0


@dataclass(frozen=True)
class Reconciliation:
    """One run of an account's reconciler, ending where it is told to."""

    environment: dict[str, str]
    profile: Profile
    now: datetime
    crash: Crash | None = None


class _Mortal:
    """What the calls of a port go through, one of which ends the process."""

    def __init__(self, crash):
        self._crash = crash
        self._calls = 0

    async def __call__(self, name, method, /, *args, **kwargs):
        self._calls += name == self._crash.method
        if name != self._crash.method or self._calls < self._crash.nth:
            return await method(*args, **kwargs)
        if self._crash.when == "before":
            os._exit(CRASHED)
        try:
            return await method(*args, **kwargs)
        finally:
            os._exit(CRASHED)


class _Conflicts:
    """Answers every so many transactions as DynamoDB does while another one is at the same item.

    The emulator runs one request at a time, so that there they never meet.
    """

    def __init__(self, every: int):
        self._every = every
        self._seen = 0

    def __call__(self, request, **_):
        self._seen += 1
        if self._seen % self._every:
            return None
        body = {
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "message": "Transaction cancelled, please refer cancellation reasons for specific reasons",
            "CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}],
        }
        headers = {"Content-Type": "application/x-amz-json-1.0"}
        return AWSResponse(request.url, 400, headers, _Raw(json.dumps(body).encode()))


class _Raw(io.BytesIO):
    def stream(self, **_):
        yield self.read()


class WorkerProcesses:
    """Forks workers on demand; `run` returns what became of each: one of the codes above."""

    def __init__(self, variables: dict[str, str]):
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, variables), daemon=True)
        self._process.start()
        theirs.close()

    def run(self, *deliveries: Delivery | Reconciliation) -> list[int]:
        """Run deliveries or reconciliations at once, each in a process of its own, and wait for all."""
        self._pipe.send(deliveries)
        return self._pipe.recv()

    def close(self):
        self._pipe.close()
        self._process.join()


def _serve(pipe, variables):
    # Made before the forks, with no connection open yet: a child takes them over for nothing.
    adapters = Adapters(Environment(variables), SteppedClock(A_TIME))
    assert adapters.ledger
    assert adapters.queue
    gc.freeze()  # A child's collector would copy whatever it looked at.
    with contextlib.suppress(EOFError):
        while True:
            deliveries: Sequence[Delivery | Reconciliation] = pipe.recv()
            children = [_fork(delivery) for delivery in deliveries]
            pipe.send([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])


def _fork(work: Delivery | Reconciliation) -> int:
    child = os.fork()
    if child:
        return child
    try:
        if isinstance(work, Reconciliation):
            run_reconciler(work)
            os._exit(ACKNOWLEDGED)
        answer = deliver(work)
        os._exit(GIVEN_BACK if answer["batchItemFailures"] else ACKNOWLEDGED)
    except BaseException:  # noqa: BLE001 - a forked child must not return into its parent's code
        os._exit(1)


def deliver(delivery: Delivery, *, noted: list[tuple[str, str]] | None = None) -> dict[str, Any]:
    """Invoke the executor, as Lambda would; ``noted`` gets port and name of each method that is called."""
    wiring = execution_wiring.from_environment(
        Environment(delivery.environment),
        SteppedClock(delivery.now),
        profile=delivery.profile,
        log_to=io.StringIO(),
    )
    if delivery.crash is not None:
        wiring = replace(wiring, ports=_mortal(wiring.ports, delivery.crash))
    if noted is not None:
        wiring = replace(wiring, ports=_noting(wiring.ports, noted))
    if delivery.conflicts:
        events = wiring.ports.ledger._table._client.meta.events
        events.register("before-send.dynamodb.TransactWriteItems", _Conflicts(delivery.conflicts))
    return asyncio.run(execute_batch(delivery.event, wiring, seconds_left=lambda: 30.0))


def _mortal(ports: Ports, crash: Crash) -> Ports:
    port = INTERPOSED[crash.port](getattr(ports, crash.port), _Mortal(crash))
    return GivenPorts.like(ports, **{crash.port: port})


def _noting(ports: Ports, noted: list[tuple[str, str]]) -> Ports:
    async def note(port, name, method, /, *args, **kwargs):
        noted.append((port, name))
        return await method(*args, **kwargs)

    watched = {port: INTERPOSED[port](getattr(ports, port), partial(note, port)) for port in ("ledger", "broker")}
    return GivenPorts.like(ports, **watched)


def run_reconciler(work: Reconciliation) -> Report:
    """Invoke the reconciler, as Lambda would."""
    wiring = reconciliation_wiring.from_environment(
        Environment(work.environment), SteppedClock(work.now), profile=work.profile, log_to=io.StringIO()
    )
    if work.crash is not None:
        wiring = replace(wiring, ports=_mortal(wiring.ports, work.crash))
    return asyncio.run(reconcile(wiring))
