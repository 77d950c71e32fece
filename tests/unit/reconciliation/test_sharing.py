"""Who else trades an account: by its number at the broker, and by orders of no signal of this ledger."""

import asyncio
import json
from datetime import timedelta
from io import StringIO

import pytest

from argo.domain.account import TradingState
from argo.domain.metrics import Metric
from argo.domain.placements import Cover, Protection
from argo.observability import Telemetry
from reconciliation.report import Run
from reconciliation.sharing import check_sharing
from reconciliation.snapshot import Snapshot
from simulation.ports.ledger import InMemoryLedger
from tests.unit.builders import NOW, a_broker_account, a_broker_order, a_market_clock, a_signal
from tests.unit.reconciliation.in_memory import Exchange, a_wiring

NUMBER = "PA1234567"
SIGNAL = a_signal()


class Recorded(Telemetry):
    """Keeps how many were told of in each look."""

    shared: list[float]

    def record(self, metric, value):
        if metric is Metric.BROKER_ACCOUNT_SHARED:
            self.shared.append(value)
        super().record(metric, value)


class Account:
    """One look at an account that may be shared."""

    def __init__(self):
        self.ledger, self.log = InMemoryLedger(mode="simulated"), StringIO()
        self.measured = []

    def look(self, *live, number=NUMBER, still_open=()):
        """Return the problems that are told."""
        telemetry = Recorded("sharing", mode="simulated", executor="argo", stream=self.log)
        telemetry.shared = self.measured
        wiring = a_wiring(self.ledger, Exchange(), telemetry=telemetry)
        run = Run(wiring, wiring.ports.broker, lambda: 60.0)
        seen = Snapshot(
            taken_at=NOW,
            account=a_broker_account(number=number),
            clock=a_market_clock(),
            live={order.order_id: order for order in live},
            positions={},
        )
        asyncio.run(check_sharing(run, seen, still_open))
        return run.report.problems

    def is_held_by(self, executor):
        asyncio.run(self.ledger.hold_broker_account(executor, NUMBER))

    def resume(self):
        state = TradingState.ACTIVE
        asyncio.run(self.ledger.set_trading_state("argo", state, reason="a person", now=NOW))

    @property
    def state(self):
        return asyncio.run(self.ledger.account("argo")).trading_state

    @property
    def events(self):
        lines = map(json.loads, self.log.getvalue().splitlines())
        return [line["message"] for line in lines if "message" in line]


def strange(signal=SIGNAL, *, order_id="strange", leg="entry"):
    return a_broker_order(order_id=order_id, client_order_id=f"argo-argo-{signal.signal_id}-{leg}")


def test_c87_an_account_of_ones_own_is_nobodys_else():
    account = Account()
    account.is_held_by("argo")

    assert account.look() == {}
    assert (account.state, account.measured, account.events) == (TradingState.ACTIVE, [], [])


def test_c87_the_number_that_another_account_holds_halts_this_one():
    account = Account()
    account.is_held_by("prop_firm")

    said = "broker account ...4567 is shared: account prop_firm has a key of the same one"
    assert account.look() == {"argo prop_firm": said}
    assert (account.state, account.measured) == (TradingState.HALTED, [1])
    assert asyncio.run(account.ledger.account("argo")).state_reason == said


@pytest.mark.parametrize("problem", ["number", "order"])
def test_c87_who_resumes_an_account_is_told_again_and_not_halted(problem):
    account = Account()
    if problem == "number":
        account.is_held_by("prop_firm")
    live = [strange()] if problem == "order" else []

    first = account.look(*live)
    account.resume()

    assert account.look(*live) == first
    assert (account.state, account.measured) == (TradingState.ACTIVE, [1, 1])


def test_c87_both_are_told():
    account = Account()
    account.is_held_by("prop_firm")

    problems = account.look(strange())

    assert [*problems] == ["argo prop_firm", "argo another"]
    assert account.measured == [2]


def test_c87_an_account_without_a_number_is_told_of_and_not_halted():
    account = Account()

    (said,) = account.look(strange(), number=None).values()

    assert said.startswith(f"broker account ... is shared: {strange().client_order_id} is of no signal")
    assert account.state is TradingState.ACTIVE


def claimed(account, signal=SIGNAL):
    lease = timedelta(seconds=45)
    return asyncio.run(account.ledger.claim(signal, "argo", now=NOW, lease=lease)).execution


def test_c87_an_order_of_a_signal_of_this_ledger_is_ones_own():
    account = Account()
    execution = claimed(account)

    assert account.look(strange()) == {}
    assert account.look(strange(), still_open=[execution]) == {}
    assert account.look(a_broker_order(client_order_id="by hand")) == {}


@pytest.mark.parametrize(
    "recorded",
    [
        {"order_id": "strange"},
        {"protection": Protection(cover=Cover.COMPLETE, order_body={}, order_id="strange")},
    ],
)
def test_c87_an_order_that_is_on_an_open_record_is_looked_for_no_further(recorded):
    account = Account()
    other = claimed(account, a_signal(bar_time=SIGNAL.bar_time - timedelta(minutes=1)))

    assert account.look(strange(), still_open=[other.model_copy(update=recorded)]) == {}


@pytest.mark.parametrize(("known", "is_found"), [(4, True), (5, False)])
def test_c87_five_orders_are_looked_for_in_one_run(known, is_found):
    account = Account()
    signals = [a_signal(bar_time=SIGNAL.bar_time - timedelta(minutes=number)) for number in range(1, known + 1)]
    for signal in signals:
        claimed(account, signal)
    orders = [strange(signal, order_id=str(number)) for number, signal in enumerate(signals)]

    assert bool(account.look(*orders, strange())) is is_found
