"""Executions whose worker is gone, to the moment: when a message counts as lost, and when a signal is too old."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from argo.domain.execution import ExecutionState
from argo.domain.ledger import Intent
from argo.domain.reasons import Obstacle
from argo.domain.symbols import Symbol
from argo.ports import GivenPorts
from reconciliation.run import reconcile
from simulation.ports.clock import SteppedClock
from simulation.ports.ledger import InMemoryLedger
from simulation.ports.queue import InMemoryQueue
from tests.unit.builders import NOW, a_signal
from tests.unit.reconciliation.in_memory import Exchange, a_wiring

LEASE, A_MINUTE, AN_INSTANT = timedelta(seconds=45), timedelta(minutes=1), timedelta(microseconds=1)
LIFE = timedelta(minutes=5)


class Deserted:
    """A signal that a worker claimed, or sent an order for that never arrived, before all workers were gone."""

    def __init__(self, *, sent=False):
        self.ledger, self.clock = InMemoryLedger(mode="simulated"), SteppedClock(NOW)
        self.queue = InMemoryQueue(self.clock, visibility=timedelta(minutes=3), max_receives=20)
        self.signal = a_signal(expires_at=NOW + LIFE)
        asyncio.run(self._begin(sent))

    async def _begin(self, sent):
        await self.ledger.put_signal(self.signal, executors={"argo"})
        claimed = (await self.ledger.claim(self.signal, "argo", now=NOW, lease=LEASE)).execution
        if sent:
            account = await self.ledger.account("argo")
            body = {"symbol": "AAPL", "side": "buy", "qty": "1"}
            intent = Intent(claimed.client_order_id, order_body=body, notional=Decimal(100), risk=Decimal(5))
            await self.ledger.intend(claimed, intent, account=account, now=NOW)

    def reconcile(self, after):
        """Run so long after the claim; returns the execution's state and the messages that came back so far."""
        wiring = a_wiring(self.ledger, Exchange(), now=NOW + after)
        ports = GivenPorts.like(wiring.ports, queue=self.queue)
        self.report = asyncio.run(reconcile(replace(wiring, ports=ports)))
        return self.execution.state, len(self.queue)

    @property
    def execution(self):
        return asyncio.run(self.ledger.execution(self.signal.signal_id, "argo"))

    def meet(self, obstacle):
        """Let the worker note what stood in its way, before it is gone."""
        asyncio.run(self.ledger.pause(self.execution, obstacle, until=NOW + LEASE, now=NOW))


@pytest.mark.parametrize(
    ("after", "state", "returned"),
    [
        (LEASE - AN_INSTANT, ExecutionState.CLAIMED, 0),
        (LEASE + A_MINUTE - AN_INSTANT, ExecutionState.CLAIMED, 0),
        (LEASE + A_MINUTE, ExecutionState.CLAIMED, 1),
        (LIFE - AN_INSTANT, ExecutionState.CLAIMED, 1),
        (LIFE, ExecutionState.EXPIRED, 0),
    ],
    ids=["held", "awaited", "lost", "just young enough", "too old"],
)
def test_a_claims_message_is_lost_a_minute_after_its_lease_and_its_signal_ends_with_its_life(
    after, state, returned
):
    assert Deserted().reconcile(after) == (state, returned)


@pytest.mark.parametrize(
    ("looks", "state", "returned"),
    [
        ([LEASE - AN_INSTANT], ExecutionState.SUBMITTING, 0),
        ([LEASE], ExecutionState.UNKNOWN, 0),
        ([LEASE, LEASE + A_MINUTE - AN_INSTANT], ExecutionState.UNKNOWN, 0),
        ([LEASE, LEASE + A_MINUTE], ExecutionState.UNKNOWN, 1),
        ([LEASE, LIFE - AN_INSTANT], ExecutionState.UNKNOWN, 1),
        ([LEASE, LIFE], ExecutionState.EXPIRED, 0),
    ],
    ids=["held", "looked for once", "awaited", "lost", "just young enough", "too old"],
)
def test_an_order_that_never_arrived_comes_back_to_be_sent_again_or_ends_with_its_signals_life(
    looks, state, returned
):
    order = Deserted(sent=True)

    found = [order.reconcile(after) for after in looks]

    assert found[-1] == (state, returned)


@pytest.mark.parametrize("met", [None, Obstacle.BROKER_THROTTLED])
@pytest.mark.parametrize(
    ("sent", "looks", "otherwise"),
    [(False, [LIFE], Obstacle.WORKER_LOST), (True, [LEASE, LIFE], Obstacle.OUTCOME_UNKNOWN)],
)
def test_what_ends_with_its_signals_life_says_what_it_met_and_nothing_stays_reserved(sent, looks, otherwise, met):
    gone = Deserted(sent=sent)
    for after in looks[:-1]:
        gone.reconcile(after)
    if met is not None:
        gone.meet(met)

    gone.reconcile(looks[-1])

    account = asyncio.run(gone.ledger.account("argo"))
    assert (gone.execution.state, gone.execution.reason) == (ExecutionState.EXPIRED, met or otherwise)
    assert (account.reserved_notional, account.reserved_risk) == (0, 0)
    assert gone.report.moved == {ExecutionState.EXPIRED: 1}


def test_a_message_that_came_back_is_counted():
    gone = Deserted()
    gone.reconcile(LEASE + A_MINUTE)

    assert gone.report.returned == 1


def test_of_two_both_are_counted_and_one_whose_signal_is_gone_is_told():
    gone = Deserted()
    other, unknown = (a_signal(symbol=Symbol(name), expires_at=NOW + LIFE) for name in ("MSFT", "TSLA"))
    asyncio.run(gone.ledger.put_signal(other, executors={"argo"}))
    for signal in (other, unknown):
        asyncio.run(gone.ledger.claim(signal, "argo", now=NOW, lease=LEASE))

    gone.reconcile(LEASE + A_MINUTE)
    first = gone.report
    gone.reconcile(LIFE)

    assert (first.returned, first.problems) == (2, {unknown.signal_id: "the ledger lacks its signal"})
    assert gone.report.moved == {ExecutionState.EXPIRED: 3}
