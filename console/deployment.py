"""What a command works on: the ledger and the queues of a deployed stack, or of a local run."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from argo.adapters.aws.queue import SqsSignalQueue
from argo.adapters.clock import SystemClock
from argo.adapters.wiring import Adapters
from argo.domain.ledger import SignalRecord
from argo.domain.lists import Listed
from argo.domain.tables import ConfigurationError
from argo.environment import Environment
from argo.ports import Ledger, Message
from argo.records import of_days
from console.runs import RunRecord
from console.stacks import Stack, read_stack
from worlds.embedded_aws import KEYS, Resources, embedded_aws
from worlds.paths import LAST_RUN, LOOPBACK, TEMPLATE

_DAYS_BACK = 7
_BATCH = 10
_SEEN_BY_CONTAINERS = "host.docker.internal"


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """One account's dead letters and the queue they came from."""

    dead: SqsSignalQueue
    queue: SqsSignalQueue

    async def look(self, limit: int | None) -> list[Message]:
        """Return the dead letters, as many as ``limit``; they are visible again at once."""
        found = await self._receive(limit)
        for message in found:
            await self.dead.hide(message.receipt_handle, timedelta())
        return found

    async def redrive(self, message_id: str | None = None) -> list[Message]:
        """Send dead letters back into their queue and return them; one, or all.

        Received, sent, deleted, in that order and one by one: a crash in between leaves a message in both
        queues, and the executor knows it. Works where StartMessageMoveTask does not exist, and for one message.
        """
        moved = []
        for message in await self._receive(None):
            if message_id in {None, message.message_id}:
                await self.queue.send_body(message.body)
                await self.dead.delete([message.receipt_handle])
                moved.append(message)
            else:
                await self.dead.hide(message.receipt_handle, timedelta())
        return moved

    async def _receive(self, limit: int | None) -> list[Message]:
        found: dict[str, Message] = {}
        while limit is None or len(found) < limit:
            batch = await self.dead.receive(_BATCH if limit is None else min(_BATCH, limit - len(found)))
            new = [message for message in batch if message.message_id not in found]
            found |= {message.message_id: message for message in batch}
            if not new:
                break
        return list(found.values())


@dataclass(frozen=True, slots=True)
class Deployment:
    """A ledger and queues; ``days`` are the UTC days with records, None where they are not known."""

    resources: Resources
    adapters: Adapters
    days: Sequence[str] | None

    @property
    def ledger(self) -> Ledger:
        return self.adapters.ledger

    @property
    def executors(self) -> tuple[str, ...]:
        """The accounts that have a queue."""
        return tuple(self.resources.queues)

    def days_from(self, first: datetime | None = None, last: datetime | None = None) -> list[str]:
        """Return the UTC days to read, newest first: of a local run all that there are, else the last week.

        ``first`` and ``last`` lie in the days that bound them.
        """
        if self.days is not None:
            lower, upper = (f"{first:%F}" if first else ""), (f"{last:%F}" if last else "9999-12-31")
            return [day for day in self.days if lower <= day <= upper]
        newest = last or SystemClock().now()
        oldest = first or newest - timedelta(days=_DAYS_BACK - 1)
        return [f"{newest - timedelta(days=back):%F}" for back in range((newest.date() - oldest.date()).days + 1)]

    async def records(self, first: datetime | None = None, last: datetime | None = None) -> Listed[SignalRecord]:
        """Return the signals of the days to read, newest first, with every account's execution."""
        return await of_days(self.ledger, self.executors, self.days_from(first, last))

    def dead_letters(self, executor: str) -> DeadLetters:
        """Return an account's dead letters.

        Raises:
            ConfigurationError: there is no such account.
        """
        self.require(executor)
        dead, queue = self.resources.dead_letter_queues[executor], self.resources.queues[executor]
        return DeadLetters(self.adapters.queue_at(dead), self.adapters.queue_at(queue))

    def require(self, executor: str) -> None:
        """Refuse an account that is not there.

        Raises:
            ConfigurationError: it has no queue.
        """
        if executor not in self.resources.queues:
            raise ConfigurationError(f"no account {executor!r}; there are {', '.join(self.executors)}")


@contextmanager
def open_deployment(
    state: Path = LAST_RUN, stack: str | None = None, served: Path | None = None, *, table: str | None = None
) -> Iterator[Deployment]:
    """Open what `argo serve` serves, a deployed stack, or a local run's state on the emulator for the block.

    ``table`` is a ledger that stands beside the stack's own.

    Raises:
        ConfigurationError: there is no such thing.
    """
    if served is not None:
        yield _served(served)
        return
    if stack is not None:
        try:
            found = read_stack(boto3.client, stack, resources=False)
        except (BotoCoreError, ClientError) as error:
            raise ConfigurationError(f"--stack {stack}: {error}") from error
        yield deployment_of(found, table)
        return
    if table is not None:
        raise ConfigurationError("--table is of a stack: say --stack NAME too")
    record = RunRecord(state)
    if not record.aws.exists():
        raise ConfigurationError(f"--state {state}: no run is kept there; `argo run` makes one")
    with embedded_aws(record.aws) as aws:
        resources = aws.create_resources(TEMPLATE)
        yield Deployment(resources, _adapters(resources, aws.environment), aws.days(resources.table))


def deployment_of(stack: Stack, table: str | None = None) -> Deployment:
    """Return a deployed stack's ledger, or another in its place, and queues, for reading and redriving."""
    resources = Resources(table or stack.table, stack.queue_urls, stack.dead_letter_urls)
    return Deployment(resources, _adapters(resources, dict(os.environ)), None)


def _adapters(resources: Resources, variables: Mapping[str, str]) -> Adapters:
    """Return adapters for reading and redriving; the mode is written by the functions only."""
    return Adapters(
        Environment({"ARGO_MODE": "simulated", **variables, "ARGO_TABLE_NAME": resources.table}), SystemClock()
    )


def _served(path: Path) -> Deployment:
    try:
        text = path.read_text(encoding="utf-8").replace(_SEEN_BY_CONTAINERS, LOOPBACK)
        functions: Mapping[str, Mapping[str, str]] = json.loads(text)
        variables = functions["ApiFunction"]
        dead_letter_queues = {
            each["ARGO_EXECUTOR"]: each["ARGO_DLQ_URL"] for each in functions.values() if "ARGO_DLQ_URL" in each
        }
        queues = json.loads(variables["ARGO_QUEUE_URLS"])
        resources = Resources(variables["ARGO_TABLE_NAME"], queues, dead_letter_queues)
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise ConfigurationError(f"--served {path}: not what a running `argo serve` has written") from error
    return Deployment(resources, _adapters(resources, {**KEYS, **variables}), None)
