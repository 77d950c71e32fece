"""One trial's world: publishers, executors and reconcilers as Lambda runs them, with what one seed lets fail."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from argo.domain.account import TradingState
from argo.domain.signal import Signal
from argo.ports import GivenPorts, Unavailable
from argo.ports.interposed import InterposedBroker, InterposedLedger, InterposedMarketData, InterposedQueue
from argo.publishing import Publisher
from execution.batch import execute_batch
from execution.wiring import Wiring as ExecutionWiring
from reconciliation.run import reconcile
from reconciliation.wiring import Wiring as ReconciliationWiring
from simulation.broker import AccountSettings, SimulatedBroker
from simulation.market.sessions import MarketClock, TradingCalendar
from simulation.ports.broker import InMemoryBroker
from simulation.ports.event_source import EventSourceMapping, failed_ids
from simulation.ports.market_data import InMemoryMarketData
from trials.accounts import CASH, LIMITS, OTHER_LIMITS, OTHER_PROFILES, PROFILES, SYMBOLS
from trials.effects import Call, Effects
from trials.faults import Fault, FaultDraws
from trials.keys import KeyedRequests
from trials.records import Tally, Trace
from trials.referee.evidence import Books, Evidence
from trials.referee.referee import Referee
from trials.unkind_views import UnkindViews
from trials.unreliable_queue import UnreliableQueue
from trials.virtual_time import VirtualClock, VirtualLoop
from trials.workers import Fleet, Function, Worker, WorkerEnded
from trials.wrong_policies.policies import Policies

STARTS_AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
"""A Monday on which the exchange is open."""

GENERATE_SECONDS, EXECUTE_SECONDS, RECONCILE_SECONDS = 215.0, 30.0, 50.0
OPERATE_SECONDS = 60.0
VISIBILITY, MAX_RECEIVES = timedelta(seconds=180), 100
CONCURRENCY = 2
"""template.yaml's numbers, which a test compares."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a trial consists of: everything else follows from the seed."""

    seed: int
    signals: int = 200
    without: frozenset[Fault] = frozenset()
    keep_trace: bool = False


