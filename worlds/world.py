"""A world: the functions of every account, as the handlers run them, wired to whatever ports it is given."""

import logging
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import IO, Any, Protocol

from aws_lambda_powertools import Logger

from argo.domain.config import Configuration
from argo.observability import Telemetry
from argo.ports import Clock, GivenPorts, Ledger, Ports, SignalQueue
from execution import wiring as executor
from execution.batch import execute_batch
from generation import wiring as generator
from generation.tick import generate
from reconciliation import wiring as reconciler
from reconciliation.run import reconcile
from simulation.ports.event_source import EventSourceMapping, MessageSource

_NO_DEADLINE = timedelta(hours=1)

_UNEXPECTED = Logger(service="unexpected", level=logging.ERROR, stream=sys.stderr)
"""For a world without logs: what nobody expected is said all the same."""
_UNEXPECTED.addFilter(lambda record: bool(record.exc_info))


class TimedQueue(SignalQueue, MessageSource, Protocol):
    """Both sides of an account's queue, on the world's clock."""

    def next_visible_at(self) -> datetime | None:
        """Return when the next message can be received; None when there is none."""
        ...


@dataclass(frozen=True, slots=True)
class World:
    """Everything that template.yaml deploys, in this process."""

    clock: Clock
    ledger: Ledger
    generator: generator.Wiring
    queues: Mapping[str, TimedQueue]
    mappings: Mapping[str, EventSourceMapping]
    reconcilers: Mapping[str, reconciler.Wiring]

    @property
    def executors(self) -> tuple[str, ...]:
        """The accounts, in the configuration's order."""
        return tuple(self.mappings)

    async def generate(self) -> dict[str, object]:
        """Invoke the generate function for a single cycle."""
        report = await generate({"budget_seconds": 0}, self.generator, time_left=_NO_DEADLINE)
        self.generator.ports.telemetry.flush()
        return report

    async def deliver(self) -> None:
        """Let the executors have what is visible in their queues now."""
        for name, queue in self.queues.items():
            due = queue.next_visible_at()
            if due is not None and due <= self.clock.now():
                await self.mappings[name].drain()

    def next_delivery(self) -> datetime | None:
        """Return when a message can be received next; None when there is none."""
        times = (queue.next_visible_at() for queue in self.queues.values())
        return min((time for time in times if time is not None), default=None)

    async def reconcile(self) -> None:
        """Invoke every account's reconcile function."""
        for wiring in self.reconcilers.values():
            await reconcile(wiring)
            wiring.ports.telemetry.flush()


def world_of(
    configuration: Configuration,
    ports: Mapping[str, Ports],
    queues: Mapping[str, TimedQueue],
    *,
    log_to: IO[str] | None,
    mode: str,
) -> World:
    """Wire the functions of every enabled account.

    Args:
        configuration: argo.toml.
        ports: Every enabled account's; the generator has the first one's, by whose broker it knows the exchange's
            hours.
        queues: Both sides of every enabled account's queue.
        log_to: Where the functions' structured logs go; None for nowhere, but that exceptions which nobody
            expected go to standard error.
        mode: ``simulated`` or ``paper``.

    Raises:
        ConfigurationError: an enabled account has no ports, or a source can't be made.
    """

    def given(service: str, account: str, served: str | None) -> GivenPorts:
        telemetry = Telemetry(service, mode=mode, executor=served, stream=log_to, metrics=False)
        if log_to is None:
            telemetry.log = _UNEXPECTED
        return GivenPorts.like(ports[account], telemetry=telemetry)

    names = configuration.executors
    first = ports[names[0]]
    executors = {
        name: executor.wire(given(executor.SERVICE, name, name), name, configuration.profile(name))
        for name in names
    }
    return World(
        clock=first.clock,
        ledger=first.ledger,
        generator=generator.wire(given(generator.SERVICE, names[0], None), configuration),
        queues={name: queues[name] for name in names},
        mappings={
            name: EventSourceMapping(
                source=queues[name],
                function=partial(_execute, wiring),
                on_error=partial(_log_failure, wiring.ports),
            )
            for name, wiring in executors.items()
        },
        reconcilers={
            name: reconciler.wire(given(reconciler.SERVICE, name, name), name, configuration.profile(name))
            for name in names
        },
    )


async def _execute(wiring: executor.Wiring, event: dict[str, Any]) -> Mapping[str, Any]:
    answer = await execute_batch(event, wiring, seconds_left=_NO_DEADLINE.total_seconds)
    wiring.ports.telemetry.flush()
    return dict(answer)


def _log_failure(ports: Ports, error: Exception) -> None:
    ports.telemetry.log.error("invocation_failed", error=repr(error), exc_info=error)
