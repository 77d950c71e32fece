"""One trial's world: publishers, executors and reconcilers as Lambda runs them, on one seed's fate."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from argo.domain.signal import Signal
from argo.ports import GivenPorts
from argo.publishing import Publisher
from execution.wiring import Wiring as ExecutionWiring
from execution.wiring import wire as wire_executor
from reconciliation.run import reconcile
from reconciliation.wiring import Wiring as ReconciliationWiring
from reconciliation.wiring import wire as wire_reconciler
from simulation.broker import AccountSettings, SimulatedBroker
from simulation.broker.clock import MarketClock
from simulation.market.sessions import TradingCalendar
from simulation.ports.broker import InMemoryBroker
from simulation.ports.event_source import EventSourceMapping
from simulation.ports.market_data import InMemoryMarketData
from trials.accounts import CASH, COINS, LIMITS, OTHER_LIMITS, OTHER_PROFILES, PROFILES, STOCKS
from trials.faults import Call, Effects, Fault, FaultDraws, Trace, UnreliableQueue, Worker
from trials.referee import Books, Evidence, Referee
from trials.tally import Tally
from trials.virtual_time import VirtualClock, VirtualLoop
from trials.workers import Fleet, Function, WorkerEnded
from trials.wrong_policies.wrong_policy import Policies

STARTS_AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
"""A Monday on which the exchange is open."""

GENERATE_SECONDS, EXECUTE_SECONDS, RECONCILE_SECONDS = 60.0, 30.0, 50.0
VISIBILITY, MAX_RECEIVES = timedelta(seconds=180), 20
CONCURRENCY = 2
"""template.yaml's numbers, which a test compares."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a trial consists of: everything else follows from the seed."""

    seed: int
    signals: int = 200
    without: frozenset[Fault] = frozenset()
    keep_trace: bool = False


class World:
    """The whole path from signal to order, with everything in it that can fail.

    The code that publishes, executes and reconciles is the functions' own; ledger, queues, broker, clocks and
    processes are the simulation's.
    """

    def __init__(self, plan: Plan, policies: Policies, *, on_effect: Callable[[Call], None]) -> None:
        """Make everything, and start nothing; ``on_effect`` sees every effect just before it happens."""
        self._policies = policies
        self.plan = plan
        self.fates = FaultDraws(plan.seed, without=plan.without)
        self.trace = Trace(keep=plan.keep_trace)
        self.tally = Tally()
        self.loop = VirtualLoop(self.fates.chance("ties").random)  # type: ignore[abstract]  # see there
        self.clock = VirtualClock(self.loop, STARTS_AT)
        self.fleet = Fleet(self.loop, STARTS_AT, self.fates, self.trace)
        self.engine = SimulatedBroker(
            [AccountSettings(key_id=name, secret_key=name, cash=CASH) for name in PROFILES],
            starts_at=STARTS_AT,
            clock=MarketClock(TradingCalendar(), STARTS_AT, now=self.clock.now, always_open=True),
            symbols=(*STOCKS, *COINS),
        )
        self.ledger = policies.ledger(mode="simulated")
        self.books = {name: self._books_of(name) for name in PROFILES}
        self.referee = Referee(Evidence(self.ledger, self.books, clock=self.clock, second=self.loop.time))
        self._brokers = {name: InMemoryBroker(self.engine, name) for name in PROFILES}
        self._market_data = InMemoryMarketData(self.engine)
        self._effects = Effects(self.loop, self.fates, self.trace, on_effect)
        self._generate = Function("generate", self.fleet, self._publisher, GENERATE_SECONDS)

    async def publish(self, signals: Sequence[Signal]) -> None:
        """Run one cycle of the generator: publish signals, and what the outbox still holds."""

        async def cycle(publisher: Publisher, _: Callable[[], float]) -> None:
            await publisher.publish(signals)

        await self._unless_it_ends(self._generate(cycle))

    async def reconcile(self, executor: str) -> None:
        """Run an account's reconciler once, in a process of its own: a tick may overlap the one before."""
        function = Function(
            f"reconcile.{executor}", self.fleet, partial(self._reconciler, executor), RECONCILE_SECONDS
        )

        async def run(wiring: ReconciliationWiring, seconds_left: Callable[[], float]) -> None:
            await reconcile(wiring, seconds_left=seconds_left)

        await self._unless_it_ends(function(run))

    async def execute(self, executor: str, number: int) -> None:
        """Poll an account's queue and execute what comes, for ever."""
        function = Function(
            f"execute.{executor}.{number}", self.fleet, partial(self._executor, executor), EXECUTE_SECONDS
        )

        async def run(event: dict[str, Any]) -> Mapping[str, Any]:
            async def batch(wiring: ExecutionWiring, seconds_left: Callable[[], float]) -> Mapping[str, Any]:
                return await self._policies.execute(event, wiring, seconds_left=seconds_left)

            return await function(batch)

        queue = self.books[executor].queue
        mapping = EventSourceMapping(source=queue, function=run, on_error=self._failed)
        while True:
            polled = await mapping.poll()
            if not polled.received:
                await queue.until_visible()

    def wear(self, executor: str, **behaviour: object) -> None:
        """Set how the broker treats an account from now on."""
        account = self.books[executor].at_broker
        account.behaviour = account.behaviour.model_copy(update=behaviour)

    async def _unless_it_ends(self, invocation: Awaitable[None]) -> None:
        try:
            await invocation
        except Exception as error:  # noqa: BLE001 - as Lambda: the invocation failed, the next tick comes
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, WorkerEnded):
            self.tally.surprise(error)

    def _books_of(self, executor: str) -> Books:
        queue = UnreliableQueue(
            self.clock,
            visibility=VISIBILITY,
            max_receives=MAX_RECEIVES,
            fates=self.fates,
            chance=self.fates.chance(f"queue {executor}"),
        )
        return Books(self.engine.accounts[executor], queue, PROFILES[executor], set())

    def _publisher(self, worker: Worker) -> Publisher:
        queues = {name: self._effects.queue(worker, books.queue) for name, books in self.books.items()}
        return self._policies.publisher(self._effects.ledger(worker, self.ledger), queues, PROFILES)

    def _executor(self, executor: str, worker: Worker) -> ExecutionWiring:
        other = self.fates.strikes(Fault.OTHER_VERSION)
        return wire_executor(
            self._policies.executor_ports(self._ports(executor, worker)),
            executor,
            (OTHER_PROFILES if other else PROFILES)[executor],
            limits=OTHER_LIMITS if other else LIMITS,
            rules=self._policies.execution,
        )

    def _reconciler(self, executor: str, worker: Worker) -> ReconciliationWiring:
        rules = self._policies.reconciliation
        return wire_reconciler(self._ports(executor, worker), executor, PROFILES[executor], rules=rules)

    def _ports(self, executor: str, worker: Worker) -> GivenPorts:
        """Return the world as a worker has it: every effect may fail."""
        queue = self._effects.queue(worker, self.books[executor].queue)
        return GivenPorts(
            ledger=self._effects.ledger(worker, self.ledger),
            broker=self._effects.broker(worker, self._brokers[executor]),
            market_data=self._effects.market(worker, self._market_data),
            queue=queue,
            queues={executor: queue},
            clock=worker.clock,
            telemetry=self.tally,
        )


type Work = Coroutine[Any, Any, None]
