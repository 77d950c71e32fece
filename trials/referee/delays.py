"""Orders that AWS held up: what it calls retryable passes by itself, and so must the delay."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from argo.domain.signal import Signal
from trials.effects import Call
from trials.referee.evidence import UNRESOLVED, Evidence
from trials.unreliable_queue import signal_in
from trials.workers import SKEW, Worker

LONGEST = timedelta(seconds=10)
"""How much later an order may come for what AWS calls retryable."""


class Delays:
    """Sees whose signal's requests AWS let fail, and when its message comes back."""

    def __init__(self, evidence: Evidence) -> None:
        """Have seen nothing yet."""
        self._evidence = evidence
        self._signal_of: WeakKeyDictionary[asyncio.Task[object], str] = WeakKeyDictionary()
        self._struck: dict[tuple[Worker, str], float] = {}
        self._claims: dict[tuple[str, str, datetime], Worker] = {}

    def see_fault(self, call: Call) -> None:
        """See a request fail that some worker made for the signal it is at."""
        self._note_claim(call)
        if call.task is not None and (signal_id := self._signal_of.get(call.task)) is not None:
            self._struck[call.worker, signal_id] = self._evidence.second()

    def see(self, call: Call) -> None:
        """See an effect just before it happens."""
        self._note_claim(call)

    def _note_claim(self, call: Call) -> None:
        match call.name, call.args, call.task:
            case "claim", (Signal() as signal, str() as executor), asyncio.Task() as task:
                self._signal_of[task] = signal.signal_id
                self._claims[signal.signal_id, executor, _lease_of(call)] = call.worker

    def judge(self, executor: str, worker: Worker, began: float, returned: Iterable[tuple[str, str]]) -> None:
        """Judge what an invocation, in which no effect was slow, gave back: message ids and bodies.

        What comes back later has another reason than AWS: a record that says so, or another worker's claim.
        """
        queue, now = self._evidence.accounts[executor].queue, self._evidence.clock.now()
        for message_id, body in returned:
            signal_id = signal_in(body) or ""
            struck_at = self._struck.get((worker, signal_id))
            if struck_at is None or struck_at < began:
                continue
            held = self._evidence.ledger.find(signal_id, executor)
            again = queue.visible_at(message_id) or now
            if held is not None:
                if held.state not in UNRESOLVED:
                    continue
                if self._claims.get((signal_id, executor, held.lease_until)) is not worker:
                    continue
                again = max(again, held.lease_until)
            if again - now > LONGEST + SKEW:
                said = f"{executor}: AWS failed at {struck_at:.1f} s, and it waits for {again - now}"
                self._evidence.violated("held_up", signal_id, said)


def _lease_of(call: Call) -> datetime:
    asked_at, lease = call.kwargs["now"], call.kwargs["lease"]
    if not isinstance(asked_at, datetime) or not isinstance(lease, timedelta):
        raise TypeError(f"a claim at {asked_at!r} for {lease!r}")
    return asked_at + lease
