"""An exit whose way is barred: by the broker, by its own legs, by what is not known yet."""

from datetime import timedelta
from decimal import Decimal

import pytest

from argo.domain.execution import ExecutionState
from simulation.broker.server import Fault
from tests.pipeline.exits import exit_order, hold_back
from tests.pipeline.pipeline import MINUTE, against
from tests.unit.builders import a_signal


def test_b10_nothing_is_sold_before_the_legs_are_confirmed_cancelled(pipeline):
    held = a_signal()
    pipeline.hold(held)
    asked_only = Fault(method="DELETE", path="/v2/orders/*", status=204, times=2)
    pipeline.server.faults.add(asked_only)
    opposite = against(held)
    pipeline.publish(opposite)

    pipeline.poll()
    waiting, orders = pipeline.execution(opposite), len(pipeline.broker_orders())
    pipeline.deliver_again(*pipeline.invocations[-1])

    assert (waiting.state, waiting.obstacle, orders) == (ExecutionState.CLAIMED, "awaiting_exit", 1)
    assert pipeline.server.requests["POST /v2/orders"] == 2
    assert pipeline.execution(opposite).order_id == exit_order(pipeline, held).id


def test_a_position_that_its_target_has_closed_meanwhile_is_not_sold_again(pipeline):
    held = a_signal()
    pipeline.hold(held)
    pipeline.set_price("AAPL", Decimal(111))

    execution = pipeline.execute(against(held))

    assert (execution.state, execution.reason) == (ExecutionState.DENIED, "nothing_held")
    assert pipeline.held("AAPL") == 0
    assert len(pipeline.broker_orders()) == 1
    assert pipeline.execution(held).state is ExecutionState.CLOSED
    assert pipeline.execution(held).fills[-1].leg == "take_profit"


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
def test_b10_an_exit_gets_through_what_the_broker_does_to_it(pipeline, fault):
    held = a_signal()
    pipeline.hold(held)
    pipeline.server.faults.add(fault)

    left = pipeline.execute(against(held))
    pipeline.reconcile()

    assert pipeline.server.faults.waiting == ()
    assert (left.state, left.order_id) == (ExecutionState.CLOSED, exit_order(pipeline, held).id)
    assert pipeline.held("AAPL") == 0
    assert pipeline.execution(held).state is ExecutionState.CLOSED


def test_refused_credentials_during_an_exit_halt_and_the_exit_goes_on_once_they_are_mended(pipeline):
    held = a_signal()
    pipeline.hold(held)
    refused = Fault(method="DELETE", path="/v2/orders/*", status=401, body={"message": "unauthorized."})
    pipeline.server.faults.add(refused)

    left = pipeline.execute(against(held))

    assert pipeline.account().trading_state == "HALTED"
    assert (left.state, left.order_id) == (ExecutionState.CLOSED, exit_order(pipeline, held).id)


def test_an_exit_that_is_cancelled_unfilled_is_placed_anew_by_the_reconciler(pipeline):
    held = a_signal()
    pipeline.hold(held)
    hold_back(pipeline, f"argo-argo-{held.signal_id}-exit", Decimal(0))
    pipeline.execute(against(held))
    order = exit_order(pipeline, held)
    pipeline.background.call(lambda: pipeline.server.broker.cancel(pipeline.at_broker(), order.id))

    for _ in range(3):
        pipeline.reconcile()

    assert pipeline.held("AAPL") == 0
    assert pipeline.execution(held).state is ExecutionState.CLOSED


def test_an_exit_that_is_cancelled_half_filled_is_finished_by_the_reconciler(pipeline):
    held = a_signal()
    pipeline.hold(held)
    hold_back(pipeline, f"argo-argo-{held.signal_id}-exit", Decimal(5))
    pipeline.execute(against(held))
    order = exit_order(pipeline, held)
    pipeline.background.call(lambda: pipeline.server.broker.cancel(pipeline.at_broker(), order.id))

    for _ in range(4):
        pipeline.pass_time(MINUTE)
        pipeline.reconcile()

    ended, account = pipeline.execution(held), pipeline.at_broker()
    assert pipeline.held("AAPL") == 0
    assert ended.state is ExecutionState.CLOSED
    assert ended.realised_profit == account.cash - account.settings.cash


def test_an_exit_waits_for_an_entry_of_unknown_fate(pipeline):
    held = a_signal()
    pipeline.publish(held)
    pipeline.server.faults.add(
        Fault(method="POST", path="/v2/orders", after=True, drop=True),
        Fault(path="/v2/orders:by_client_order_id", drop=True),
    )
    pipeline.poll()
    opposite = against(held)
    pipeline.publish(opposite)

    pipeline.poll()
    waiting = pipeline.execution(opposite)
    event, answer = pipeline.invocations[-1]
    pipeline.pass_time(timedelta(seconds=50))
    pipeline.reconcile()
    pipeline.deliver_again(event, answer)

    assert (waiting.state, waiting.obstacle) == (ExecutionState.CLAIMED, "awaiting_exit")
    assert pipeline.execution(opposite).order_id == exit_order(pipeline, held).id
    assert pipeline.held("AAPL") == 0
