"""Play bars through the pipeline: the market's time is the tape's, everything else is real."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import IO

from argo.domain.config import Configuration
from argo.domain.signal import Timeframe
from argo.domain.symbols import Symbol
from argo.domain.tables import ConfigurationError
from console.embedded_aws import EmbeddedAws
from console.world import LocalWorld, local_world
from simulation.broker import Account, AccountSettings, SimulatedBroker
from simulation.broker.server import BrokerServer
from simulation.clock import SteppedClock
from simulation.tape import Step, Tape

_CASH = Decimal(100_000)
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


def configured_for(configuration: Configuration, tape: Tape) -> Configuration:
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
    tape: Tape,
    configuration: Configuration,
    *,
    aws: EmbeddedAws,
    template: Path,
    log_to: IO[str],
    first: date | None = None,
    on_step: Callable[[Step, int], None],
) -> tuple[LocalWorld, Played]:
    """Play a tape from a date on; earlier bars are the market's history.

    Each bar goes: it opens; the generator's tick sees the bars closed before it; the executors drain their
    queues at the open; the bar runs its course and fills what it meets; the reconcilers look.
    """
    past, present = (tape.between(last=first - _ONE_DAY), tape.between(first)) if first else (None, tape)
    settings = {name: simulated_account(name) for name in configuration.executors}
    broker = SimulatedBroker.replaying(present, settings.values())
    if past is not None:
        broker.market.preload(past)
    server = BrokerServer(broker, requests_per_minute=None)
    url = await server.start()
    try:
        clock = SteppedClock(broker.clock.now)
        world = local_world(
            configuration,
            aws=aws,
            resources=aws.create_resources(template),
            broker={name: broker_environment(url, keys) for name, keys in settings.items()},
            mode="simulated",
            clock=clock,
            log_to=log_to,
        )
        total = 0
        for step in present:
            broker.begin(step)
            clock.set(broker.clock.now)
            signals = await _trade(world)
            total += signals
            broker.finish(step)
            clock.set(broker.clock.now)
            for executor in world.executors:
                await world.reconcile(executor)
            on_step(step, total)
        accounts = {name: broker.accounts[keys.key_id] for name, keys in settings.items()}
        return world, Played(
            executors=world.executors,
            bars=len(present.bars),
            cash={name: account.cash for name, account in accounts.items()},
            entries={name: _entries(account) for name, account in accounts.items()},
        )
    finally:
        await server.stop()


async def _trade(world: LocalWorld) -> int:
    report = await world.generate({"budget_seconds": 0})
    if report["messages"]:
        for mapping in world.mappings.values():
            await mapping.drain()
    signals = report["signals"]
    return signals if isinstance(signals, int) else 0


def _entries(account: Account) -> frozenset[str]:
    legs = {leg.id for order in account.orders.values() for leg in order.legs}
    return frozenset(account.orders) - legs


def broker_environment(url: str, keys: AccountSettings) -> dict[str, str]:
    """Return the variables that direct a function to a simulated broker."""
    return {
        "APCA_API_BASE_URL": url,
        "APCA_API_DATA_URL": url,
        "APCA_API_KEY_ID": keys.key_id,
        "APCA_API_SECRET_KEY": keys.secret_key,
    }


def simulated_account(executor: str) -> AccountSettings:
    """Return the simulated broker's account of an executor: its keys and 100,000 USD."""
    return AccountSettings(key_id=f"simulated-{executor}", secret_key=f"simulated-{executor}", cash=_CASH)
