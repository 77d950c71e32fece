"""What surrounds the functions when bars are played: embedded AWS and a broker over HTTP, or only memory."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from argo.adapters.aws.queue import LONGEST_DELAY, Message, SqsConsumer, SqsSignalQueue
from argo.adapters.threads import BlockingCalls
from argo.adapters.wiring import Adapters
from argo.domain.reasons import QuarantineReason
from argo.domain.signal import Signal
from argo.environment import Environment
from argo.ports import Clock, Ledger, MarketData, Sent
from console.embedded_aws import EmbeddedAws, Resources
from console.world import AccountPorts
from simulation.broker import AccountSettings, SimulatedBroker
from simulation.broker.server import BackgroundServer, BrokerServer
from simulation.desk import InMemoryBroker
from simulation.feed import InMemoryMarketData
from simulation.ledger import InMemoryLedger
from simulation.queue import InMemoryQueue

MODE = "simulated"
_FEED = "iex"
_CASH = Decimal(100_000)
_VISIBILITY, _MAX_RECEIVES = timedelta(seconds=180), 20


class Drive(Protocol):
    """Works the engine where it may be worked, and returns what the work does."""

    def __call__[T](self, work: Callable[[], T], /) -> T: ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The ports of all functions, and the engine behind them."""

    ledger: Ledger
    market_data: MarketData
    accounts: Mapping[str, AccountPorts]
    drive: Drive


class Surround(Protocol):
    """Puts an engine, and the accounts that it has for each executor, behind ports, while a block runs."""

    def __call__(
        self, engine: SimulatedBroker, accounts: Mapping[str, AccountSettings], clock: Clock, /
    ) -> AbstractContextManager[Surroundings]: ...


@dataclass(frozen=True, slots=True)
class OnEmbeddedAws:
    """The real adapters: the template's table and queues on the emulator, the engine behind its HTTP face."""

    aws: EmbeddedAws
    resources: Resources

    @contextmanager
    def __call__(
        self, engine: SimulatedBroker, accounts: Mapping[str, AccountSettings], clock: Clock, /
    ) -> Iterator[Surroundings]:
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
                    calls=_in_turn,
                )
                for name, keys in accounts.items()
            }
            ports = {
                name: AccountPorts(
                    broker=each.broker,
                    queue=PunctualQueue(each.queue, each.consumer(each.environment.queue_url), clock),
                )
                for name, each in adapters.items()
            }
            first = next(iter(adapters.values()))
            yield Surroundings(first.ledger, first.market_data(_FEED), ports, broker.call)


@dataclass(frozen=True, slots=True)
class InMemory:
    """Ports over the engine in this process, and a ledger that is gone with it."""

    ledger: InMemoryLedger = field(default_factory=lambda: InMemoryLedger(mode=MODE))

    @contextmanager
    def __call__(
        self, engine: SimulatedBroker, accounts: Mapping[str, AccountSettings], clock: Clock, /
    ) -> Iterator[Surroundings]:
        """Stand beside the engine."""
        ports = {
            name: AccountPorts(
                broker=InMemoryBroker(engine, keys.key_id),
                queue=InMemoryQueue(clock, visibility=_VISIBILITY, max_receives=_MAX_RECEIVES),
            )
            for name, keys in accounts.items()
        }
        yield Surroundings(self.ledger, InMemoryMarketData(engine), ports, _at_once)


def _at_once[T](work: Callable[[], T], /) -> T:
    return work()


class CallsInTurn(BlockingCalls):
    """Blocking calls on the caller's own thread.

    What was asked first is answered first, so a run is a function of its input and of no thread's timing.
    """

    def __init__(self) -> None:
        """Have no threads."""

    async def run[**P, T](self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Make the call."""
        return call(*args, **kwargs)


def _in_turn(_service: str) -> BlockingCalls:
    return CallsInTurn()


@dataclass(slots=True)
class PunctualQueue:
    """An SQS queue whose messages come back by the world's clock, where SQS would go by its own.

    A deferred one is hidden for as long as SQS can, and shown when its time has come on that clock.
    """

    queue: SqsSignalQueue
    consumer: SqsConsumer
    clock: Clock
    _visible: int = 0
    _deferred: dict[str, datetime] = field(default_factory=dict)

    async def send(self, signals: Sequence[Signal]) -> Sent:
        """Send signals."""
        sent = await self.queue.send(signals)
        self._visible += len(sent.signal_ids)
        return sent

    async def defer(self, receipt_handle: str, delay: timedelta) -> None:
        """Hide a received message for ``delay`` on the world's clock."""
        await self.queue.defer(receipt_handle, LONGEST_DELAY)
        self._deferred[receipt_handle] = self.clock.now() + delay

    async def quarantine(self, body: str, reason: QuarantineReason, detail: str) -> None:
        """Set a message aside with its reason."""
        await self.queue.quarantine(body, reason, detail)

    async def receive(self, limit: int, wait_seconds: int) -> Sequence[Message]:
        """Receive what is visible on the world's clock."""
        due = [handle for handle, time in self._deferred.items() if time <= self.clock.now()]
        for handle in due:
            await self.consumer.hide(handle, timedelta())
            del self._deferred[handle]
        found = await self.consumer.receive(limit, wait_seconds)
        self._visible = max(self._visible + len(due) - len(found), 0)
        return found

    async def delete(self, receipt_handles: Sequence[str]) -> None:
        """Delete handled messages."""
        await self.consumer.delete(receipt_handles)

    def next_visible_at(self) -> datetime | None:
        """Return when the next message can be received; None when there is none."""
        return self.clock.now() if self._visible else min(self._deferred.values(), default=None)


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
