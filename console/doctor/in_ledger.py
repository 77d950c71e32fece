"""Reads what the ledger and the dead-letter queues hold; nothing is taken out."""

import asyncio
from datetime import UTC, datetime

from argo.adapters.wiring import Adapters
from argo.domain.ledger import StoredSignal
from argo.ports import Ledger
from console.dead_letters import DeadLetters
from console.doctor.facts import DeadLetterFacts, Heartbeat, QueueFacts
from console.doctor.reading import AwsReader
from console.signals import days_with_records

_LETTERS = 10


def heartbeat(reader: AwsReader, ledger: Ledger, mode: str) -> Heartbeat:
    """Read whether the generator runs, and what it said last."""
    cycles = reader.cycles(mode)
    return Heartbeat(cycles, asyncio.run(_last_signal(ledger)))


def dead_letters(adapters: Adapters, reader: AwsReader, queue: QueueFacts) -> DeadLetterFacts:
    """Count an account's dead letters and look at some, which stay where they are."""
    attributes = reader.clients("sqs").get_queue_attributes(
        QueueUrl=queue.dead_letter_url, AttributeNames=["ApproximateNumberOfMessages"]
    )
    count = int(attributes["Attributes"]["ApproximateNumberOfMessages"])
    if not count:
        return DeadLetterFacts(0, None)
    letters = DeadLetters(adapters.consumer(queue.dead_letter_url), adapters.queue_at(queue.url))
    sent = [int(each.attributes["SentTimestamp"]) for each in asyncio.run(letters.look(_LETTERS))]
    return DeadLetterFacts(count, datetime.fromtimestamp(min(sent) / 1_000, UTC) if sent else None)


async def _last_signal(ledger: Ledger) -> StoredSignal | None:
    for day in days_with_records(None, None, None):
        page = await ledger.signals_of(day, limit=1)
        if page.items:
            return page.items[0]
    return None
