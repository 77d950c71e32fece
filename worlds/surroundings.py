"""What surrounds the functions when bars are played: embedded AWS and a broker over HTTP, or only memory."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Protocol

from argo.adapters.alpaca.rate_limit import RequestBudget
from argo.adapters.wiring import Adapters
from argo.environment import Environment
from argo.observability import Telemetry
from argo.ports import Broker, Clock, GivenPorts, Ports
from argo.ports.interposed import InterposedBroker
from simulation.broker import AccountSettings, SimulatedBroker
from simulation.broker.server import BackgroundServer, BrokerServer
from simulation.ports.broker import InMemoryBroker
from simulation.ports.ledger import InMemoryLedger
from simulation.ports.market_data import InMemoryMarketData
from simulation.ports.queue import InMemoryQueue
from worlds.embedded_aws import EmbeddedAws, Resources
from worlds.in_turn import CallsInTurn, PunctualQueue
from worlds.world import TimedQueue

MODE = "simulated"
_CASH = Decimal(100_000)
_VISIBILITY, _MAX_RECEIVES = timedelta(seconds=180), 20


class Drive(Protocol):
    """Works the engine where it may be worked, and returns what the work does."""

    def __call__[T](self, work: Callable[[], T], /) -> T: ...


@dataclass(frozen=True, slots=True)
class Connected:
    """Every account's ports, both sides of its queue, and the engine behind them."""

    ports: Mapping[str, Ports]
    queues: Mapping[str, TimedQueue]
    drive: Drive


class Backend(Protocol):
    """Puts an engine, and the accounts that it has for each executor, behind ports, while a block runs."""

    def __call__(
        self, engine: SimulatedBroker, accounts: Mapping[str, AccountSettings], clock: Clock, /
    ) -> AbstractContextManager[Connected]: ...


@dataclass(frozen=True, slots=True)
class OnEmbeddedAws:
    """The real adapters: the template's table and queues on the emulator, the engine behind its HTTP face."""

    aws: EmbeddedAws
    resources: Resources

    @contextmanager
    def __call__(
        self, engine: SimulatedBroker, accounts: Mapping[str, AccountSettings], clock: Clock, /
    ) -> Iterator[Connected]:
        """Serve the engine on a thread of its own.

        Raises:
            ConfigurationError: the template has no queues for an account.
        """
        with BackgroundServer(BrokerServer(engine, requests_per_minute=None)) as broker:
            common = {"ARGO_MODE": MODE, **self.aws.environment}
            adapters = {
                name: Adapters(
                    Environment(common | self.resources.environment(name) | broker_environment(broker.url, keys)),
                    clock,
                    calls=lambda _service: CallsInTurn(),
                )
                for name, keys in accounts.items()
            }
            queues = {
                name: PunctualQueue(each.queue, each.consumer(each.environment.queue_url), clock)
                for name, each in adapters.items()
            }
            first = next(iter(adapters.values()))
            shared = {"ledger": first.ledger, "market_data": first.market_data, "queues": queues}
            ports = {name: GivenPorts.like(each, **shared, queue=queues[name]) for name, each in adapters.items()}
            yield Connected(ports, queues, broker.call)


@dataclass(frozen=True, slots=True)
class InMemory:
    """Ports over the engine in this process, and a ledger that is gone with it."""

    ledger: InMemoryLedger = field(default_factory=lambda: InMemoryLedger(mode=MODE))

    @contextmanager
    def __call__(
        self, engine: SimulatedBroker, accounts: Mapping[str, AccountSettings], clock: Clock, /
    ) -> Iterator[Connected]:
        """Stand beside the engine."""
        queues = {
            name: InMemoryQueue(clock, visibility=_VISIBILITY, max_receives=_MAX_RECEIVES) for name in accounts
        }
        ports = {
            name: GivenPorts(
                ledger=self.ledger,
                broker=budgeted(InMemoryBroker(engine, keys.key_id), clock),
                market_data=InMemoryMarketData(engine),
                queue=queues[name],
                queues=queues,
                clock=clock,
                telemetry=Telemetry("memory", mode=MODE),
            )
            for name, keys in accounts.items()
        }
        yield Connected(ports, queues, _at_once)


def budgeted(broker: Broker, clock: Clock) -> Broker:
    """Ask a broker no more often than `AlpacaBroker` would: a request counts in memory too.

    Its methods raise `Throttled` once the budget is used up.
    """
    budget = RequestBudget(clock)

    async def within_budget[**P, T](
        _name: str, ask: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        budget.take()
        return await ask(*args, **kwargs)

    return InterposedBroker(broker, within_budget)


def _at_once[T](work: Callable[[], T], /) -> T:
    return work()


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
