"""Play bars through the functions of every account: the market's time is the bars', everything else is real."""

import asyncio
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from functools import partial
from typing import IO, Any

from aws_lambda_powertools import Logger

from argo.domain.config import Configuration
from argo.domain.metrics import Metric
from argo.domain.signal import Timeframe
from argo.domain.symbols import Symbol
from argo.domain.tables import ConfigurationError
from argo.observability import Telemetry
from argo.ports import GivenPorts, Ledger
from execution import wiring as executor
from execution.batch import PartialBatchResponse, execute_batch
from generation import wiring as generator
from generation.cycle import generate
from reconciliation import wiring as reconciler
from reconciliation.run import reconcile
from simulation.broker import SimulatedBroker
from simulation.market.bar_history import BarHistory, Step
from simulation.ports.clock import SteppedClock
from simulation.ports.event_source import EventSourceMapping
from worlds.backends import MODE, Backend, Connected, simulated_account

_ONE_DAY = timedelta(days=1)
_NO_DEADLINE = timedelta(hours=1)

_UNEXPECTED = Logger(service="unexpected", level=logging.ERROR, stream=sys.stderr)
"""Where logs are not wanted: what nobody expected is said all the same."""
_UNEXPECTED.addFilter(lambda record: bool(record.exc_info))


def configured_for(configuration: Configuration, history: BarHistory) -> Configuration:
    """Return the configuration with the bars' symbols as watchlist and their timeframe.

    Raises:
        ConfigurationError: the timeframe or a symbol is not one that Argo trades.
    """
    try:
        timeframe = Timeframe(history.timeframe.name)
        watchlist = tuple(Symbol(symbol) for symbol in history.symbols)
    except ValueError as error:
        raise ConfigurationError(f"these bars cannot be traded: {error}") from error
    rules = configuration.generation.model_copy(update={"timeframe": timeframe})
    return configuration.model_copy(update={"watchlist": watchlist, "generation": rules})


async def play(
    history: BarHistory,
    configuration: Configuration,
    *,
    backend: Backend,
    log_to: IO[str] | None,
    first: date | None = None,
    on_step: Callable[[Step, int], None],
) -> Ledger:
    """Play bars from a date on, earlier ones being the market's history, and return the ledger that they leave.

    Nothing in it waits for a real clock or depends on a thread's timing: the same bars and configuration leave the
    same ledger, whatever the backend. ``log_to`` takes the functions' logs; with None they go nowhere, but that
    exceptions which nobody expected go to standard error.

    Raises:
        ConfigurationError: a source can't be made.
    """
    past, present = (history.between(last=first - _ONE_DAY), history.between(first)) if first else (None, history)
    settings = {name: simulated_account(name) for name in configuration.executors}
    engine = SimulatedBroker.replaying(present, settings.values())
    if past is not None:
        engine.market.preload(past)
    clock = SteppedClock(engine.clock.now)
    with _no_task_waits(), backend(engine, settings, clock) as connected:
        pipeline = _Pipeline(configuration, connected, engine, clock, log_to)
        signals = 0
        for step in present:
            signals += await pipeline.run(step)
            on_step(step, signals)
        return connected.ports[configuration.executors[0]].ledger


class _Pipeline:
    """Everything that template.yaml deploys, in this process, on the ports of every enabled account.

    The generator has the first account's, by whose broker it knows the exchange's hours.
    """

    def __init__(
        self,
        configuration: Configuration,
        connected: Connected,
        engine: SimulatedBroker,
        clock: SteppedClock,
        log_to: IO[str] | None,
    ) -> None:
        def ports(service: str, served: str | None) -> GivenPorts:
            telemetry = Telemetry(service, mode=MODE, executor=served, stream=log_to, metrics=False)
            if log_to is None:
                telemetry.log = _UNEXPECTED
            return GivenPorts.like(connected.ports[served or configuration.executors[0]], telemetry=telemetry)

        self._engine, self._clock, self._connected = engine, clock, connected
        self._generator = generator.wire(ports(generator.SERVICE, None), configuration)
        self._mappings: dict[str, EventSourceMapping] = {}
        self._reconcilers: list[reconciler.Wiring] = []
        for name in configuration.executors:
            profile = configuration.profile(name)
            executing = executor.Wiring(ports(executor.SERVICE, name), name, profile)
            self._mappings[name] = EventSourceMapping(
                connected.queues[name], partial(_execute, executing), partial(_log_failure, executing)
            )
            self._reconcilers.append(reconciler.Wiring(ports(reconciler.SERVICE, name), name, profile))

    async def run(self, step: Step) -> int:
        """Run the course of a bar and return the number of new signals.

        It opens; the generator's tick sees the bars closed before it; the executors drain their queues at the
        open, and again for what comes back before the price moves; the bar runs its course and fills what it
        meets; the reconcilers look.
        """
        self._connected.drive(lambda: self._engine.begin(step))
        self._clock.set(step.start)
        signals = await self._generate()
        await self._deliver()
        moves = step.start + (step.end - step.start) / 4
        while (at := self._next_delivery()) is not None and at < moves:
            self._connected.drive(partial(self._engine.set_clock, at))
            self._clock.set(at)
            await self._deliver()
        self._connected.drive(lambda: self._engine.finish(step))
        self._clock.set(step.end)
        await self._deliver()
        for wiring in self._reconcilers:
            await reconcile(wiring)
            wiring.ports.telemetry.flush()
        return signals

    async def _generate(self) -> int:
        await generate({"budget_seconds": 0}, self._generator, time_left=_NO_DEADLINE)
        telemetry = self._generator.ports.telemetry
        signals = telemetry.counts.get(Metric.SIGNALS_GENERATED, 0)
        telemetry.flush()
        return signals

    async def _deliver(self) -> None:
        for name, queue in self._connected.queues.items():
            due = queue.next_visible_at()
            if due is not None and due <= self._clock.now():
                await self._mappings[name].drain()

    def _next_delivery(self) -> datetime | None:
        times = (queue.next_visible_at() for queue in self._connected.queues.values())
        return min((time for time in times if time is not None), default=None)


async def _execute(wiring: executor.Wiring, event: dict[str, Any]) -> PartialBatchResponse:
    answer = await execute_batch(event, wiring, seconds_left=_NO_DEADLINE.total_seconds)
    wiring.ports.telemetry.flush()
    return answer


def _log_failure(wiring: executor.Wiring, error: Exception) -> None:
    wiring.ports.telemetry.log.error("invocation_failed", error=repr(error), exc_info=error)


@contextmanager
def _no_task_waits() -> Iterator[None]:
    """Let each task run as far as it can when it is made, which is to its end: no port here waits for anything.

    So the records of a batch are decided on in their order, and the loop, which would go round for every task, is
    left with nothing to do.
    """
    loop = asyncio.get_running_loop()
    factory = loop.get_task_factory()
    loop.set_task_factory(asyncio.eager_task_factory)
    try:
        yield
    finally:
        loop.set_task_factory(factory)
