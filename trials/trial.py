"""One trial from its plan to its verdict: faults while signals come, then quiet, then everything must add up."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import partial
from time import perf_counter
from typing import Any

from argo.domain.signal import Signal
from trials.accounts import PROFILES, SYMBOLS, signal_of
from trials.disturbances import Disturbances
from trials.effects import Call
from trials.faults import Fault
from trials.records import Line
from trials.referee.evidence import Violation
from trials.virtual_time import Stuck
from trials.world import CONCURRENCY, FaultyWorld, Plan
from trials.wrong_policies import WRONG_POLICIES
from trials.wrong_policies.policies import Policies

CYCLE_SECONDS, CYCLES_A_BAR = 5.0, 12
"""argo.toml's interval, as often as one of its bars has room for it; a test compares."""

_SECONDS_A_SIGNAL = 2.0
_LEFT_BEHIND = 110
"""More than a page of the outbox, as it was read once."""

_LONGEST_TO_SETTLE = 30 * 60.0
_MINUTE = 60.0
_RECONCILED_BY_THEN = 65.0
"""A reconciler's minute and a little: whoever is late has been there."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a trial.

    ``states`` counts the executions' last states, ``struck`` the faults, ``events`` the callbacks of the loop;
    ``digest`` is the trace's SHA-256, ``lines`` are the trace where the plan keeps it, ``seconds`` what the trial
    took in real time.
    """

    plan: Plan
    violations: tuple[Violation, ...]
    signals: int
    states: Mapping[str, int]
    struck: Mapping[Fault, int]
    events: int
    virtual_seconds: float
    seconds: float
    digest: str
    lines: Sequence[Line]


def run_trial(plan: Plan, *, mutant: str | None = None) -> Verdict:
    """Run one trial, with a wrong policy at work where one is named."""
    return _Trial(plan, WRONG_POLICIES[mutant].policies if mutant else Policies()).run()


class _Trial:
    def __init__(self, plan: Plan, policies: Policies) -> None:
        self._plan = plan
        self._world = FaultyWorld(plan, policies, on_effect=self._see)
        self._disturbances = Disturbances(self._world)
        self._chance = self._world.draws.chance("signals")
        self._left = self._world.draws.chance("signals of a removed account")
        self._events = 0

    def run(self) -> Verdict:
        began = perf_counter()
        world, evidence = self._world, self._world.evidence
        try:
            world.loop.run(self._play())
        except Stuck as stuck:
            evidence.violated("stuck", str(stuck), "")
            self._events = world.loop.events
        for surprise in world.tally.surprises:
            evidence.violated("surprise", surprise, "an error that nobody handles")
        return Verdict(
            plan=self._plan,
            violations=tuple(evidence.violations),
            signals=len(world.ledger.every_signal),
            states=Counter(str(execution.state) for execution in world.ledger.every_execution),
            struck=world.draws.struck,
            events=self._events,
            virtual_seconds=world.loop.time(),
            seconds=perf_counter() - began,
            digest=world.trace.digest,
            lines=tuple(world.trace.lines),
        )

    async def _play(self) -> None:
        world, disturbances = self._world, self._disturbances
        every = [
            self._every(5, disturbances.move_prices),
            self._every(15, disturbances.change_moods),
            self._every(20, disturbances.people),
            self._every(15, self._look),
            self._every(_MINUTE, lambda: world.publish(())),
            *(self._every(_MINUTE, partial(world.reconcile, name)) for name in PROFILES),
            *(world.execute(name, number) for name in PROFILES for number in range(CONCURRENCY)),
        ]
        tasks = [world.loop.create_task(work) for work in every]
        if world.draws.strikes(Fault.ACCOUNT_REMOVED):
            await self._leave_signals_of_a_removed_account()
        await self._publish()
        await asyncio.sleep(_MINUTE)
        world.draws.end()
        await disturbances.clear_up()
        world.referee.expect_peace()
        await self._come_to_rest()
        world.referee.settle()
        # What ends then, ends in any order.
        self._events = world.loop.events
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, *tasks, return_exceptions=True)

    async def _publish(self) -> None:
        """Let the signals come, some of them again."""
        known: list[Signal] = []
        for number in range(self._plan.signals):
            # Rounded: the last bits of a logarithm are the machine's, and a seed's run is the same on all of them.
            await asyncio.sleep(round(self._chance.expovariate(1 / _SECONDS_A_SIGNAL), 6))
            symbol, price = self._disturbances.pick()
            fresh = signal_of(self._chance, symbol, price, number=number, now=self._world.clock.now())
            again = [self._chance.choice(known)] if known and self._world.draws.strikes(Fault.SEEN_AGAIN) else []
            known.append(fresh)
            self._world.loop.create_task(self._find([fresh, *again]))

    async def _leave_signals_of_a_removed_account(self) -> None:
        """Let the outbox hold what waits for an account that nobody serves, more than a page of it."""
        now = self._world.clock.now()
        for number in range(_LEFT_BEHIND):
            symbol, price = self._left.choice(SYMBOLS), Decimal(100)
            left = signal_of(self._left, symbol, price, number=-1 - number, now=now - timedelta(seconds=1))
            await self._world.ledger.put_signal(left, executors=["removed"])

    async def _find(self, signals: Sequence[Signal]) -> None:
        """Let the generator find signals: of bars whose cycle failed, the next one finds them again."""
        for _ in range(CYCLES_A_BAR):
            await self._world.publish(signals)
            if all([await self._world.ledger.signal(each.signal_id) for each in signals]):
                return
            await asyncio.sleep(CYCLE_SECONDS)

    async def _come_to_rest(self) -> None:
        """Wait until nothing is unresolved, then until nobody finds work in a market that stands still."""
        ends = self._world.loop.time() + _LONGEST_TO_SETTLE
        while self._world.referee.unresolved() and self._world.loop.time() < ends:  # noqa: ASYNC110 - virtual time
            await asyncio.sleep(5)
        self._disturbances.calm()
        written = -1
        while written != (now := self._world.referee.written()) and self._world.loop.time() < ends:
            written = now
            await asyncio.sleep(_RECONCILED_BY_THEN)

    async def _look(self) -> None:
        self._world.referee.look()

    def _see(self, call: Call) -> None:
        self._world.referee.see(call)
        match call.name, call.args:
            case "submit", (Mapping() as body,):
                self._disturbances.see_order(body)

    async def _every(self, seconds: float, do: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do something again and again, beginning at a moment of the seed's, whether or not it has ended."""
        await asyncio.sleep(self._chance.random() * seconds)
        under_way: set[asyncio.Task[None]] = set()
        while True:
            task = self._world.loop.create_task(do())
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            await asyncio.sleep(seconds)
