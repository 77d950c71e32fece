"""The ledgers in memory and in DynamoDB, asked the same in the same order, answer the same and hold the same."""

import asyncio
from decimal import Decimal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from argo.domain.account import TradeExit, TradingState
from argo.domain.execution import TRANSITIONS, ExecutionState, IllegalTransition
from argo.domain.ledger import LostLease, Release, ReservationConflict, Settlement, SymbolLocked
from argo.domain.limits import EquityMarks
from argo.domain.placements import Cover, Exit, Protection
from argo.domain.reasons import Obstacle
from argo.domain.signal import Ending, SignalOutcome
from simulation.ports.ledger import digest
from tests.contract.ledger_world import (
    DAYS,
    SIGNALS,
    USUALLY,
    LedgerWorld,
    amounts,
    days,
    details,
    executors,
    lately,
    moments,
    releases,
    signals,
    some_executors,
    things_learnt,
    ways,
)
from tests.contract.workers import BOTH, LEASE, SECOND, an_intent
from tests.deep import examples
from tests.unit.builders import BAR_TIME, NOW


class TwoLedgers(RuleBasedStateMachine):
    """Workers, reconcilers and operators, each of whose calls goes to both ledgers."""

    def __init__(self, memory, moto):
        super().__init__()
        self.worlds = [LedgerWorld(memory.ledger()), LedgerWorld(moto.ledger())]
        self.now = NOW
        self.stored = []

    def both(self, call):
        first, second = (ended(call, world) for world in self.worlds)
        assert first == second
        for world, answer in zip(self.worlds, (first, second), strict=True):
            world.keep(answer)

    @property
    def something_is_claimed(self):
        return bool(self.worlds[0].executions)

    def target(self, index, way):
        """Return a state that an execution can reach, or its own; or any state by its name."""
        state = self.worlds[0].execution(index).state
        targets = [*sorted(TRANSITIONS[state]), state]
        return way if isinstance(way, ExecutionState) else targets[way % len(targets)]

    @rule(by=moments)
    def time_passes(self, by):
        self.now += by

    @rule(signal=signals, wanted=st.one_of(st.just(frozenset()), some_executors))
    def put_signal(self, signal, wanted):
        declined = dict.fromkeys(sorted(BOTH - wanted), "confidence_below_minimum")
        self.both(lambda world: world.ledger.put_signal(signal, executors=wanted, declined=declined))
        self.stored.append(signal.signal_id)

    @precondition(lambda self: self.stored)
    @rule(index=lately, sent=some_executors, judged=st.sampled_from([None, Ending.TARGET, Ending.UNSEEN]))
    def mark_published(self, index, sent, judged):
        """Mark a signal as sent, and before that, at times, judge it."""
        signal_id = self.stored[-1 - index % len(self.stored)]
        if judged:
            outcome = SignalOutcome(ending=judged, at=BAR_TIME, bars=2, realised_r=Decimal("1.50"))
            self.both(lambda world: world.ledger.record_outcome(signal_id, outcome))
        self.both(lambda world: world.ledger.mark_published(signal_id, sent))
        self.both(lambda world: world.ledger.unpublished(limit=10))
        self.both(lambda world: world.ledger.unjudged(limit=10))

    @rule(signal=signals, executor=executors)
    def claim(self, signal, executor):
        self.both(lambda world: world.ledger.claim(signal, executor, now=self.now, lease=LEASE))

    @rule(
        signal=signals, executor=executors, steps=st.integers(1, 5), view=lately, release=releases, amount=amounts
    )
    def trade(self, signal, executor, *, steps, view, release, amount):
        """Lead an execution some way to its end, from wherever it stands."""
        self.claim(signal, executor)
        self.both(lambda world: world.ledger.execution(signal.signal_id, executor))
        for _ in range(steps):
            match self.worlds[0].execution(0).state:
                case ExecutionState.CLAIMED | ExecutionState.UNKNOWN:
                    self.intend(0, view, notional=amount, risk=amount, detail={})
                case ExecutionState.FILLED:
                    self.settle(0, ExecutionState.CLOSED, {}, Release.RESERVATION_AND_SYMBOL, ends=True)
                case state if following := USUALLY.get(state):
                    self.settle(0, following, {"order_id": "order-1"}, release, ends=False)

    @precondition(lambda self: self.something_is_claimed)
    @rule(index=lately, way=ways, release=releases)
    def overtake(self, index, way, release):
        """Claim what a worker has held for too long; then it goes on as if nothing had happened."""
        stalled = self.worlds[0].execution(index)
        self.now += LEASE
        (signal,) = (signal for signal in SIGNALS if signal.signal_id == stalled.signal_id)
        self.claim(signal, stalled.executor)
        self.settle(index + 1, way, {}, release, ends=True)

    @precondition(lambda self: self.something_is_claimed)
    @rule(index=lately, view=lately, notional=amounts, risk=amounts, detail=details)
    def intend(self, index, view, notional, risk, detail):
        body = {"qty": "0.30", "legs": [1, {"limit": "2.0"}], "extended_hours": False}

        def intend(world):
            execution = world.execution(index)
            intent = an_intent(execution, notional=notional, risk=risk, order_body=body, detail=detail)
            account = world.account(execution.executor, view)
            return world.ledger.intend(execution, intent, account=account, now=self.now)

        self.both(intend)

    @precondition(lambda self: self.something_is_claimed)
    @rule(index=lately, way=ways, learnt=things_learnt, release=releases, ends=st.booleans())
    def settle(self, index, way, learnt, release, ends):
        state = self.target(index, way)

        def settle(world):
            execution = world.execution(index)
            trade = TradeExit(execution.signal_id, execution.symbol, "exit", Decimal("-1.50"), self.now)
            settlement = Settlement(**learnt, release=release, trade_exit=trade if ends else None)
            return world.ledger.settle(execution, state, settlement, now=self.now)

        self.both(settle)

    @precondition(lambda self: self.something_is_claimed)
    @rule(
        index=lately,
        way=st.none() | ways,
        after=moments,
        detail=details,
        release=releases,
        again=st.none() | st.integers(0, 6),
    )
    def pause(self, index, way, *, after, detail, release, again):
        """Pause an execution; at times somebody who does not know of it goes on."""
        state = None if way is None else self.target(index, way)
        options = {"state": state, "detail": detail, "release": release}
        until = self.now + after
        self.both(
            lambda world: world.ledger.pause(
                world.execution(index), Obstacle.BROKER_UNREACHABLE, until=until, now=self.now, **options
            )
        )
        if again is not None:
            self.settle(index + 1, again, {}, release, ends=False)

    @precondition(lambda self: self.something_is_claimed)
    @rule(index=lately, order_id=st.sampled_from([None, "exit-1"]), cover=st.sampled_from(Cover))
    def plan_an_exit_and_a_guard(self, index, order_id, cover):
        """Write twice on one reading: of an executor and a reconciler only the first can."""
        planned = Exit(why="an operator", planned_at=NOW, order_body={"qty": "12"}, order_id=order_id)
        guard = Protection(cover=cover, reason="no stop", naked_since=NOW)
        read = [world.execution(index) for world in self.worlds]
        for call in (
            lambda world, execution: world.ledger.record_exit(execution, planned, now=self.now),
            lambda world, execution: world.ledger.record_protection(execution, guard, now=self.now),
            lambda world, _: world.ledger.record_protection(world.execution(0), guard, now=self.now),
        ):
            self.both(lambda world, call=call: call(world, read[self.worlds.index(world)]))

    @rule(signal=signals, executor=executors)
    def look_up(self, signal, executor):
        self.both(lambda world: world.ledger.execution(signal.signal_id, executor))
        self.both(lambda world: world.ledger.executions(signal.signal_id))
        self.both(lambda world: world.ledger.signal(signal.signal_id))

    @rule(executor=executors, since=st.sampled_from([None, NOW, NOW + SECOND]))
    def read(self, executor, since):
        self.both(lambda world: world.ledger.account(executor, exits_since=since))

    @rule(executor=executors, state=st.sampled_from(TradingState), resumes_on=days, view=st.none() | lately)
    def set_trading_state(self, executor, state, resumes_on, view):
        def set_state(world):
            read = None if view is None else world.account(executor, view)
            options = {"reason": "by hand", "now": self.now, "resumes_on": resumes_on, "read": read}
            return world.ledger.set_trading_state(executor, state, **options)

        self.both(set_state)

    @rule(executor=executors, view=lately, equity=amounts)
    def observe(self, executor, view, equity):
        known = EquityMarks(NOW.date(), equity, Decimal(98), Decimal(90), max(equity, Decimal(99)))
        self.both(lambda world: world.ledger.observe(world.account(executor, view), known, now=self.now))

    @rule(executor=executors)
    def measure_anew(self, executor):
        self.both(lambda world: world.ledger.measure_anew(executor))

    @rule(limit=st.integers(1, 3), executor=executors, day=st.sampled_from(DAYS))
    def turn_the_pages(self, limit, executor, day):
        self.both(lambda world: world.ledger.open_executions(executor, limit=limit))
        self.both(lambda world: world.walk("signals_of", day, limit=limit))
        self.both(lambda world: world.walk("executions_of", executor, day, limit=limit))

    def teardown(self):
        in_memory, in_dynamodb = (asyncio.run(digest(world.ledger.port, BOTH, DAYS)) for world in self.worlds)
        assert in_memory == in_dynamodb == self.worlds[0].ledger.port.digest()


def ended(call, world):
    """Return what a call returns, or how it was refused."""
    try:
        return call(world)
    except SymbolLocked as locked:
        return SymbolLocked, locked.args
    except (IllegalTransition, LostLease, ReservationConflict) as refusal:
        return type(refusal)


def test_whatever_is_asked_in_whatever_order_both_ledgers_answer_the_same(memory, moto):
    run_state_machine_as_test(
        lambda: TwoLedgers(memory, moto),
        settings=settings(
            max_examples=examples(25), stateful_step_count=30, suppress_health_check=list(HealthCheck)
        ),
    )
