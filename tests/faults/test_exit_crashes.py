"""Workers that end anywhere on the way out of a position: one exit order, nothing held, nothing left half done."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from argo.domain.execution import ExecutionState
from argo.domain.profile import Profile
from argo.domain.signal import Side, Signal
from tests.deep import sampled
from tests.faults.cell import DELIVERIES, LEASE_AND_MORE, a_place
from tests.faults.worker_processes import (
    ACKNOWLEDGED,
    CRASHED,
    GIVEN_BACK,
    Crash,
    Delivery,
    WorkerProcesses,
    deliver,
)
from tests.pipeline.pipeline import MINUTE, PRICE, Pipeline
from tests.unit.builders import a_signal

UP = Decimal("101.37")
LIFE = timedelta(minutes=20)
UNSETTLED = {ExecutionState.CLAIMED, ExecutionState.SUBMITTING, ExecutionState.UNKNOWN}

OUT = (
    ("ledger", "claim", 1),
    ("ledger", "pause", 1),
    ("ledger", "record_exit", 1),
    ("broker", "cancel", 1),
    ("broker", "cancel", 2),
    ("ledger", "record_exit", 2),
    ("broker", "submit", 1),
    ("ledger", "record_exit", 3),
    ("ledger", "settle", 1),
)
"""What a delivery does on the way out, in order."""

IN_AGAIN = (("ledger", "settle", 1), ("ledger", "intend", 1), ("broker", "submit", 1), ("ledger", "settle", 2))
"""What the delivery does that finds a flip's exit filled: it settles what was held, then enters."""


def _crashes(effects, *whens):
    return [Crash(port, method, when, nth) for port, method, nth in effects for when in whens]


@dataclass
class Held:
    """A position of its own account and symbol, and a signal against it."""

    pipeline: Pipeline
    worker_processes: WorkerProcesses
    flip: bool = False
    _events: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self):
        self.executor, self.symbol = a_place(self.pipeline)
        self.profile: Profile = self.pipeline.small_profile().model_copy(update={"flip": self.flip})
        self.entry = self.a_signal(Side.BUY)
        assert self.deliver_here(self.entry) == ACKNOWLEDGED
        self.reconcile()
        self.bought = self.pipeline.held(self.symbol)
        assert self.bought > 0
        self.pipeline.set_price(self.symbol, UP)
        self.signal = self.a_signal(Side.SELL)

    def a_signal(self, side: Side, **changes) -> Signal:
        now = self.pipeline.clock.now()
        times = {"bar_time": now - MINUTE, "created_at": now, "expires_at": now + LIFE}
        return a_signal(symbol=self.symbol, side=side, **times | changes)

    def deliver(self, *crashes, to=None):
        """Deliver signals, one worker each; None is one that lives."""
        signals = to or [self.signal] * len(crashes)
        return self.worker_processes.run(*map(self._delivery, signals, crashes))

    def deliver_here(self, signal):
        """Deliver a signal to a worker of this process."""
        return GIVEN_BACK if deliver(self._delivery(signal, None))["batchItemFailures"] else ACKNOWLEDGED

    def deliver_until_settled(self, signal=None):
        for _ in range(DELIVERIES):
            self.pipeline.pass_time(LEASE_AND_MORE)
            if self.deliver_here(signal or self.signal) == ACKNOWLEDGED:
                return
        raise AssertionError("it still comes back")

    def reconcile(self, times=1):
        for _ in range(times):
            self.pipeline.reconcile(self.executor)

    def execution(self, signal):
        return self.pipeline.execution(signal, self.executor)

    def orders(self, leg=""):
        """Return the broker's parent orders of the symbol, of one leg where it is named."""
        ours = [order for order in self.pipeline.broker_orders() if order.symbol == self.symbol]
        return [order for order in ours if f"-{leg}" in order.client_order_id]

    def check_left(self):
        """Check that the position was sold once, and its record says so to the cent."""
        (out,) = self.orders("exit")
        ended = self.execution(self.entry)
        assert (out.quantity, out.filled_quantity) == (self.bought, self.bought)
        assert ended.state is ExecutionState.CLOSED
        assert ended.realised_profit == self.bought * (UP - PRICE)
        assert ended.exit.order_id == out.id
        return out

    def check_nothing_open(self):
        found = self.pipeline.account(self.executor)
        assert self.pipeline.held(self.symbol) == 0
        assert len(self.orders()) == 2
        assert found.holdings == {}
        assert (found.reserved_notional, found.reserved_risk) == (0, 0)

    def check_closed_by_the_signal(self):
        out = self.check_left()
        ended = self.execution(self.signal)
        assert (ended.state, ended.order_id) == (ExecutionState.CLOSED, out.id)
        self.check_nothing_open()

    def _delivery(self, signal, crash):
        if signal.signal_id not in self._events:
            self._events[signal.signal_id] = self.pipeline.event_of(signal)
        return Delivery(
            environment=self.pipeline.variables("argo", executor=self.executor),
            profile=self.profile,
            event=self._events[signal.signal_id],
            now=self.pipeline.clock.now(),
            crash=crash,
        )


