"""What a command works on: the ledger and the queues of a deployed stack, or of a local run."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from argo.adapters.aws.queue import SqsSignalQueue
from argo.adapters.clock import SystemClock
from argo.adapters.wiring import Adapters
from argo.domain.tables import ConfigurationError
from argo.environment import Environment
from argo.ports import Ledger
from console.options import StackOption, StateOption
from console.runs import RunRecord
from console.stacks import read_stack
from worlds.embedded_aws import Resources, embedded_aws
from worlds.paths import LAST_RUN, TEMPLATE

__all__ = ["Deployment", "StackOption", "StateOption", "open_deployment"]

_DAYS_BACK = 7


@dataclass(frozen=True, slots=True)
class Deployment:
    """A ledger and queues; ``days`` are the UTC days with records, None where they are not known."""

    resources: Resources
    adapters: Adapters
    days: Sequence[str] | None

    @property
    def ledger(self) -> Ledger:
        """The ledger."""
        return self.adapters.ledger

    @property
    def executors(self) -> tuple[str, ...]:
        """The accounts that have a queue."""
        return tuple(self.resources.queues)

    def days_from(self, first: datetime | None = None, last: datetime | None = None) -> list[str]:
        """Return the UTC days to read, newest first: of a local run all that there are, else the last week.

        ``first`` and ``last`` lie in the days that bound them.
        """
        if self.days is None:
            return last_days(first and first.date(), last and last.date())
        lower = f"{first:%F}" if first else ""
        upper = f"{last:%F}" if last else "9999-12-31"
        return [day for day in self.days if lower <= day <= upper]

    def queue(self, executor: str) -> SqsSignalQueue:
        """An account's queue, to send to."""
        return self.adapters.queue_at(self._url(executor, self.resources.queues))

    def dead_letters(self, executor: str) -> SqsSignalQueue:
        """An account's dead-letter queue, to read from."""
        return self.adapters.queue_at(self._url(executor, self.resources.dead_letter_queues))

    def require(self, executor: str) -> None:
        """Refuse an account that is not there.

        Raises:
            ConfigurationError: it has no queue.
        """
        self._url(executor, self.resources.queues)

    def _url(self, executor: str, urls: Mapping[str, str]) -> str:
        if executor not in urls:
            raise ConfigurationError(f"no account {executor!r}; there are {', '.join(urls)}")
        return urls[executor]


def last_days(first: date | None = None, last: date | None = None) -> list[str]:
    """Return UTC days, newest first: up to today and of a week, where no other bound is given."""
    last = last or SystemClock().now().date()
    first = first or last - timedelta(days=_DAYS_BACK - 1)
    return [(last - timedelta(days=back)).isoformat() for back in range((last - first).days + 1)]


@contextmanager
def open_deployment(state: Path = LAST_RUN, stack: str | None = None) -> Iterator[Deployment]:
    """Open a deployed stack, or a local run's state on the emulator while the block runs.

    Raises:
        ConfigurationError: there is no such stack or no such run.
    """
    if stack is not None:
        yield _deployed(stack)
        return
    record = RunRecord(state)
    if not record.aws.exists():
        raise ConfigurationError(f"--state {state}: no run is kept there; `argo run` makes one")
    with embedded_aws(record.aws) as aws:
        resources = aws.create_resources(TEMPLATE)
        yield Deployment(resources, _adapters(resources, aws.environment), aws.days(resources.table))


def _deployed(name: str) -> Deployment:
    try:
        stack = read_stack(boto3.client, name, resources=False)
    except (BotoCoreError, ClientError) as error:
        raise ConfigurationError(f"--stack {name}: {error}") from error
    resources = Resources(stack.table, stack.queue_urls, stack.dead_letter_urls)
    return Deployment(resources, _adapters(resources, dict(os.environ)), None)


def _adapters(resources: Resources, variables: Mapping[str, str]) -> Adapters:
    """Return adapters for reading and redriving; the mode is written by the functions only."""
    return Adapters(
        Environment({"ARGO_MODE": "simulated", **variables, "ARGO_TABLE_NAME": resources.table}), SystemClock()
    )