class FaultyWorld:
    """The whole path from signal to order, with everything in it that can fail.

    The code that publishes, executes and reconciles is the functions' own; ledger, queues, broker, clocks and
    processes are the simulation's.
    """

    def __init__(self, plan: Plan, policies: Policies, *, on_effect: Callable[[Call], None]) -> None:
        """Make everything, and start nothing; ``on_effect`` sees every effect just before it happens."""
        self._policies = policies
        self.draws = FaultDraws(plan.seed, without=plan.without)
        self.trace = Trace(keep=plan.keep_trace)
        self.tally = Tally()
        self.loop = VirtualLoop(self.draws.chance("ties").random)  # type: ignore[abstract]  # see there
        self.clock = VirtualClock(self.loop, STARTS_AT)
        self.engine = SimulatedBroker(
            [AccountSettings(key_id=name, secret_key=name, cash=CASH) for name in PROFILES],
            starts_at=STARTS_AT,
            clock=MarketClock(TradingCalendar(), STARTS_AT, now=self.clock.now, always_open=True),
            symbols=SYMBOLS,
        )
        self.ledger = policies.ledger(mode="simulated")
        self.views = self.ledger.views = UnkindViews(self.draws, self.loop.time)
        self.books = {name: self._books_of(name) for name in PROFILES}
        self.evidence = Evidence(self.ledger, self.books, clock=self.clock, second=self.loop.time)
        self.referee = Referee(self.evidence)
        self._brokers = {name: InMemoryBroker(self.engine, name) for name in PROFILES}
        self._market_data = InMemoryMarketData(self.engine)
        self._effects = Effects(
            self.loop,
            self.draws,
            self.trace,
            self.ledger,
            on_effect=on_effect,
            on_fault=self.referee.delays.see_fault,
            on_refusal=self.referee.numbers.see_refusal,
        )
        self._fleet = Fleet(self.loop, STARTS_AT, self.draws, self.trace)
        self._generate = Function("generate", self._fleet, self._publisher, GENERATE_SECONDS)

    async def publish(self, signals: Sequence[Signal]) -> None:
        """Run one cycle of the generator: publish signals, and what the outbox still holds."""

        async def cycle(publisher: Publisher, _: Callable[[], float]) -> None:
            # As generation.cycle does: the next one finds the same bars and the outbox.
            await publisher.publish(signals)

        await self._unless_it_ends(self._generate(cycle))

    async def operate(self, executor: str, state: TradingState) -> bool:
        """Set what an account may do, as `argo halt` does; tells whether the person was told that it is done."""
        function = Function(f"person.{executor}", self._fleet, partial(self._ports, executor), OPERATE_SECONDS)
        operate = self._policies.operate
        try:
            await function(lambda ports, _: operate(ports.ledger, ports.clock, executor, state, reason="trial"))
        except (Unavailable, WorkerEnded):
            return False
        except Exception as error:  # noqa: BLE001 - a traceback in the person's terminal
            self._failed(error)
            return False
        return True

    def contend(self, seconds: float) -> None:
        """Let nearly every write of the ledger meet another one, for so long."""
        self._effects.contend(seconds)

    async def reconcile(self, executor: str) -> None:
        """Run an account's reconciler, in a process of its own, and a second one where the tick comes twice."""
        first = self._reconcile(executor)
        if not self.draws.strikes(Fault.TICK_TWICE):
            return await first
        await asyncio.gather(first, self._reconcile(executor, after=self.draws.of(Fault.TICK_TWICE, 0, 5)))
        return None

    async def _reconcile(self, executor: str, *, after: float = 0.0) -> None:
        if after:
            await asyncio.sleep(after)
        wire = partial(self._reconciler, executor)
        function = Function(f"reconcile.{executor}", self._fleet, wire, RECONCILE_SECONDS)
        await self._unless_it_ends(function(lambda wiring, left: reconcile(wiring, seconds_left=left)))

    async def execute(self, executor: str, number: int) -> None:
        """Poll an account's queue and execute what comes, for ever."""
        wire = partial(self._executor, executor)
        function = Function(f"execute.{executor}.{number}", self._fleet, wire, EXECUTE_SECONDS)

        async def run(event: dict[str, Any]) -> Mapping[str, Any]:
            began = self.loop.time()
            time_left = self._policies.time_left
            answer = await function(
                lambda wiring, left: execute_batch(event, wiring, seconds_left=time_left(left))
            )
            if (worker := function.warm) is not None and worker.slowed_at < began:
                failed = failed_ids(answer, [record["messageId"] for record in event["Records"]])
                back = (
                    (each["messageId"], each["body"]) for each in event["Records"] if each["messageId"] in failed
                )
                self.referee.delays.judge(executor, worker, began, back)
            return self._policies.answered(answer)

        queue = self.books[executor].queue
        mapping = EventSourceMapping(source=queue, function=run, on_error=self._failed)
        while True:
            polled = await mapping.poll()
            if not polled.received:
                await queue.until_visible()

    def set_behaviour(self, executor: str, **behaviour: object) -> None:
        """Set how the broker treats an account from now on."""
        account = self.books[executor].at_broker
        account.behaviour = account.behaviour.model_copy(update=behaviour)

    async def _unless_it_ends(self, invocation: Awaitable[object]) -> None:
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
            max_receives=self._policies.max_receives or MAX_RECEIVES,
            draws=self.draws,
            chance=self.draws.chance(f"queue {executor}"),
        )
        return Books(self.engine.accounts[executor], queue, PROFILES[executor], set())

    def _publisher(self, worker: Worker) -> Publisher:
        ports = self._ports(next(iter(PROFILES)), worker)
        return self._policies.publisher(ports.ledger, ports.queues, ports.clock, PROFILES)

    def _executor(self, executor: str, worker: Worker) -> ExecutionWiring:
        other = self.draws.strikes(Fault.OTHER_VERSION)
        return ExecutionWiring(
            self._policies.executor_ports(self._ports(executor, worker)),
            executor,
            (OTHER_PROFILES if other else PROFILES)[executor],
            limits=self._policies.limits(OTHER_LIMITS if other else LIMITS),
            rules=self._policies.execution,
        )

    def _reconciler(self, executor: str, worker: Worker) -> ReconciliationWiring:
        rules = self._policies.reconciliation
        ports = self._policies.reconciler_ports(self._ports(executor, worker))
        return ReconciliationWiring(ports, executor, PROFILES[executor], rules=rules)

    def _ports(self, executor: str, worker: Worker) -> GivenPorts:
        """Return the world as a worker has it: every effect may fail."""
        through = partial(self._effects.of, worker)
        queues = {name: InterposedQueue(books.queue, through("queue")) for name, books in self.books.items()}
        keyed = KeyedRequests(
            worker,
            self.draws,
            without_key=self._policies.without_key,
            see_fault=self.referee.delays.see_fault,
        )
        return GivenPorts(
            ledger=InterposedLedger(self.ledger, through("ledger")),
            broker=InterposedBroker(InterposedBroker(self._brokers[executor], through("broker")), keyed),
            market_data=InterposedMarketData(InterposedMarketData(self._market_data, through("market")), keyed),
            queue=queues[executor],
            queues=queues,
            clock=worker.clock,
            telemetry=self.tally,
        )
