"""One signal's whole way through the containers: generate, queue, execute, reconcile. The tests are its steps."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from argo.domain.execution import ExecutionState
from argo.domain.profile import wants
from tests.sam.containers import LOGICAL_NAMES, event

pytestmark = pytest.mark.sam

ACCOUNTS = tuple(LOGICAL_NAMES)


@pytest.fixture(scope="module")
def generated(containers):
    return containers.invoke("GenerateFunction", event("generate-once"))


@pytest.fixture(scope="module")
def delivered(containers, generated):  # noqa: ARG001 - once there are any
    return {executor: containers.take(executor) for executor in ACCOUNTS}


@pytest.fixture(scope="module")
def minute(containers, delivered):  # noqa: ARG001 - once its first cycle has nothing left to do
    """A whole minute's tick, under way while the others work."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(containers.invoke, "GenerateFunction", event("generate-tick"))


@pytest.fixture(scope="module")
def executed(containers, delivered, minute):  # noqa: ARG001 - which goes on meanwhile
    return {executor: containers.execute(executor, {"Records": delivered[executor]}) for executor in ACCOUNTS}


@pytest.fixture(scope="module")
def reconciled(containers, executed):  # noqa: ARG001 - once there are orders
    return {executor: containers.reconcile(executor) for executor in ACCOUNTS}


def wanted(containers, executor):
    """Today's signals that an account which holds nothing is sent, by id."""
    profile = containers.configuration.profile(executor)
    stored = containers.signals_of_today().values()
    return {each.signal.signal_id: each.signal for each in stored if wants(each.signal, profile)}


def entries(containers, executor):
    """The account's executions that have an order, by client order id."""
    found = [containers.execution(signal_id, executor) for signal_id in containers.signals_of_today()]
    return {each.client_order_id: each for each in found if each and each.order_id}


def test_generating_reports_its_cycle_and_its_signals(containers, generated):
    assert generated["signals"] >= 2
    assert generated == {
        "cycles": 1,
        "skipped": 0,
        "failed": 0,
        "signals": generated["signals"],
        "messages": sum(len(wanted(containers, executor)) for executor in ACCOUNTS),
        "judged": 0,
        "closed": 0,
        "missing": [],
        "refused": [],
        "stale": [],
    }


@pytest.mark.usefixtures("generated")
def test_the_ledger_has_the_signals_and_whom_they_were_sent_to(containers):
    stored = containers.signals_of_today().values()

    assert {each.signal.symbol for each in stored} >= {"AAPL", "IBM"}
    for each in stored:
        sent_to = {executor for executor in ACCOUNTS if each.signal.signal_id in wanted(containers, executor)}
        assert (each.published_to, each.awaiting) == (sent_to, frozenset())
        assert each.declined == dict.fromkeys(set(ACCOUNTS) - sent_to, "confidence_below_minimum")
    assert {len(each.published_to) for each in stored} == {0, 2}


@pytest.mark.parametrize("executor", ACCOUNTS)
def test_the_account_s_queue_has_every_signal_that_it_wants(containers, delivered, executor):
    signals = wanted(containers, executor).values()

    assert signals
    assert sorted(record["body"] for record in delivered[executor]) == sorted(
        signal.model_dump_json() for signal in signals
    )


@pytest.mark.parametrize("executor", ACCOUNTS)
def test_every_signal_from_the_queue_ends_with_an_order(containers, executed, executor):
    assert executed[executor] == {"batchItemFailures": []}
    for signal_id in wanted(containers, executor):
        execution = containers.execution(signal_id, executor)
        assert (execution.state, execution.reason) == ("SUBMITTED", None)


@pytest.mark.usefixtures("executed")
@pytest.mark.parametrize("executor", ACCOUNTS)
def test_the_order_in_the_ledger_is_the_broker_s(containers, executor):
    in_ledger, at_broker = entries(containers, executor), containers.orders(executor)

    assert in_ledger.keys() == at_broker.keys()
    for client_order_id, execution in in_ledger.items():
        order = at_broker[client_order_id]
        assert (execution.order_id, execution.symbol) == (order.id, order.symbol)
        assert {leg.order_id for leg in execution.legs} == {leg.id for leg in order.legs}


@pytest.mark.parametrize("executor", ACCOUNTS)
def test_reconciling_records_the_fills(containers, reconciled, executor):
    in_ledger, at_broker = entries(containers, executor), containers.orders(executor)

    assert reconciled[executor]["moved"] == {"FILLED": len(at_broker)}
    for client_order_id, execution in in_ledger.items():
        order = at_broker[client_order_id]
        (fill,) = execution.fills
        assert execution.state is ExecutionState.FILLED
        assert (fill.quantity, fill.price * fill.quantity) == (order.filled_quantity, order.filled_value)


def test_a_minute_of_ticks_on_the_same_bars_sends_no_signal_again(containers, minute):
    report = minute.result()

    assert report["cycles"] > 1
    assert (report["signals"], report["messages"], report["failed"]) == (0, 0, 0)
    # A generator that nobody relieves outlasts the visibility of what `delivered` has taken.
    waiting = [record["attributes"] for executor in ACCOUNTS for record in containers.take(executor)]
    assert not [each for each in waiting if each["ApproximateReceiveCount"] == "1"]
