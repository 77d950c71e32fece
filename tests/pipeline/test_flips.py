"""A signal against an own position, where the profile flips: out first, and then the other side, once."""

from datetime import timedelta
from decimal import Decimal

from argo.domain.account import TradingState
from argo.domain.execution import ExecutionState
from argo.domain.profile import CooldownRules, Protections
from argo.domain.signal import Side
from tests.pipeline.exits import exit_order, hold_back, let_go
from tests.pipeline.stage import against
from tests.unit.builders import a_signal


def test_a21_a_flip_is_one_plan_out_first_and_then_the_other_side(stage):
    stage.configured("argo", flip=True)
    held = a_signal()
    stage.hold(held)
    bought = stage.held("AAPL")
    opposite = against(held)

    flipped = stage.execute(opposite)

    out, entered = exit_order(stage, held), stage.broker_orders()[-1]
    assert (out.side, out.quantity) == (Side.SELL, bought)
    assert entered.client_order_id == f"argo-argo-{opposite.signal_id}-flip"
    assert (flipped.state, flipped.order_id) == (ExecutionState.SUBMITTED, entered.id)
    assert stage.held("AAPL") == -entered.quantity
    assert len(entered.legs) == 2
    assert stage.execution(held).state is ExecutionState.CLOSED
    assert stage.account().holdings["AAPL"].signal_id == opposite.signal_id


def test_a21_a_flip_waits_until_its_exit_has_filled(stage):
    stage.configured("argo", flip=True)
    held = a_signal()
    stage.hold(held)
    opposite = against(held)
    hold_back(stage, f"argo-argo-{held.signal_id}-exit", Decimal(5))
    stage.publish(opposite)

    stage.poll()
    event, answer = stage.invocations[-1]
    stage.pass_time(timedelta(seconds=15))
    answer = stage.redeliver(event)
    waiting, orders = stage.execution(opposite), len(stage.broker_orders())
    let_go(stage, f"argo-argo-{held.signal_id}-exit")
    stage.deliver_again(event, answer)

    assert (waiting.state, waiting.obstacle, orders) == (ExecutionState.CLAIMED, "awaiting_exit", 2)
    assert stage.execution(opposite).state is ExecutionState.SUBMITTED
    assert stage.held("AAPL") < 0


def test_a21_a_flip_passes_the_gate_only_for_its_entry(stage):
    stage.configured("argo", flip=True)
    held = a_signal()
    stage.hold(held)
    stage.set_trading_state(TradingState.REDUCING, reason="the year ends")

    flipped = stage.execute(against(held))

    assert stage.held("AAPL") == 0
    assert (flipped.state, flipped.reason) == (ExecutionState.DENIED, "reducing_only")
    assert stage.execution(held).state is ExecutionState.CLOSED


def test_without_flip_nothing_is_opened_however_often_the_signal_comes(stage):
    held = a_signal()
    stage.hold(held)
    opposite = against(held)
    stage.execute(opposite)
    stage.reconcile()

    for _ in range(3):
        stage.pass_time(timedelta(seconds=50))
        stage.redeliver()
        stage.reconcile()

    assert stage.held("AAPL") == 0
    assert [str(order.side) for order in stage.broker_orders()] == ["buy", "sell"]


def test_a21_a_flip_is_not_kept_out_by_the_trade_it_has_just_ended(stage):
    stage.configured("argo", flip=True, protections=Protections(cooldown=CooldownRules(minutes=5)))
    held = a_signal()
    stage.hold(held)

    flipped = stage.execute(against(held))

    assert (flipped.state, flipped.reason) == (ExecutionState.SUBMITTED, None)