@pytest.fixture
def position(shared_pipeline, worker_processes):
    return Held(shared_pipeline, worker_processes)


@pytest.fixture
def to_flip(shared_pipeline, worker_processes):
    return Held(shared_pipeline, worker_processes, flip=True)


@pytest.mark.parametrize("crash", sampled(_crashes(OUT, "after"), every=3), ids=str)
def test_b10_a_worker_that_ends_on_the_way_out_is_followed_by_one_that_sells_once(position, crash):
    assert position.deliver(crash) == [CRASHED]

    position.deliver_until_settled()
    position.reconcile()

    position.check_closed_by_the_signal()


@pytest.mark.parametrize("crash", sampled(_crashes(OUT, "before"), every=3), ids=str)
def test_b10_a_worker_that_comes_after_the_reconciler_takes_the_signal_for_no_entry(position, crash):
    assert position.deliver(crash) == [CRASHED]

    position.reconcile(3)
    position.deliver_until_settled()
    position.reconcile()

    position.check_closed_by_the_signal()


@pytest.mark.parametrize("crash", sampled(_crashes(OUT, "after"), every=3), ids=str)
def test_a20_the_reconciler_finishes_what_a_dead_worker_began_when_its_signal_has_expired(position, crash):
    assert position.deliver(crash) == [CRASHED]

    position.reconcile()
    position.pipeline.pass_time(LIFE + MINUTE)
    position.reconcile(3)

    entry, ended = position.execution(position.entry), position.execution(position.signal)
    assert ended is None or ended.state not in UNSETTLED
    if entry.exit is None:
        assert entry.state is ExecutionState.FILLED
        assert all(leg.is_open for leg in position.orders("entry")[0].legs)
    else:
        position.check_left()
        position.check_nothing_open()


@pytest.mark.parametrize("crash", sampled(_crashes(OUT[:-1], "after"), every=3), ids=str)
def test_a21_a_worker_that_ends_on_the_way_out_of_a_flip_is_followed_by_one_that_flips_once(to_flip, crash):
    assert to_flip.deliver(crash) == [CRASHED]

    _flips_once(to_flip)


@pytest.mark.parametrize("crash", sampled(_crashes(IN_AGAIN, "after"), every=2), ids=str)
def test_a21_a_worker_that_ends_between_the_halves_of_a_flip_is_followed_by_one_that_enters_once(to_flip, crash):
    assert to_flip.deliver_here(to_flip.signal) == GIVEN_BACK
    to_flip.pipeline.pass_time(LEASE_AND_MORE)
    assert to_flip.deliver(crash) == [CRASHED]

    _flips_once(to_flip)


def _flips_once(position):
    position.deliver_until_settled()
    position.reconcile()

    position.check_left()
    (entered,) = position.orders("flip")
    flipped = position.execution(position.signal)
    assert (flipped.state, flipped.order_id) == (ExecutionState.FILLED, entered.id)
    assert position.pipeline.held(position.symbol) == -entered.quantity
    assert len(position.orders()) == 3
    assert position.pipeline.account(position.executor).holdings[position.symbol].signal_id == flipped.signal_id


@pytest.mark.parametrize("flip", [False, True], ids=["without flip", "with flip"])
def test_two_opposite_signals_at_two_workers_place_one_exit(shared_pipeline, worker_processes, flip):
    position = Held(shared_pipeline, worker_processes, flip=flip)
    one, other = position.signal, position.a_signal(Side.SELL, bar_time=position.signal.bar_time - MINUTE)

    position.deliver(None, None, to=[one, other])
    for signal in (one, other):
        position.deliver_until_settled(signal)
    position.reconcile(2)

    position.check_left()
    outcomes = {(found.state, found.reason) for found in map(position.execution, (one, other))}
    if flip:
        assert outcomes == {(ExecutionState.FILLED, None), (ExecutionState.DENIED, "already_positioned")}
        assert len(position.orders("flip")) == 1
        assert position.pipeline.held(position.symbol) == -position.orders("flip")[0].quantity
    else:
        assert outcomes <= {(ExecutionState.CLOSED, None), (ExecutionState.DENIED, "nothing_held")}
        assert (ExecutionState.CLOSED, None) in outcomes
        position.check_nothing_open()


@pytest.mark.parametrize("flip", [False, True], ids=["without flip", "with flip"])
def test_two_workers_with_one_exit_place_it_once(shared_pipeline, worker_processes, flip):
    position = Held(shared_pipeline, worker_processes, flip=flip)

    position.deliver(None, None)
    if flip:
        _flips_once(position)
    else:
        position.deliver_until_settled()
        position.reconcile()
        position.check_left()
        position.check_nothing_open()
