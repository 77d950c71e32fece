"""An exit whose way is barred: by the broker, by its own legs, by what is not known yet."""

from datetime import timedelta
from decimal import Decimal

import pytest

from argo.domain.execution import ExecutionState
from simulation.broker.server import Fault
from tests.pipeline.exits import exit_order, hold_back
from tests.pipeline.stage import MINUTE, against
from tests.unit.builders import a_signal


def test_b10_nothing_is_sold_before_the_legs_are_confirmed_cancelled(stage):
    held = a_signal()
    stage.hold(held)
    asked_only = Fault(method="DELETE", path="/v2/orders/*", status=204, times=2)
    stage.server.faults.add(asked_only)
    opposite = against(held)
    stage.publish(opposite)

    stage.poll()
    waiting, orders = stage.execution(opposite), len(stage.broker_orders())
    stage.deliver_again(*stage.invocations[-1])

    assert (waiting.state, waiting.obstacle, orders) == (ExecutionState.CLAIMED, "awaiting_exit", 1)
    assert stage.server.requests["POST /v2/orders"] == 2
    assert stage.execution(opposite).order_id == exit_order(stage, held).id


def test_a_position_that_its_target_has_closed_meanwhile_is_not_sold_again(stage):
    held = a_signal()
    stage.hold(held)
    stage.set_price("AAPL", Decimal(111))

    execution = stage.execute(against(held))

    assert (execution.state, execution.reason) == (ExecutionState.DENIED, "nothing_held")
    assert stage.held("AAPL") == 0
    assert len(stage.broker_orders()) == 1
    assert stage.execution(held).state is ExecutionState.CLOSED
    assert stage.execution(held).fills[-1].leg == "take_profit"


@pytest.mark.parametrize(
    "fault",
    [
        Fault(method="POST", path="/v2/orders", drop=True),
        Fault(method="POST", path="/v2/orders", after=True, drop=True),
        Fault(method="POST", path="/v2/orders", status=429, body={"message": "too many requests."}),
        Fault(method="POST", path="/v2/orders", after=True, status=504, body="<html>"),
        Fault(method="POST", path="/v2/orders", status=422, body={"code": 42210000, "message": "no"}),
        Fault(method="DELETE", path="/v2/orders/*", drop=True),
        Fault(method="DELETE", path="/v2/orders/*", after=True, drop=True),
        Fault(method="GET", path="/v2/positions", nth=2, status=502, body="<html>"),
        Fault(method="GET", path="/v2/orders/*", drop=True),
    ],
    ids=[
        "exit lost",
        "exit taken, answer lost",
        "exit throttled",
        "exit taken, 504",
        "exit refused once",
        "cancel lost",
        "cancel done, answer lost",
        "positions unknown",
        "entry unknown",
    ],
)
def test_b10_an_exit_gets_through_what_the_broker_does_to_it(stage, fault):
    held = a_signal()
    stage.hold(held)
    stage.server.faults.add(fault)

    left = stage.execute(against(held))
    stage.reconcile()

    assert len(stage.server.faults) == 0
    assert (left.state, left.order_id) == (ExecutionState.CLOSED, exit_order(stage, held).id)
    assert stage.held("AAPL") == 0
    assert stage.execution(held).state is ExecutionState.CLOSED


def test_refused_credentials_during_an_exit_halt_and_the_exit_goes_on_once_they_are_mended(stage):
    held = a_signal()
    stage.hold(held)
    refused = Fault(method="DELETE", path="/v2/orders/*", status=401, body={"message": "unauthorized."})
    stage.server.faults.add(refused)

    left = stage.execute(against(held))

    assert stage.account().trading_state == "HALTED"
    assert (left.state, left.order_id) == (ExecutionState.CLOSED, exit_order(stage, held).id)


def test_an_exit_that_is_cancelled_unfilled_is_placed_anew_by_the_reconciler(stage):
    held = a_signal()
    stage.hold(held)
    hold_back(stage, f"argo-argo-{held.signal_id}-exit", Decimal(0))
    stage.execute(against(held))
    order = exit_order(stage, held)
    stage.background.call(lambda: stage.server.broker.cancel(stage.at_broker(), order.id))

    for _ in range(3):
        stage.reconcile()

    assert stage.held("AAPL") == 0
    assert stage.execution(held).state is ExecutionState.CLOSED


def test_an_exit_that_is_cancelled_half_filled_is_finished_by_the_reconciler(stage):
    held = a_signal()
    stage.hold(held)
    hold_back(stage, f"argo-argo-{held.signal_id}-exit", Decimal(5))
    stage.execute(against(held))
    order = exit_order(stage, held)
    stage.background.call(lambda: stage.server.broker.cancel(stage.at_broker(), order.id))

    for _ in range(4):
        stage.pass_time(MINUTE)
        stage.reconcile()

    ended, account = stage.execution(held), stage.at_broker()
    assert stage.held("AAPL") == 0
    assert ended.state is ExecutionState.CLOSED
    assert ended.realised_profit == account.cash - account.settings.cash


def test_an_exit_waits_for_an_entry_of_unknown_fate(stage):
    held = a_signal()
    stage.publish(held)
    stage.server.faults.add(
        Fault(method="POST", path="/v2/orders", after=True, drop=True),
        Fault(path="/v2/orders:by_client_order_id", drop=True),
    )
    stage.poll()
    opposite = against(held)
    stage.publish(opposite)

    stage.poll()
    waiting = stage.execution(opposite)
    event, answer = stage.invocations[-1]
    stage.pass_time(timedelta(seconds=50))
    stage.reconcile()
    stage.deliver_again(event, answer)

    assert (waiting.state, waiting.obstacle) == (ExecutionState.CLAIMED, "awaiting_exit")
    assert stage.execution(opposite).order_id == exit_order(stage, held).id
    assert stage.held("AAPL") == 0
