"""A signal against an own position: out of it by every way there is, and never further than out."""

from decimal import Decimal

import pytest

from argo.domain.account import TradingState
from argo.domain.execution import ExecutionState
from argo.domain.profile import CooldownRules, Protections, StopLossGuardRules
from argo.domain.signal import Regime, Side
from tests.pipeline.exits import UP, exit_order, hold_back, legs_of
from tests.pipeline.pipeline import MINUTE, PRICE, Pipeline, against
from tests.unit.builders import NOW, a_signal


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_b10_a_signal_against_a_position_cancels_its_legs_and_sells_what_is_held(pipeline, side):
    held = a_signal(side=side)
    pipeline.hold(held)
    quantity = pipeline.held("AAPL")
    opposite = against(held)

    execution = pipeline.execute(opposite)

    order = exit_order(pipeline, held)
    assert {str(leg.status) for leg in legs_of(pipeline, held)} == {"canceled"}
    assert (order.side, order.quantity, str(order.status)) == (side.opposite, abs(quantity), "filled")
    assert pipeline.held("AAPL") == 0
    assert (execution.state, execution.order_id) == (ExecutionState.CLOSED, order.id)
    assert pipeline.execution(held).exit.order_id == order.id
    assert pipeline.execution(held).exit.why == f"signal {opposite.signal_id}"


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_the_reconciler_ends_a_left_position_with_its_profit_to_the_cent(pipeline, side):
    held = a_signal(side=side)
    pipeline.hold(held)
    pipeline.set_price("AAPL", UP)
    pipeline.execute(against(held))

    pipeline.reconcile()

    ended, account = pipeline.execution(held), pipeline.at_broker()
    assert ended.state is ExecutionState.CLOSED
    assert ended.realised_profit == account.cash - account.settings.cash
    assert (ended.realised_profit > 0) is (side is Side.BUY)
    assert [fill.leg for fill in ended.fills] == ["entry", "exit"]
    assert pipeline.account().holdings == {}
    assert (pipeline.account().reserved_notional, pipeline.account().reserved_risk) == (0, 0)


def test_a_symbol_that_was_left_can_be_entered_again(pipeline):
    held = a_signal()
    pipeline.hold(held)
    pipeline.execute(against(held))
    pipeline.reconcile()

    again = pipeline.execute(a_signal(bar_time=held.bar_time - MINUTE))

    assert again.state is ExecutionState.SUBMITTED


def _state(state):
    def limit(pipeline):
        pipeline.set_trading_state(state)

    return limit


def _changed(**changes):
    def limit(pipeline):
        pipeline.configured("argo", **changes)

    return limit


def _past_the_daily_loss(pipeline: Pipeline):
    pipeline.configured("argo", daily_loss_limit_percent=1)
    for symbol in ("IBM", "SPY", "QQQ"):
        pipeline.hold(a_signal(symbol=symbol))
        pipeline.set_price(symbol, Decimal(96))
    pipeline.reconcile()
    assert pipeline.account().state_reason.startswith("daily_loss")


def _after_stop_losses(pipeline):
    guard = StopLossGuardRules(stops=1, within_minutes=60, lock_minutes=60)
    pipeline.configured("argo", protections=Protections(stop_loss_guard=guard, cooldown=CooldownRules(minutes=60)))
    pipeline.hold(a_signal(symbol="IBM"))
    pipeline.set_price("IBM", Decimal(94))
    pipeline.reconcile()
    assert pipeline.held("IBM") == 0


LIMITS = {
    "halted": _state(TradingState.HALTED),
    "reducing": _state(TradingState.REDUCING),
    "at its position limit": _changed(position_limit=1),
    "past its daily loss": _past_the_daily_loss,
    "locked after a stop loss": _after_stop_losses,
    "below the minimum confidence": _changed(minimum_confidence=95),
    "under every other limit at once": _changed(
        symbols={"IBM"},
        excluded_regimes={Regime.BULL},
        shorts=False,
        correlated_positions=1,
        exposure_limit_percent=1,
        orders_per_minute=1,
        price_drift_percent=Decimal("0.1"),
    ),
}


@pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS)
def test_a20_an_exit_passes_whatever_limits_an_entry(pipeline, limit):
    held = a_signal()
    pipeline.hold(held)
    limit(pipeline)
    for symbol in ("AAPL", "MSFT"):
        pipeline.set_price(symbol, UP)

    entry = pipeline.execute(a_signal(symbol="MSFT", side=Side.SELL))
    left = pipeline.execute(against(held))

    assert entry.state is ExecutionState.DENIED
    assert (left.state, left.order_id) == (ExecutionState.CLOSED, exit_order(pipeline, held).id)
    assert pipeline.held("AAPL") == 0


