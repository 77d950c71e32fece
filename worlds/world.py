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
from argo.ports import Broker, Clock, Ledger, MarketData, SignalQueue
from execution.account import AssetBook, ExchangeHours
from execution.batch import execute_batch
from execution.wiring import SERVICE as EXECUTE
from execution.wiring import Wiring as ExecutionWiring
from generation.tick import generate
from generation.wiring import SERVICE as GENERATE
from generation.wiring import Wiring as GenerationWiring
from generation.wiring import wire as wire_generator
from reconciliation.run import reconcile
from reconciliation.wiring import SERVICE as RECONCILE
from reconciliation.wiring import Wiring as ReconciliationWiring
from simulation.ports.event_source import EventSourceMapping, MessageSource

_NO_DEADLINE = timedelta(hours=1)

_UNEXPECTED = Logger(service="unexpected", level=logging.ERROR, stream=sys.stderr)
"""For a world without logs: what nobody expected is said all the same."""
_UNEXPECTED.addFilter(lambda record: bool(record.exc_info))


class Queue(SignalQueue, MessageSource, Protocol):
    """Both sides of an account's queue, on the world's clock."""

    def next_visible_at(self) -> datetime | None:
        """Return when the next message can be received; None when there is none."""
        ...


@dataclass(frozen=True, slots=True)
class AccountPorts:
    """An account's doors to the world."""

    broker: Broker
    queue: Queue


@dataclass(frozen=True, slots=True)
class World:
    """Everything that template.yaml deploys, in this process."""

    clock: Clock
    ledger: Ledger
    generator: GenerationWiring
    queues: Mapping[str, Queue]
    mappings: Mapping[str, EventSourceMapping]
    reconcilers: Mapping[str, ReconciliationWiring]

    @property
    def executors(self) -> tuple[str, ...]:
        """The accounts, in the configuration's order."""
        return tuple(self.mappings)

    async def generate(self) -> dict[str, object]:
        """Invoke the generate function for a single cycle."""
        report = await generate({"budget_seconds": 0}, self.generator, time_left=_NO_DEADLINE)
        self.generator.telemetry.flush()
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
            wiring.telemetry.flush()


def world_of(
    configuration: Configuration,
    *,
    ledger: Ledger,
    market_data: MarketData,
    accounts: Mapping[str, AccountPorts],
    mode: str,
    clock: Clock,
    log_to: IO[str] | None,
) -> World:
    """Wire the functions of every enabled account.

    Args:
        configuration: argo.toml.
        ledger: The one that all functions share.
        market_data: The one that all functions share.
        accounts: Every enabled account's ports; the exchange's hours are told by the first one's broker.
        mode: ``simulated`` or ``paper``.
        clock: The time all functions go by.
        log_to: Where their structured logs go; None for nowhere, but that exceptions which nobody
            expected go to standard error.

    Raises:
        ConfigurationError: an enabled account has no ports, or a source can't be made.
    """

    def telemetry(service: str, executor: str | None = None) -> Telemetry:
        made = Telemetry(service, mode=mode, executor=executor, stream=log_to, metrics=False)
        if log_to is None:
            made.log = _UNEXPECTED
        return made

    generator = wire_generator(
        configuration,
        market_data=market_data,
        exchange=accounts[configuration.executors[0]].broker,
        ledger=ledger,
        queues={name: ports.queue for name, ports in accounts.items()},
        clock=clock,
        telemetry=telemetry(GENERATE),
    )
    executes: dict[str, ExecutionWiring] = {}
    reconcilers: dict[str, ReconciliationWiring] = {}
    for name in configuration.executors:
        ports, profile = accounts[name], configuration.profile(name)
        executes[name] = ExecutionWiring(
            executor=name,
            profile=profile,
            ledger=ledger,
            broker=ports.broker,
            market_data=market_data,
            assets=AssetBook(ports.broker, clock),
            hours=ExchangeHours(ports.broker, clock),
            queue=ports.queue,
            clock=clock,
            telemetry=telemetry(EXECUTE, name),
        )
        reconcilers[name] = ReconciliationWiring(
            executor=name,
            profile=profile,
            ledger=ledger,
            broker=ports.broker,
            market_data=market_data,
            queue=ports.queue,
            clock=clock,
            telemetry=telemetry(RECONCILE, name),
        )
    return World(
        clock=clock,
        ledger=ledger,
        generator=generator,
        queues={name: accounts[name].queue for name in executes},
        mappings={
            name: EventSourceMapping(
                source=accounts[name].queue,
                function=partial(_execute, wiring),
                on_error=partial(_log_failure, wiring.telemetry),
            )
            for name, wiring in executes.items()
        },
        reconcilers=reconcilers,
    )


async def _execute(wiring: ExecutionWiring, event: dict[str, Any]) -> Mapping[str, Any]:
    answer = await execute_batch(event, wiring, seconds_left=_NO_DEADLINE.total_seconds)
    wiring.telemetry.flush()
    return dict(answer)


def _log_failure(telemetry: Telemetry, error: Exception) -> None:
    telemetry.log.error("invocation_failed", error=repr(error), exc_info=error)
