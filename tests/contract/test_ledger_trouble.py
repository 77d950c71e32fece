"""Every write of the ledger, met by what AWS really answers: it is done once, and told as done."""

from datetime import timedelta
from decimal import Decimal

import pytest

from argo.adapters.aws.ledger import DynamoLedger
from argo.domain.account import TradingState
from argo.domain.execution import ExecutionState
from argo.domain.ledger import Claimed, Release, Settlement
from argo.domain.limits import EquityMarks
from argo.domain.placements import Cover, Exit, Protection
from argo.domain.reasons import Obstacle
from argo.domain.signal import Ending, SignalOutcome
from argo.ports import Unavailable
from argo.repeating import CONFLICT_WAITS
from simulation.ports.clock import SteppedClock
from tests.contract.aws_trouble import CONFLICT, LOST, SILENT, THROTTLED, Troubled
from tests.contract.backends import Plain
from tests.contract.workers import BOTH, LEASE, claim, intend, reach
from tests.unit.builders import NOW, a_signal

LATER = NOW + LEASE
MARKS = EquityMarks(NOW.date(), Decimal(100), Decimal(98), Decimal(90), Decimal(100))
OUTCOME = SignalOutcome(ending=Ending.UNSEEN, at=NOW, bars=0)
EXIT = Exit(why="time", planned_at=NOW)
GUARD = Protection(cover=Cover.NONE, naked_since=NOW)


def submitted(ledger):
    return reach(ledger, ExecutionState.SUBMITTED)


def published(ledger):
    return ledger.put_signal(a_signal(), executors=BOTH)


WRITES = {
    "put_signal": (lambda _: None, lambda ledger, _: ledger.put_signal(a_signal(), executors=BOTH)),
    "mark_published": (published, lambda ledger, _: ledger.mark_published(a_signal().signal_id, BOTH)),
    "record_outcome": (published, lambda ledger, _: ledger.record_outcome(a_signal().signal_id, OUTCOME)),
    "claim": (lambda _: None, lambda ledger, _: ledger.claim(a_signal(), "argo", now=NOW, lease=LEASE)),
    "take_over": (claim, lambda ledger, _: ledger.claim(a_signal(), "argo", now=LATER, lease=LEASE)),
    "intend": (claim, intend),
    "pause": (
        claim,
        lambda ledger, mine: ledger.pause(mine, Obstacle.BROKER_UNREACHABLE, until=LATER, now=NOW),
    ),
    "settle": (
        lambda ledger: reach(ledger, ExecutionState.SUBMITTING),
        lambda ledger, mine: ledger.settle(mine, ExecutionState.SUBMITTED, Settlement(order_id="1"), now=NOW),
    ),
    "close": (
        submitted,
        lambda ledger, mine: ledger.settle(
            mine, ExecutionState.CLOSED, Settlement(release=Release.RESERVATION_AND_SYMBOL), now=NOW
        ),
    ),
    "record_exit": (submitted, lambda ledger, mine: ledger.record_exit(mine, EXIT, now=NOW)),
    "record_protection": (submitted, lambda ledger, mine: ledger.record_protection(mine, GUARD, now=NOW)),
    "halt": (
        lambda _: None,
        lambda ledger, _: ledger.set_trading_state("argo", TradingState.HALTED, reason="a person", now=NOW),
    ),
    "halt_as_read": (
        lambda ledger: ledger.account("argo"),
        lambda ledger, read: ledger.set_trading_state(
            "argo", TradingState.HALTED, reason="a limit", now=NOW, read=read
        ),
    ),
    "observe": (
        lambda ledger: ledger.account("argo"),
        lambda ledger, read: ledger.observe(read, MARKS, now=NOW),
    ),
    "measure_anew": (lambda _: None, lambda ledger, _: ledger.measure_anew("argo")),
}
TRANSACTIONS = {"intend", "close"}


class World:
    def __init__(self, backend):
        self.client = Troubled(backend.dynamodb)
        self.clock = SteppedClock(NOW)
        self.ledger = Plain(
            DynamoLedger(self.client, backend.table(), mode="simulated", calls=backend.calls, clock=self.clock)
        )

    def write(self, name, *faults):
        """Return what a write answers that meets faults, and what the ledger holds then."""
        prepare, write = WRITES[name]
        known = prepare(self.ledger)
        self.client.faults[:] = faults
        answer = write(self.ledger, known)
        assert self.client.faults == []
        return answer, self.held()

    def held(self):
        account = self.ledger.account("argo").model_copy(update={"version": 0, "marks_version": 0})
        signal = a_signal().signal_id
        return self.ledger.execution(signal, "argo"), self.ledger.signal(signal), account


@pytest.fixture
def world(moto):
    return World(moto)


@pytest.fixture
def calm(moto):
    return World(moto)


@pytest.mark.parametrize("name", WRITES)
def test_c01_every_write_gets_through_a_conflict_on_each_of_five_tries(world, calm, name):
    assert world.write(name, *[CONFLICT] * 5) == calm.write(name)
    assert world.clock.now() - NOW < timedelta(seconds=1)


@pytest.mark.parametrize("name", WRITES)
def test_c01_c02_a_write_that_cannot_be_made_for_now_says_so_and_writes_nothing(world, name):
    known = WRITES[name][0](world.ledger)
    before = world.held()

    for faults in ([THROTTLED], [CONFLICT] * (len(CONFLICT_WAITS) + 1)):
        world.client.faults[:] = faults
        with pytest.raises(Unavailable):
            WRITES[name][1](world.ledger, known)
        assert (world.client.faults, world.held()) == ([], before)


@pytest.mark.parametrize("fault", [LOST, SILENT])
@pytest.mark.parametrize("name", sorted(WRITES.keys() - {"mark_published", "measure_anew"}))
def test_c04_a_write_whose_answer_was_lost_is_found_to_be_its_own(world, calm, name, fault):
    assert world.write(name, fault) == calm.write(name)


@pytest.mark.parametrize("name", ["mark_published", "measure_anew"])
def test_c04_what_may_be_done_twice_is(world, calm, name):
    assert world.write(name, LOST)[1] == calm.write(name)[1]


def test_c04_anothers_claim_is_not_taken_for_ones_own(world):
    first = claim(world.ledger)
    world.client.faults[:] = [LOST]

    found = world.ledger.claim(a_signal(), "argo", now=NOW + timedelta(seconds=1), lease=LEASE)

    assert not isinstance(found, Claimed)
    assert found.until == first.lease_until