@pytest.mark.parametrize(
    ("flip", "outcome"), [(False, "nothing_held"), (True, None)], ids=["without flip", "with flip"]
)
def test_a_signal_against_an_entry_that_rests_cancels_it(pipeline, flip, outcome):
    pipeline.configured("argo", flip=flip)
    resting = a_signal(entry_price=PRICE - 2, stop_price=Decimal(93))
    pipeline.hold(resting)
    opposite = against(resting)

    execution = pipeline.execute(opposite)

    assert pipeline.execution(resting).state is ExecutionState.CANCELED
    assert str(pipeline.broker_orders()[0].status) == "canceled"
    if flip:
        assert execution.client_order_id == f"argo-argo-{opposite.signal_id}-flip"
        assert pipeline.held("AAPL") < 0
        assert set(pipeline.account().holdings) == {"AAPL"}
    else:
        assert (execution.state, execution.reason) == (ExecutionState.DENIED, outcome)
        assert pipeline.held("AAPL") == 0
        assert pipeline.account().reserved_notional == 0


def test_a24_a_part_of_a_share_is_sold_whole(pipeline):
    pipeline.configured("argo", fractional=True, base_size_percent=1, size_cap_percent=1)
    price = Decimal(30_000)
    pipeline.set_price("AAPL", price)
    held = a_signal(entry_price=price, stop_price=price - 3_000, target_price=price + 3_000)
    pipeline.hold(held)
    fraction = pipeline.held("AAPL")

    pipeline.execute(against(held, entry_price=price, stop_price=price + 3_000, target_price=price - 3_000))
    pipeline.reconcile()

    assert 0 < fraction < 1
    assert exit_order(pipeline, held).quantity == fraction
    assert pipeline.held("AAPL") == 0
    assert pipeline.execution(held).state is ExecutionState.CLOSED


def test_a24_the_filled_part_of_an_entry_is_sold_and_no_more(pipeline):
    held = a_signal()
    hold_back(pipeline, f"argo-argo-{held.signal_id}-entry", Decimal(7))
    pipeline.hold(held)

    execution = pipeline.execute(against(held))
    pipeline.reconcile()

    assert execution.state is ExecutionState.CLOSED
    assert exit_order(pipeline, held).quantity == 7
    assert pipeline.held("AAPL") == 0
    assert pipeline.execution(held).state is ExecutionState.CLOSED


def test_b15_shares_that_a_person_holds_beside_argos_stay(pipeline):
    held = a_signal()
    pipeline.hold(held)
    ours = pipeline.held("AAPL")
    exits = {"take_profit": {"limit_price": "120"}, "stop_loss": {"stop_price": "90"}}
    theirs = pipeline.trade_by_hand("AAPL", "buy", 3, order_class="bracket", **exits)

    pipeline.execute(against(held))
    pipeline.reconcile()

    assert exit_order(pipeline, held).quantity == ours
    assert pipeline.held("AAPL") == 3
    assert all(leg.is_open for leg in theirs.legs)
    assert pipeline.execution(held).state is ExecutionState.CLOSED


def test_a_position_that_a_person_has_sold_leaves_nothing_behind(pipeline):
    held = a_signal()
    pipeline.hold(held)
    pipeline.pass_time(MINUTE)
    pipeline.background.call(lambda: pipeline.server.broker.cancel_all(pipeline.at_broker()))
    pipeline.trade_by_hand("AAPL", "sell", int(pipeline.held("AAPL")))

    execution = pipeline.execute(against(held, expires_at=NOW + 2 * MINUTE))
    for _ in range(2):
        pipeline.pass_time(MINUTE)
        pipeline.reconcile()

    assert execution.state in {ExecutionState.DENIED, ExecutionState.EXPIRED}
    assert pipeline.held("AAPL") == 0
    assert pipeline.account().holdings == {}


def test_an_account_leaves_its_own_position_and_not_the_others(pipeline):
    held = a_signal(confidence=Decimal(90), stop_price=Decimal("98.60"))
    for executor in ("argo", "prop_firm"):
        pipeline.hold(held, executor)
    theirs = pipeline.held("AAPL", "prop_firm")

    pipeline.execute(against(held), "argo")

    assert pipeline.held("AAPL", "argo") == 0
    assert pipeline.held("AAPL", "prop_firm") == theirs > 0
