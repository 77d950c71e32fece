"""What is sent, and sent again, on a record that the ledger keeps: delivery after delivery of one signal."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from io import StringIO

import pytest

from argo.domain.execution import Execution, ExecutionState
from argo.domain.faults import Ambiguous, Duplicate, Throttled
from argo.domain.metrics import Metric
from argo.domain.orders import BrokerOrder
from argo.domain.outcome import QUIESCENCE
from argo.domain.reasons import Obstacle
from argo.observability import Telemetry
from argo.ports import GivenPorts
from execution.flow import Flow
from execution.wiring import Wiring
from simulation.ports.clock import SteppedClock
from simulation.ports.ledger import InMemoryLedger
from tests.emf import measured
from tests.unit.builders import NOW, a_broker_account, a_broker_order, a_market_clock, a_profile, a_signal

SECOND, AN_INSTANT = timedelta(seconds=1), timedelta(microseconds=1)
LIFE = timedelta(minutes=5)
SILENT = Ambiguous("timeout")

type Answer = BrokerOrder | Exception | None


class SilentBroker:
    """A broker with its answers to orders, and what its look-ups have ``shown``, each the next; None when over."""

    def __init__(self, clock: SteppedClock, answers: Sequence[Answer], shown: Sequence[Answer]) -> None:
        self.time, self.takes = clock, timedelta()
        self.answers, self.shown = list(answers), list(shown)
        self.asked: list[str] = []

    async def submit(self, body: dict[str, object]) -> BrokerOrder | None:
        return self._answer(f"submit {body['qty']}", self.answers)

    async def order_by_client_id(self, client_order_id: str) -> BrokerOrder | None:
        assert client_order_id.endswith("-entry")
        return self._answer("look up", self.shown)

    def _answer(self, what: str, answers: list[Answer]) -> BrokerOrder | None:
        self.asked.append(what)
        self.time.set(self.time.now() + self.takes)
        answer = answers.pop(0) if answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def positions(self) -> list[object]:
        return []

    open_orders = positions

    async def account(self) -> object:
        return a_broker_account()

    async def clock(self) -> object:
        return a_market_clock()


class Sent:
    """One signal with its record, delivered again and again."""

    def __init__(self, *answers: Answer, shown: Sequence[Answer] = ()) -> None:
        self.signal = a_signal(expires_at=NOW + LIFE)
        self.clock, self.ledger = SteppedClock(NOW), InMemoryLedger(mode="simulated")
        self.broker = SilentBroker(self.clock, answers, shown)
        self.telemetry = Telemetry("sending", mode="simulated", executor="argo", stream=StringIO())
        ports = GivenPorts(
            ledger=self.ledger,
            broker=self.broker,
            market_data=None,
            queue=None,
            queues={},
            clock=self.clock,
            telemetry=self.telemetry,
        )
        self.wiring = Wiring(ports, "argo", a_profile())
        asyncio.run(self.ledger.put_signal(self.signal, executors={"argo"}))

    def deliver(self, after: timedelta = timedelta()) -> Execution:
        """Deliver the message so long after the signal, and return the record as it is then."""
        self.clock.set(NOW + after)
        self.later = asyncio.run(Flow(self.wiring).handle(self.signal, 1))
        return self.execution()

    def execution(self) -> Execution:
        execution = asyncio.run(self.ledger.execution(self.signal.signal_id, "argo"))
        assert execution is not None
        return execution

    @property
    def holds(self) -> tuple[bool, int]:
        """Whether money is reserved, and how many symbols are taken."""
        state = asyncio.run(self.ledger.account("argo"))
        return state.reserved_notional > 0, len(state.holdings)


def test_b02_an_order_that_was_sent_again_is_given_a_quiescence_of_its_own():
    signal = Sent(SILENT, SILENT, a_broker_order())

    first = signal.deliver()
    again = signal.deliver(QUIESCENCE)
    early = signal.deliver(2 * QUIESCENCE - AN_INSTANT)
    last = signal.deliver(2 * QUIESCENCE)

    assert (first.state, first.missing_since, first.sent_again) == (ExecutionState.UNKNOWN, NOW, False)
    assert (again.state, again.missing_since) == (ExecutionState.UNKNOWN, NOW + QUIESCENCE)
    assert early.missing_since == NOW + QUIESCENCE
    assert last.state is ExecutionState.SUBMITTED
    looks = [each.partition(" ")[0] for each in signal.broker.asked]
    assert looks == ["submit", "look", "look", "submit", "look", "look", "submit"]
    assert [first.attempts, again.attempts, last.attempts] == [1, 2, 3]
    assert signal.telemetry.counts[Metric.AMBIGUOUS_SUBMISSIONS] == 2


def test_b02_an_order_that_is_about_to_be_sent_again_says_so_on_its_record():
    signal = Sent(SILENT, Throttled("slowly", until=NOW + 2 * QUIESCENCE))
    signal.deliver()

    throttled = signal.deliver(QUIESCENCE)

    # The first one may still arrive: the intent stays, and its money with it.
    assert (throttled.state, throttled.sent_again) == (ExecutionState.UNKNOWN, True)
    assert throttled.missing_since is None
    assert signal.holds == (True, 1)


def test_an_order_that_was_certainly_not_sent_gives_its_reservation_back():
    signal = Sent(Throttled("slowly", until=NOW + SECOND))

    throttled = signal.deliver()

    assert (throttled.state, throttled.obstacle) == (ExecutionState.CLAIMED, "broker_throttled")
    assert signal.holds == (False, 0)
    assert signal.broker.asked == ["submit 109"]


def test_b03_an_order_that_the_broker_has_already_is_no_answer_that_tells_nothing():
    signal = Sent(Duplicate("client_order_id must be unique"), shown=[a_broker_order(order_id="there")])

    found = signal.deliver()

    assert (found.state, found.order_id) == (ExecutionState.SUBMITTED, "there")
    assert signal.telemetry.counts.get(Metric.AMBIGUOUS_SUBMISSIONS, 0) == 0


@pytest.mark.parametrize(("after", "sent"), [(LIFE - AN_INSTANT, True), (LIFE, False)])
def test_an_order_that_never_arrived_is_sent_again_within_its_signals_life_only(after, sent):
    signal = Sent(SILENT, a_broker_order())
    signal.deliver()

    last = signal.deliver(after)

    assert last.state is (ExecutionState.SUBMITTED if sent else ExecutionState.EXPIRED)
    assert last.sent_again is sent
    assert signal.holds == ((True, 1) if sent else (False, 0))
    assert signal.later is None


@pytest.mark.parametrize(("after", "comes_back"), [(LIFE - AN_INSTANT, True), (LIFE, False)])
def test_an_order_of_unknown_fate_is_the_reconcilers_once_its_signal_is_too_old(after, comes_back):
    signal = Sent(SILENT, shown=[None, SILENT])
    signal.deliver()

    left = signal.deliver(after)

    assert left.state is ExecutionState.UNKNOWN
    assert (signal.later is not None) is comes_back


def test_an_order_whose_signal_expires_while_it_is_decided_on_is_not_sent():
    signal = Sent(a_broker_order())
    asking = signal.broker.account

    async def slowly() -> object:
        signal.clock.set(NOW + LIFE)
        return await asking()

    signal.broker.account = slowly
    expired = signal.deliver(LIFE - AN_INSTANT)

    assert (expired.state, expired.reason) == (ExecutionState.EXPIRED, Obstacle.NONE)
    assert signal.broker.asked == []
    assert signal.holds == (False, 0)


def test_how_long_the_broker_took_is_measured_in_milliseconds(capsys):
    signal = Sent(a_broker_order())
    signal.broker.takes = timedelta(seconds=1.5)

    signal.deliver()

    assert measured(signal.telemetry, capsys)[Metric.BROKER_CALL] == [1500]


class Lost(Exception):
    """The worker ends here."""


def test_an_order_of_unknown_fate_is_on_record_as_such_before_it_is_looked_up():
    signal = Sent(SILENT, shown=[Lost()])

    with pytest.raises(Lost):
        signal.deliver()

    unknown = signal.execution()
    assert (unknown.state, unknown.obstacle) == (ExecutionState.UNKNOWN, "outcome_unknown")
    assert unknown.detail["message"] == "timeout"
    assert unknown.lease_until == NOW + signal.wiring.limits.lease


def test_an_order_whose_worker_was_lost_is_looked_for_and_sent_under_the_same_intent():
    signal = Sent(Lost(), a_broker_order())
    with pytest.raises(Lost):
        signal.deliver()

    found = signal.deliver(signal.wiring.limits.lease)
    again = signal.deliver(signal.wiring.limits.lease + QUIESCENCE)

    assert (found.state, found.missing_since) == (ExecutionState.UNKNOWN, NOW + signal.wiring.limits.lease)
    assert (again.state, again.attempts) == (ExecutionState.SUBMITTED, 2)
