"""A hundred signals at ten executors of one account: what is reserved is what was ordered, and no limit breaks."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from argo.domain.execution import ExecutionState
from argo.domain.reasons import DenialReason
from argo.domain.signal import Signal
from tests.deep import sampled
from tests.faults.cell import LEASE_AND_MORE
from tests.faults.worker_processes import ACKNOWLEDGED, GIVEN_BACK, Delivery, WorkerProcesses
from tests.pipeline.pipeline import MINUTE, PRICE
from tests.unit.builders import NOW, a_signal
from worlds.paths import TEMPLATE

EXECUTORS = 10
SYMBOLS = [f"{first}{second}Q" for second in "KLMNOPQRST" for first in "ABCDEFGHIJ"]
GROUPS = {f"sector {first}": {name for name in SYMBOLS if name[0] == first} for first in "ABCDEFGHIJ"}
POWER = Decimal(2_000_000)
REPETITIONS = 12

WIDE = {
    "base_size_percent": 1,
    "size_cap_percent": 1,
    "scale_size": False,
    "risk_per_trade_percent": 100,
    "position_limit": 60,
    "correlated_positions": 8,
    "correlation_groups": GROUPS,
    "exposure_limit_percent": 100,
    "orders_per_minute": 70,
}
"""Every limit is on; a case makes one of them the tightest."""


@dataclass(frozen=True)
class Case:
    """A profile, and what its tightest limit says to the signals it keeps out."""

    reason: DenialReason
    changes: dict[str, Any]


CASES = [
    Case(DenialReason.POSITION_LIMIT, {"position_limit": 15, "correlated_positions": 2}),
    Case(DenialReason.EXPOSURE_LIMIT, {"exposure_limit_percent": 25}),
    Case(DenialReason.ORDER_RATE_LIMIT, {"orders_per_minute": 13}),
    Case(
        DenialReason.INSUFFICIENT_BUYING_POWER,
        {"base_size_percent": 35, "size_cap_percent": 35, "exposure_limit_percent": 200},
    ),
]


@pytest.fixture(scope="module")
def worker_processes(aws):
    """Workers of their own process each, as Lambda's environments are."""
    made = WorkerProcesses(
        aws.environment
        | {"ARGO_MODE": "simulated"}
        | aws.create_resources(TEMPLATE, "worker-processes").environment("argo")
    )
    yield made
    made.close()


@pytest.fixture
def crowd(pipeline, worker_processes):
    return Crowd(pipeline, worker_processes)


