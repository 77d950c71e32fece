"""What ledgers and queues are kept in, behind one face: tables and queues as template.yaml describes them."""

import asyncio
from collections.abc import Awaitable, Callable
from copy import copy
from dataclasses import dataclass
from itertools import count
from typing import Any

from argo.adapters.aws.ledger import DynamoLedger
from argo.adapters.aws.queue import SqsSignalQueue
from argo.adapters.threads import BlockingCalls
from argo.ports import Message
from simulation.ports.ledger import InMemoryLedger
from worlds.paths import TEMPLATE
from worlds.template import read_template

_RESOURCES = read_template(TEMPLATE)["Resources"]
_TABLE = _RESOURCES["SignalTable"]["Properties"]
_SHAPE = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
_HIDDEN_SECONDS = _RESOURCES["ArgoQueue"]["Properties"]["VisibilityTimeout"]
_NUMBERS = count(1)


class Plain:
    """A port whose coroutines are plain calls, each on an event loop of its own."""

    def __init__(self, port: object) -> None:
        self.port = port

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.port, name)
        return lambda *args, **options: asyncio.run(method(*args, **options))


def together(*calls: Awaitable[object]) -> list[Any]:
    """Run coroutines at the same time and return their results in order."""

    async def run() -> list[object]:
        return await asyncio.gather(*calls)

    return asyncio.run(run())


@dataclass(frozen=True)
class QueuePair:
    """A queue with its dead-letter queue, and their consuming sides."""

    queue: Plain
    consumer: Plain
    dead_letters: Plain

    def bodies(self) -> list[str]:
        """Receive all that is visible, which hides it."""
        bodies: list[str] = []
        while received := self.consumer.receive():
            bodies += [message.body for message in received]
        return bodies

    def the_only_message(self) -> Message:
        (message,) = self.consumer.receive()
        return message


@dataclass(frozen=True)
class Backend:
    """An emulator's clients, and how many calls it bears at a time."""

    dynamodb: Any
    sqs: Any
    calls: BlockingCalls

    def table(self) -> str:
        name = f"signals-{next(_NUMBERS)}"
        self.dynamodb.create_table(TableName=name, **{key: _TABLE[key] for key in _SHAPE})
        return name

    def ledger(self, table: str | None = None, *, mode: str = "simulated") -> Plain:
        return Plain(DynamoLedger(self.dynamodb, table or self.table(), mode=mode, calls=self.calls))

    def queues(self) -> QueuePair:
        number = next(_NUMBERS)
        url, dead_letter_url = (
            self.sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": str(_HIDDEN_SECONDS)})[
                "QueueUrl"
            ]
            for name in (f"queue-{number}", f"dead-letters-{number}")
        )
        return QueuePair(
            Plain(SqsSignalQueue(lambda: self.sqs, url, dead_letter_url=dead_letter_url, calls=self.calls)),
            Plain(SqsSignalQueue(lambda: self.sqs, url, calls=self.calls)),
            Plain(SqsSignalQueue(lambda: self.sqs, dead_letter_url, calls=self.calls)),
        )


class InMemory:
    """Ledgers without an emulator; whoever opens a table in another mode sees the same records."""

    def table(self) -> InMemoryLedger:
        return InMemoryLedger(mode="simulated")

    def ledger(self, table: InMemoryLedger | None = None, *, mode: str = "simulated") -> Plain:
        opened = copy(table or self.table())
        opened.mode = mode
        return Plain(opened)
