"""Play bars through the pipeline: the market's time is the tape's, everything else is real."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import IO

from argo.domain.config import Configuration
from argo.domain.signal import Timeframe
from argo.domain.symbols import Symbol
from argo.domain.tables import ConfigurationError
from simulation.broker import Account, SimulatedBroker
from simulation.market.bar_history import BarHistory, Step
from simulation.ports.clock import SteppedClock
from worlds.surroundings import MODE, Backend, Connected, simulated_account
from worlds.world import World, world_of

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Played:
    """What was played, and what the broker holds at its end, to be compared with the ledger.

    ``cash`` in USD and ``entries``, the ids of the orders that are no other's leg, are per account.
    """

    executors: tuple[str, ...]
    bars: int
    cash: Mapping[str, Decimal]
    entries: Mapping[str, frozenset[str]]


def configured_for(configuration: Configuration, tape: BarHistory) -> Configuration:
    """Return the configuration with the tape's symbols as watchlist and its timeframe.

    Raises:
        ConfigurationError: the tape's timeframe or a symbol is not one that Argo trades.
    """
    try:
        timeframe = Timeframe(tape.timeframe.name)
        watchlist = tuple(Symbol(symbol) for symbol in tape.symbols)
    except ValueError as error:
        raise ConfigurationError(f"these bars cannot be traded: {error}") from error
    rules = configuration.generation.model_copy(update={"timeframe": timeframe})
    return configuration.model_copy(update={"watchlist": watchlist, "generation": rules})


async def play(
    tape: BarHistory,
    configuration: Configuration,
    *,
    backend: Backend,
    log_to: IO[str] | None,
    first: date | None = None,
    on_step: Callable[[Step, int], None],
) -> tuple[World, Played]:
    """Play a tape from a date on; earlier bars are the market's history.

    Each bar goes: it opens; the generator's tick sees the bars closed before it; the executors drain their
    queues at the open; the bar runs its course and fills what it meets; the reconcilers look.

    Nothing in it waits for a real clock or depends on a thread's timing: the same bars and configuration leave the
    same ledger, whatever the backend. ``log_to`` takes the functions' logs, None for none.
    """
    past, present = (tape.between(last=first - _ONE_DAY), tape.between(first)) if first else (None, tape)
    settings = {name: simulated_account(name) for name in configuration.executors}
    engine = SimulatedBroker.replaying(present, settings.values())
    if past is not None:
        engine.market.preload(past)
    clock = SteppedClock(engine.clock.now)
    with _no_task_waits(), backend(engine, settings, clock) as connected:
        world = world_of(
            configuration,
            connected.ports,
            connected.queues,
            log_to=log_to,
            mode=MODE,
        )
        course = _Course(engine, clock, world, connected)
        total = 0
        for step in present:
            total += await course.run(step)
            on_step(step, total)
    accounts = {name: engine.accounts[keys.key_id] for name, keys in settings.items()}
    return world, Played(
        executors=world.executors,
        bars=len(present.bars),
        cash={name: account.cash for name, account in accounts.items()},
        entries={name: _entries(account) for name, account in accounts.items()},
    )


@dataclass(frozen=True, slots=True)
class _Course:
    """The course of a bar."""

    engine: SimulatedBroker
    clock: SteppedClock
    world: World
    connected: Connected

    async def run(self, step: Step) -> int:
        """Run one step; returns the number of new signals."""
        engine, drive = self.engine, self.connected.drive
        drive(lambda: engine.begin(step))
        self.clock.set(step.start)
        report = await self.world.generate()
        await self._deliver(step)
        drive(lambda: engine.finish(step))
        self.clock.set(step.end)
        await self.world.deliver()
        await self.world.reconcile()
        signals = report["signals"]
        return signals if isinstance(signals, int) else 0

    async def _deliver(self, step: Step) -> None:
        """Let the executors have their messages, also those that come back before the bar's price moves."""
        moves = step.start + (step.end - step.start) / 4
        await self.world.deliver()
        while (at := self.world.next_delivery()) is not None and at < moves:
            self.connected.drive(lambda: self.engine.set_clock(at))
            self.clock.set(at)
            await self.world.deliver()


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


def _entries(account: Account) -> frozenset[str]:
    legs = {leg.id for order in account.orders.values() for leg in order.legs}
    return frozenset(account.orders) - legs