class Crowd:
    """Ten executors with ten signals each, all at once."""

    def __init__(self, pipeline, worker_processes):
        for symbol in SYMBOLS:
            pipeline.set_price(symbol, PRICE)
        # Every other one rests below the market: its money is the ledger's to count, not the broker's.
        prices = [PRICE if number % 2 else PRICE - 2 for number in range(len(SYMBOLS))]
        self.signals = [
            a_signal(symbol=symbol, entry_price=price, stop_price=price - 5, expires_at=NOW + 30 * MINUTE)
            for symbol, price in zip(SYMBOLS, prices, strict=True)
        ]
        self.pipeline = pipeline
        self._worker_processes = worker_processes

    def execute(self, *, first_round=(0,) * EXECUTORS):
        """Deliver everything at once, and what comes back again, until nothing does.

        ``first_round`` has the workers' conflicts in their first delivery, see `Delivery`.
        """
        self.pipeline.publish(*self.signals)
        waiting = self.pipeline.events(count=EXECUTORS, batch_size=len(self.signals) // EXECUTORS)
        assert sum(len(event["Records"]) for event in waiting) == len(self.signals)
        self.events, conflicts = waiting, first_round
        for _ in range(REPETITIONS):
            codes = self._worker_processes.run(*map(self._delivery, waiting, conflicts))
            assert set(codes) <= {ACKNOWLEDGED, GIVEN_BACK}
            waiting = [event for event, code in zip(waiting, codes, strict=True) if code == GIVEN_BACK]
            if not waiting:
                return
            conflicts = (0,) * len(waiting)
            self.pipeline.pass_time(LEASE_AND_MORE)
        raise AssertionError(f"{len(waiting)} events still come back")

    @property
    def executions(self):
        return [self.pipeline.execution(signal) for signal in self.signals]

    def _delivery(self, event, conflicts):
        return Delivery(
            environment=self.pipeline.variables("argo"),
            profile=self.pipeline.profiles["argo"],
            event=event,
            now=self.pipeline.clock.now(),
            conflicts=conflicts,
        )


def bound(order):
    """Return what an order may bind, in USD."""
    return order.quantity * order.limit_price


@pytest.mark.parametrize("case", sampled(CASES, every=4), ids=lambda case: str(case.reason))
def test_b12_a26_ten_executors_at_once_break_no_limit(crowd, pipeline, case):
    pipeline.configured("argo", **WIDE | case.changes)
    profile = pipeline.profiles["argo"]

    crowd.execute()

    orders, account, ended = pipeline.broker_orders(), pipeline.account(), crowd.executions
    assert Counter(execution.state for execution in ended) == {
        ExecutionState.SUBMITTED: len(orders),
        ExecutionState.DENIED: len(SYMBOLS) - len(orders),
    }
    assert {execution.order_id for execution in ended if execution.order_id} == {order.id for order in orders}
    assert account.reserved_notional == sum(map(bound, orders))
    assert {name: held.notional for name, held in account.holdings.items()} == {
        order.symbol: bound(order) for order in orders
    }
    assert 0 < sum(map(bound, orders)) <= POWER
    assert sum(map(bound, orders)) <= 1_000_000 * profile.exposure_limit_percent / 100
    assert len(orders) <= profile.position_limit
    assert max(Counter(order.symbol[0] for order in orders).values()) <= profile.correlated_positions
    assert max(Counter(minute(order) for order in orders).values()) <= profile.orders_per_minute
    denied = {execution.reason for execution in ended if execution.reason}
    assert case.reason in denied
    assert denied <= {other.reason for other in CASES} | {DenialReason.CORRELATION_LIMIT}
    assert not has_room(case, orders)

    pipeline.reconcile()

    resting = [order for order in orders if not order.filled_quantity]
    assert 0 < len(resting) < len(orders)
    assert pipeline.account().reserved_notional == sum(map(bound, resting))
    assert len(pipeline.account().holdings) == len(orders)


def minute(order):
    return order.created_at.replace(second=0, microsecond=0)


def has_room(case, orders):
    """Tell whether one more order would have fitted into the case's limit."""
    largest = max(map(bound, orders))
    match case.reason:
        case DenialReason.POSITION_LIMIT:
            return len(orders) < 15
        case DenialReason.EXPOSURE_LIMIT:
            return sum(map(bound, orders)) + largest <= 250_000
        case DenialReason.ORDER_RATE_LIMIT:
            return len(orders) < 13
        case DenialReason.INSUFFICIENT_BUYING_POWER:
            return POWER - sum(map(bound, orders)) > 2 * largest
    raise ValueError(case)


@pytest.mark.deep
def test_b12_transactions_that_meet_others_at_dynamodb_lose_no_signal(crowd, pipeline):
    pipeline.configured("argo", **WIDE)
    crowd.signals = crowd.signals[:20]
    never, now_and_then = 1, 2

    crowd.execute(first_round=[never] * 5 + [now_and_then] * 5)

    ended = crowd.executions
    orders = pipeline.broker_orders()
    assert Counter((execution.state, execution.reason) for execution in ended) == {
        (ExecutionState.SUBMITTED, None): 20
    }
    assert {execution.order_id for execution in ended} == {order.id for order in orders}
    assert pipeline.account().reserved_notional == sum(map(bound, orders))
    waited = [signal for event in crowd.events[:5] for signal in signals_of(event)]
    assert {pipeline.execution(signal).obstacle for signal in waited} == {"aws_unavailable"}
    assert len(waited) == 10


def signals_of(event):
    return [Signal.model_validate_json(record["body"]) for record in event["Records"]]
