"""What the functions run against when bars are played: embedded AWS and a broker over HTTP, or memory alone."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from operator import call
from typing import Protocol

from argo.adapters.alpaca.rate_limit import RequestBudget
from argo.adapters.aws.queue import LONGEST_DELAY, SqsSignalQueue
from argo.adapters.threads import BlockingCalls
from argo.adapters.wiring import Adapters
from argo.domain.reasons import QuarantineReason
from argo.domain.signal import Signal
from argo.environment import Environment
from argo.observability import Telemetry
from argo.ports import Broker, Clock, GivenPorts, Message, Ports, Sent, SignalQueue
from argo.ports.interposed import InterposedBroker
from simulation.broker import AccountSettings, SimulatedBroker
from simulation.broker.server import BackgroundServer, BrokerServer
from simulation.ports.broker import InMemoryBroker
from simulation.ports.event_source import MessageSource
from simulation.ports.ledger import InMemoryLedger
from simulation.ports.market_data import InMemoryMarketData
from simulation.ports.queue import InMemoryQueue
from worlds.embedded_aws import EmbeddedAws, Resources

MODE = "simulated"
_CASH = Decimal(100_000)
_VISIBILITY, _MAX_RECEIVES = timedelta(seconds=180), 100


class TimedQueue(SignalQueue, MessageSource, Protocol):
    """Both sides of an account's queue, on the clock of the bars."""

    def next_visible_at(self) -> datetime | None:
        """Return when the next message can be received; None when there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Connected:
    """Every account's ports and both sides of its queue.

    ``drive`` does something to the engine behind them where that may be done: on the thread that serves it.
    """

    ports: Mapping[str, Ports]
    queues: Mapping[str, TimedQueue]
    drive: Callable[[Callable[[], object]], object]


type Backend = Callable[[SimulatedBroker, Mapping[str, AccountSettings], Clock], AbstractContextManager[Connected]]
"""Puts an engine, and the accounts that it has for each executor, behind ports, while a block runs."""


@contextmanager
def on_embedded_aws(
    engine: SimulatedBroker,
    accounts: Mapping[str, AccountSettings],
    clock: Clock,
    *,
    aws: EmbeddedAws,
    resources: Resources,
) -> Iterator[Connected]:
    """Have the real adapters: the template's table and queues on the emulator, the engine behind its HTTP face.

    Raises:
        ConfigurationError: the template has no queues for an account.
    """
    with BackgroundServer(BrokerServer(engine, requests_per_minute=None)) as broker:
        common = {"ARGO_MODE": MODE, **aws.environment}
        adapters = {
            name: Adapters(
                Environment(common | resources.environment(name) | broker_environment(broker.url, keys)),
                clock,
                calls=lambda _service: CallsInTurn(),
            )
            for name, keys in accounts.items()
        }
        queues = {name: PunctualQueue(each.queue, clock) for name, each in adapters.items()}
        first = next(iter(adapters.values()))
        shared = {"ledger": first.ledger, "market_data": first.market_data, "queues": queues}
        ports = {name: GivenPorts.like(each, **shared, queue=queues[name]) for name, each in adapters.items()}
        yield Connected(ports, queues, broker.call)


@contextmanager
def in_memory(
    engine: SimulatedBroker,
    accounts: Mapping[str, AccountSettings],
    clock: Clock,
    *,
    ledger: InMemoryLedger,
) -> Iterator[Connected]:
    """Have ports over the engine in this process."""
    queues = {name: InMemoryQueue(clock, visibility=_VISIBILITY, max_receives=_MAX_RECEIVES) for name in accounts}
    ports = {
        name: GivenPorts(
            ledger=ledger,
            broker=_within_budget(InMemoryBroker(engine, keys.key_id), clock),
            market_data=InMemoryMarketData(engine),
            queue=queues[name],
            queues=queues,
            clock=clock,
            telemetry=Telemetry("memory", mode=MODE),
        )
        for name, keys in accounts.items()
    }
    yield Connected(ports, queues, call)


def _within_budget(broker: Broker, clock: Clock) -> Broker:
    """Let a broker in memory be asked no more often than `AlpacaBroker` would be; beyond that it throttles."""
    budget = RequestBudget(clock)

    async def ask[**P, T](_name: str, ask: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs) -> T:
        budget.take()
        return await ask(*args, **kwargs)

    return InterposedBroker(broker, ask)


class CallsInTurn(BlockingCalls):
    """Blocking calls on the caller's own thread.

    What was asked first is answered first, so a run is a function of its input and of no thread's timing.
    """

    def __init__(self) -> None:
        """Have no threads."""

    async def run[**P, T](self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return call(*args, **kwargs)


@dataclass(slots=True)
class PunctualQueue:
    """An SQS queue whose messages come back by the clock of the bars, where SQS would go by its own.

    A deferred one is hidden for as long as SQS can, and shown when its time has come on that clock.
    """

    queue: SqsSignalQueue
    clock: Clock
    _visible: int = 0
    _deferred: dict[str, datetime] = field(default_factory=dict)

    async def send(self, signals: Sequence[Signal]) -> Sent:
        sent = await self.queue.send(signals)
        self._visible += len(sent.signal_ids)
        return sent

    async def defer(self, receipt_handle: str, delay: timedelta) -> None:
        await self.queue.defer(receipt_handle, LONGEST_DELAY)
        self._deferred[receipt_handle] = self.clock.now() + delay

    async def quarantine(self, body: str, reason: QuarantineReason, detail: str) -> None:
        await self.queue.quarantine(body, reason, detail)

    async def receive(self, limit: int, wait_seconds: int) -> Sequence[Message]:
        due = [handle for handle, time in self._deferred.items() if time <= self.clock.now()]
        for handle in due:
            await self.queue.hide(handle, timedelta())
            del self._deferred[handle]
        found = await self.queue.receive(limit, wait_seconds)
        self._visible = max(self._visible + len(due) - len(found), 0)
        return found

    async def delete(self, receipt_handles: Sequence[str]) -> None:
        await self.queue.delete(receipt_handles)

    def next_visible_at(self) -> datetime | None:
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
