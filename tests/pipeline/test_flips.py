"""A signal against an own position, where the profile flips: out first, and then the other side, once."""

from datetime import timedelta
from decimal import Decimal

from argo.domain.account import TradingState
from argo.domain.execution import ExecutionState
from argo.domain.profile import CooldownRules, Protections
from argo.domain.signal import Side
from execution.backoff import BackoffLimits
from tests.pipeline.exits import exit_order, hold_back, let_go
from tests.pipeline.pipeline import against
from tests.unit.builders import a_signal


def test_a21_a_flip_is_one_plan_out_first_and_then_the_other_side(pipeline):
    pipeline.configured("argo", flip=True)
    held = a_signal()
    pipeline.hold(held)
    bought = pipeline.held("AAPL")
    opposite = against(held)

    flipped = pipeline.execute(opposite)

    out, entered = exit_order(pipeline, held), pipeline.broker_orders()[-1]
    assert (out.side, out.quantity) == (Side.SELL, bought)
    assert entered.client_order_id == f"argo-argo-{opposite.signal_id}-flip"
    assert (flipped.state, flipped.order_id) == (ExecutionState.SUBMITTED, entered.id)
    assert pipeline.held("AAPL") == -entered.quantity
    assert len(entered.legs) == 2
    assert pipeline.execution(held).state is ExecutionState.CLOSED
    assert pipeline.account().holdings["AAPL"].signal_id == opposite.signal_id


def test_a21_a_flip_waits_until_its_exit_has_filled(pipeline):
    pipeline.configured("argo", flip=True)
    held = a_signal()
    pipeline.hold(held)
    opposite = against(held)
    hold_back(pipeline, f"argo-argo-{held.signal_id}-exit", Decimal(5))
    pipeline.publish(opposite)

    pipeline.poll()
    first = pipeline.execution(opposite)
    event, answer = pipeline.invocations[-1]
    pipeline.pass_time(timedelta(seconds=15))
    answer = pipeline.redeliver(event)
    waiting, orders = pipeline.execution(opposite), len(pipeline.broker_orders())
    let_go(pipeline, f"argo-argo-{held.signal_id}-exit")
    pipeline.deliver_again(event, answer)

    assert first.lease_until - first.updated_at == BackoffLimits().base, "as soon as any message comes back"
    assert (waiting.state, waiting.obstacle, orders) == (ExecutionState.CLAIMED, "awaiting_exit", 2)
    assert pipeline.execution(opposite).state is ExecutionState.SUBMITTED
    assert pipeline.held("AAPL") < 0


def test_a21_a_flip_waits_until_the_brokers_positions_show_that_it_is_out(day):
    day.pipeline.configured("argo", flip=True)
    held = day.hold()
    day.minute()
    day.behave(positions_lag=10)
    opposite = against(held)
    day.pipeline.publish(opposite)

    day.pipeline.poll()
    day.pipeline.pass_time(timedelta(seconds=5))
    answer = day.pipeline.redeliver()
    out, waiting = day.execution(held), day.pipeline.execution(opposite)
    day.pipeline.deliver_again(day.pipeline.invocations[-1][0], answer)

    assert out.state is ExecutionState.CLOSED
    assert (waiting.state, waiting.obstacle) == (ExecutionState.CLAIMED, "awaiting_exit")
    assert day.pipeline.execution(opposite).state is ExecutionState.SUBMITTED
    assert day.held() < 0


def test_a21_a_flip_passes_the_gate_only_for_its_entry(pipeline):
    pipeline.configured("argo", flip=True)
    held = a_signal()
    pipeline.hold(held)
    pipeline.set_trading_state(TradingState.REDUCING, reason="the year ends")

    flipped = pipeline.execute(against(held))

    assert pipeline.held("AAPL") == 0
    assert (flipped.state, flipped.reason) == (ExecutionState.DENIED, "reducing_only")
    assert pipeline.execution(held).state is ExecutionState.CLOSED


def test_without_flip_nothing_is_opened_however_often_the_signal_comes(pipeline):
    held = a_signal()
    pipeline.hold(held)
    opposite = against(held)
    pipeline.execute(opposite)
    pipeline.reconcile()

    for _ in range(3):
        pipeline.pass_time(timedelta(seconds=50))
        pipeline.redeliver()
        pipeline.reconcile()

    assert pipeline.held("AAPL") == 0
    assert [str(order.side) for order in pipeline.broker_orders()] == ["buy", "sell"]


def test_a21_a_flip_is_not_kept_out_by_the_trade_it_has_just_ended(pipeline):
    pipeline.configured("argo", flip=True, protections=Protections(cooldown=CooldownRules(minutes=5)))
    held = a_signal()
    pipeline.hold(held)

    flipped = pipeline.execute(against(held))

    assert (flipped.state, flipped.reason) == (ExecutionState.SUBMITTED, None)
