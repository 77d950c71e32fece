"""Two keys of one account at the broker: said at the first look, and no new risk until a person decides."""

import asyncio
from decimal import Decimal
from itertools import count

import pytest

from argo.domain.account import TradingState
from argo.domain.execution import ExecutionState
from simulation.broker import AccountSettings, SimulatedBroker
from simulation.broker.server import BackgroundServer, BrokerServer
from tests.pipeline.pipeline import OPENS, PRICE, SYMBOLS, Pipeline
from tests.unit.builders import a_signal
from worlds.paths import TEMPLATE

_stacks = count()


def a_shared_account():
    """Return a broker with one account, of which both executors have a key."""
    settings = AccountSettings(
        key_id="argo", secret_key="argo", other_keys={"prop_firm": "prop_firm"}, cash=Decimal(1_000_000)
    )
    broker = SimulatedBroker([settings], starts_at=OPENS, symbols=SYMBOLS)
    broker.set_clock(OPENS, is_open=True)
    for symbol in SYMBOLS:
        broker.set_price(symbol, PRICE)
    return BrokerServer(broker, requests_per_minute=None)


@pytest.fixture
def shared(aws):
    with BackgroundServer(a_shared_account()) as background:
        yield Pipeline(aws, aws.create_resources(TEMPLATE, f"shared-{next(_stacks)}"), background)


@pytest.fixture
def elsewhere(aws, shared):
    """Another stack, with a ledger and queues of its own, at the same broker."""
    return Pipeline(aws, aws.create_resources(TEMPLATE, f"shared-{next(_stacks)}"), shared.background)


def test_c87_the_second_of_two_accounts_with_one_account_number_is_halted(shared):
    first, second = shared.reconcile("argo"), shared.reconcile("prop_firm")
    denied = shared.execute(a_signal(confidence=90), "prop_firm")

    assert first.problems == {}
    (said,) = second.problems.values()
    assert said.endswith("is shared: account argo has a key of the same one")
    assert shared.account("prop_firm").trading_state is TradingState.HALTED
    assert shared.account("prop_firm").state_reason == said
    assert (denied.state, denied.reason) == (ExecutionState.DENIED, "halted")
    assert shared.account("argo").trading_state is TradingState.ACTIVE
    assert "broker_account_shared" in shared.logs.getvalue()


def test_c87_who_resumes_the_account_has_decided_and_it_stays_said(shared):
    shared.reconcile("argo")
    shared.reconcile("prop_firm")
    shared.resume("prop_firm")

    again = shared.reconcile("prop_firm")

    assert shared.account("prop_firm").trading_state is TradingState.ACTIVE
    assert len(again.problems) == 1


def test_c87_an_account_that_was_halted_for_something_else_is_not_resumed_into_a_shared_one(shared):
    shared.reconcile("argo")
    shared.set_trading_state(TradingState.HALTED, "prop_firm", reason="lunch")
    shared.reconcile("prop_firm")
    shared.resume("prop_firm")

    shared.reconcile("prop_firm")

    assert shared.account("prop_firm").state_reason.endswith("account argo has a key of the same one")


def test_c87_an_account_whose_key_is_anothers_now_gives_the_number_back(shared):
    shared.reconcile("argo")
    asyncio.run(shared.ledger.hold_broker_account("argo", "of another key"))

    found = shared.reconcile("prop_firm")

    assert found.problems == {}
    assert len(shared.reconcile("argo").problems) == 1


def test_c87_an_order_of_another_stack_halts_whoever_sees_it(shared, elsewhere):
    elsewhere.set_price("AAPL", PRICE + 2)
    elsewhere.execute(a_signal())

    found = shared.reconcile("argo")

    (said,) = found.problems.values()
    assert "is of no signal in this ledger: another Argo trades it" in said
    assert shared.account("argo").trading_state is TradingState.HALTED


def test_c87_an_order_of_another_account_of_ones_own_stack_is_no_strangers(shared):
    shared.set_price("AAPL", PRICE + 2)
    shared.execute(a_signal(confidence=90), "prop_firm")

    found = shared.reconcile("argo")

    assert found.problems == {}


def test_an_account_of_its_own_is_not_shared(pipeline):
    pipeline.set_price("AAPL", PRICE + 2)
    pipeline.execute(a_signal())

    reports = [pipeline.reconcile(name) for name in ("argo", "prop_firm", "argo")]

    assert [each.problems for each in reports] == [{}, {}, {}]
    assert pipeline.account("argo").trading_state is TradingState.ACTIVE
